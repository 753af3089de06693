//! What the server does not permit, told to whoever waits for it.
//!
//! A server answers a forbidden publish or subscription with a line of text, and nothing else: no reply, no
//! acknowledgement. The line names the subject, so it is matched to what waits on that subject.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aegis_domain::wire::{Namespace, subject};
use tokio::sync::{broadcast, watch};

/// So many denials are kept for a slow listener; of one that misses some, the waiting ends by its time.
const KEPT: usize = 256;
/// The most that stands as denied.
const STANDING: usize = 64;
/// So many denials are remembered as logged.
const LOGGED: usize = 256;

const PUBLISH: &str = "permissions violation for publish to ";
const SUBSCRIBE: &str = "permissions violation for subscription to ";
const QUEUE: &str = "\" using queue ";

/// Of a consumer that cannot be read.
const READS: &str = "$JS.API.CONSUMER.MSG.NEXT.";

/// Something that the credentials of this connection may not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    Publish(String),
    Subscribe(Interest),
}

/// What is subscribed to. A permission may be for a queue group alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest {
    pub subject: String,
    pub queue: Option<String>,
}

/// The credentials of the connection do not permit it. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the credentials of this connection may not publish to {subject}: give the user that permission")]
pub struct PermissionDenied {
    /// What may not be published to.
    pub subject: String,
}

/// The denial that an error comes from, if it does.
pub fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a PermissionDenied> {
    let mut error = Some(error);
    while let Some(at) = error {
        if let Some(denied) = at.downcast_ref() {
            return Some(denied);
        }
        error = at.source();
    }
    None
}

/// What stands as denied, with the connection on which that was told.
pub type Standing = watch::Receiver<BTreeMap<Denied, u64>>;

/// All denials of a connection. Cheap to clone; clones share them.
///
/// A subscription, or a publish that an instance cannot do without, stands as denied until it is seen to be permitted: see
/// `connection/regain.rs`.
#[derive(Debug, Clone)]
pub struct Denials {
    told: broadcast::Sender<Denied>,
    /// What is denied, and on which connection it was told: they are counted from 1.
    standing: watch::Sender<BTreeMap<Denied, u64>>,
    connections: Arc<AtomicU64>,
    logged: Arc<Mutex<BTreeSet<Denied>>>,
    /// What an instance cannot do without publishing to.
    needed: Arc<[String]>,
}

impl Default for Denials {
    /// Of a connection that publishes only where others say, such as replies: what is denied of them says nothing of this
    /// side's permissions.
    fn default() -> Self {
        Self::needing([])
    }
}

impl Denied {
    /// Reads what a server says of a violation.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('\'');
        let after = |start: &str| {
            let head = text.get(..start.len())?;
            head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
        };
        let quoted = |rest: &str| rest.split('"').nth(1).map(ToOwned::to_owned);
        let subject = |rest: &str| rest.starts_with('"').then(|| quoted(rest)).flatten();
        match (after(PUBLISH), after(SUBSCRIBE)) {
            (Some(rest), _) => subject(rest).map(Self::Publish),
            (None, Some(rest)) => {
                let queue = rest.split_once(QUEUE).and_then(|(_, queue)| quoted(queue));
                subject(rest).map(|subject| Self::Subscribe(Interest { subject, queue }))
            }
            (None, None) => None,
        }
    }
}

impl Denials {
    /// Of a connection on which an instance publishes what it lives by.
    pub fn of(namespace: &Namespace) -> Self {
        let bucket = |name: String| subject::kv(&name, "");
        Self::needing([
            READS.to_owned(),
            namespace.heartbeats_prefix(),
            bucket(namespace.instances_bucket()),
            bucket(namespace.leases_bucket()),
        ])
    }

    fn needing(needed: impl IntoIterator<Item = String>) -> Self {
        Self {
            told: broadcast::channel(KEPT).0,
            standing: watch::channel(BTreeMap::new()).0,
            connections: Arc::new(AtomicU64::new(0)),
            logged: Arc::default(),
            needed: needed.into_iter().collect(),
        }
    }

