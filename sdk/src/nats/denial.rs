//! What the server does not permit, told to whoever waits for it.
//!
//! A server answers a forbidden publish or subscription with a line of text, and nothing else: no reply, no
//! acknowledgement. The line names the subject, so it is matched to what waits on that subject.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, watch};

/// So many denials are kept for a slow listener; of one that misses some, the waiting ends by its time.
const KEPT: usize = 256;
/// The most subscriptions that are kept as denied.
const SUBSCRIPTIONS: usize = 64;

const PUBLISH: &str = "permissions violation for publish to ";
const SUBSCRIBE: &str = "permissions violation for subscription to ";

/// Something that the credentials of this connection may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denied {
    Publish(String),
    Subscribe(String),
}

/// The credentials of the connection do not permit it. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the credentials of this connection may not publish to {subject}: give the user that permission")]
pub struct PermissionDenied {
    /// What may not be published to.
    pub subject: String,
}

/// The denial that an error comes from, if it does.
pub(crate) fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a PermissionDenied> {
    let mut error = Some(error);
    while let Some(at) = error {
        if let Some(denied) = at.downcast_ref() {
            return Some(denied);
        }
        error = at.source();
    }
    None
}

/// All denials of a connection. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Denials {
    told: broadcast::Sender<Denied>,
    /// The subjects that may not be subscribed to, as far as was heard.
    subscriptions: watch::Sender<BTreeSet<String>>,
    said: Arc<Mutex<BTreeSet<String>>>,
}

impl Default for Denials {
    fn default() -> Self {
        Self {
            told: broadcast::channel(KEPT).0,
            subscriptions: watch::channel(BTreeSet::new()).0,
            said: Arc::default(),
        }
    }
}

impl Denied {
    /// Reads what a server says of a violation.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('\'');
        let after = |start: &str| {
            let head = text.get(..start.len())?;
            head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
        };
        let subject = |rest: &str| Some(rest.strip_prefix('"')?.split('"').next()?.to_owned());
        match (after(PUBLISH), after(SUBSCRIBE)) {
            (Some(rest), _) => subject(rest).map(Self::Publish),
            (None, Some(rest)) => subject(rest).map(Self::Subscribe),
            (None, None) => None,
        }
    }
}

impl Denials {
    /// The server has reported an error; true when it is a denial.
    pub(crate) fn hear(&self, text: &str) -> bool {
        let Some(denied) = Denied::parse(text) else { return false };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // Said once for each subject: it goes on being denied.
        if said.len() < SUBSCRIPTIONS * 4 && said.insert(format!("{denied:?}")) {
            tracing::warn!(?denied, "the credentials do not permit it: correct the permissions of this user");
        }
        drop(said);
        if let Denied::Subscribe(subject) = &denied {
            self.subscriptions
                .send_if_modified(|denied| denied.len() < SUBSCRIPTIONS && denied.insert(subject.clone()));
        }
        // Nobody need listen.
        let _listeners = self.told.send(denied);
        true
    }

    /// Each denial from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Denied> {
        self.told.subscribe()
    }

    /// Waits until a publish to such a subject is denied, and says to which.
    ///
    /// It listens from now on, and not when it is first polled.
    pub(crate) fn publish(&self, wanted: impl Fn(&str) -> bool) -> impl Future<Output = PermissionDenied> {
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

    /// The subjects that may not be subscribed to, and each change of them.
    pub(crate) fn subscriptions(&self) -> watch::Receiver<BTreeSet<String>> {
        self.subscriptions.subscribe()
    }

    /// They are subscribed to anew: whether they are denied is told again.
    pub(crate) fn forget(&self, subjects: impl IntoIterator<Item = impl AsRef<str>>) {
        self.subscriptions.send_if_modified(|denied| {
            let mut changed = false;
            for subject in subjects {
                changed |= denied.remove(subject.as_ref());
            }
            changed
        });
    }
}

/// What stands for a subject where there is no room for it.
pub(crate) fn tag(subject: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_of_violations_is_read() {
        for (text, denied) in [
            (
                r#"Permissions Violation for Publish to "rpc.desk.Buy""#,
                Some(Denied::Publish("rpc.desk.Buy".into())),
            ),
            (r#"'Permissions Violation for Subscription to "a.>"'"#, Some(Denied::Subscribe("a.>".into()))),
            (
                r#"permissions violation for subscription to "a" using queue "q""#,
                Some(Denied::Subscribe("a".into())),
            ),
            ("Stale Connection", None),
            ("Permissions Violation for Publish to nothing", None),
            ("", None),
        ] {
            assert_eq!(Denied::parse(text), denied, "{text}");
        }
    }
}