    /// The server has reported an error; true when it is a denial.
    pub fn hear(&self, text: &str) -> bool {
        let Some(denied) = Denied::parse(text) else { return false };
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= LOGGED {
            logged.clear();
        }
        // Once for each subject: it goes on being denied.
        if logged.insert(denied.clone()) {
            tracing::warn!(?denied, "the credentials do not permit it: correct the permissions of this user");
        }
        drop(logged);
        if self.stands(&denied) {
            let connection = self.connection();
            self.standing.send_if_modified(|standing| {
                let has_room = standing.len() < STANDING || standing.contains_key(&denied);
                has_room && standing.insert(denied.clone(), connection).is_none()
            });
        }
        // Nobody need listen.
        let _listeners = self.told.send(denied);
        true
    }

    fn stands(&self, denied: &Denied) -> bool {
        match denied {
            Denied::Subscribe(_) => true,
            Denied::Publish(subject) => self.needed.iter().any(|needed| subject.starts_with(needed)),
        }
    }

    /// There is another connection now.
    pub fn note_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Which connection there is now.
    pub fn connection(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Each denial from now on.
    pub fn listen(&self) -> broadcast::Receiver<Denied> {
        self.told.subscribe()
    }

    /// Waits until a publish to such a subject is denied, and says to which.
    ///
    /// It listens from now on, and not when it is first polled.
    pub fn publish(&self, wanted: impl Fn(&str) -> bool) -> impl Future<Output = PermissionDenied> {
        let mut told = self.listen();
        async move {
            loop {
                match told.recv().await {
                    Ok(Denied::Publish(subject)) if wanted(&subject) => return PermissionDenied { subject },
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    // The connection has ended, and whatever is waited for with it.
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        }
    }

    /// What stands as denied, with the connection on which that was told, and each change of it.
    pub fn standing(&self) -> Standing {
        self.standing.subscribe()
    }

    /// A subject that may not be subscribed to, if there is one.
    pub fn subscription(&self) -> Option<String> {
        self.standing.borrow().keys().find_map(|denied| match denied {
            Denied::Subscribe(interest) => Some(interest.subject.clone()),
            Denied::Publish(_) => None,
        })
    }

    /// It is permitted now.
    pub(super) fn forget(&self, denied: &Denied) {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner).remove(denied);
        self.standing.send_if_modified(|standing| standing.remove(denied).is_some());
    }
}

/// What stands for a subject where there is no room for it.
pub fn tag(subject: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribe(subject: &str, queue: Option<&str>) -> Denied {
        Denied::Subscribe(Interest { subject: subject.to_owned(), queue: queue.map(ToOwned::to_owned) })
    }

    #[test]
    fn only_what_an_instance_lives_by_stands_as_denied_until_it_is_forgotten() {
        let hear = |denials: &Denials, subject: &str| {
            assert!(denials.hear(&format!(r#"Permissions Violation for Publish to "{subject}""#)));
        };
        let (own, replies) = (Denials::of(&Namespace::default()), Denials::default());
        for subject in
            ["rpc.desk.quote", "$KV.mine.a", "$KV.aegis_leases.owner.desk.a", "aegis.heartbeat.desk.d-1"]
        {
            hear(&own, subject);
            hear(&replies, subject);
        }
        let standing: Vec<_> = own.standing().borrow().keys().cloned().collect();
        let needed = ["$KV.aegis_leases.owner.desk.a", "aegis.heartbeat.desk.d-1"];
        assert_eq!(standing, needed.map(|subject| Denied::Publish(subject.to_owned())));
        assert!(replies.standing().borrow().is_empty());
        standing.iter().for_each(|denied| own.forget(denied));
        assert!(own.standing().borrow().is_empty());
    }

    #[test]
    fn what_the_server_says_of_violations_is_read() {
        for (text, denied) in [
            (
                r#"Permissions Violation for Publish to "rpc.desk.Buy""#,
                Some(Denied::Publish("rpc.desk.Buy".into())),
            ),
            (r#"'Permissions Violation for Subscription to "a.>"'"#, Some(subscribe("a.>", None))),
            (
                r#"permissions violation for subscription to "a" using queue "q""#,
                Some(subscribe("a", Some("q"))),
            ),
            ("Stale Connection", None),
            ("Permissions Violation for Publish to nothing", None),
            ("", None),
        ] {
            assert_eq!(Denied::parse(text), denied, "{text}");
        }
    }
}
