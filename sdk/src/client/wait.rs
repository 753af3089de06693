//! What a call does between two tries: it waits for the group to get an owner, and sees to it that it
//! does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::control::{Activate, Owner};
use aegis_domain::wire::subject::{self, LeaseKey};
use aegis_domain::wire::{Namespace, header};
use aegis_domain::{ErrorCode, GroupName, InstanceName, ServiceName, Term};
use rand::Rng as _;
use tokio::sync::Notify;

use super::attempt::has_code;
use super::{CallError, Target};
use crate::Connection;
use crate::nats::connection::Lane;
use crate::nats::link::{Haste, Message, Outgoing, Subscription};

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(50);
/// Nothing is sent again when less time than this is left: its answer would come too late, and leave the outcome
/// unknown of a call of which it is known that nothing has happened.
const LAST_MOMENT: Duration = Duration::from_millis(10);
/// How long an activation may take, and how soon it is asked for again.
const ACTIVATION: Duration = Duration::from_millis(500);

pub(super) struct Wait<'a> {
    connection: &'a Connection,
    lane: &'a Lane,
    group: Option<(&'a ServiceName, &'a GroupName)>,
    /// The writes of the group's owner key, once they are waited for. They only say when to try again:
    /// also those that the store refuses are seen.
    changes: Option<(Subscription, Arc<Notify>)>,
    activated: Option<Instant>,
    owner: Option<Owner>,
    retry_after: Option<Duration>,
    pause: Duration,
}

impl<'a> Wait<'a> {
    pub(super) fn new(connection: &'a Connection, lane: &'a Lane, target: &'a Target) -> Self {
        let group = match target {
            Target::Owner(service, group) => Some((service, group)),
            Target::Any(_) | Target::Instance(..) => None,
        };
        let (changes, activated, owner, retry_after) = (None, None, None, None);
        Self { connection, lane, group, changes, activated, owner, retry_after, pause: RETRY_FIRST }
    }

    /// The owner that was last heard of.
    pub(super) fn owner(&self) -> Option<Owner> {
        self.owner.clone()
    }

    /// An instance says that it does not own the group, and perhaps who does.
    pub(super) fn refused(&mut self, reply: &Message) {
        let header = |name| reply.headers.get(name);
        let retry_after =
            header(header::RETRY_AFTER_MS).and_then(|ms| ms.parse().ok()).map(Duration::from_millis);
        let instance = header(header::OWNER).and_then(|owner| InstanceName::new(owner).ok());
        let term = header(header::TERM).and_then(|term| term.parse().ok()).map(Term);
        let owner = instance.zip(term).map(|(instance, term)| Owner { instance, term });
        // Soon, when there is news; after that with growing pauses, as ever.
        if owner.is_some() && owner != self.owner {
            (self.owner, self.retry_after) = (owner, retry_after);
        }
    }

    /// Nobody is subscribed: asks the members of the service to see to it that somebody is. The error is
    /// one that waiting does not cure.
    pub(super) async fn activate(&mut self, left: Duration) -> Option<CallError> {
        let (service, group) = self.group?;
        if self.activated.is_some_and(|activated| activated.elapsed() < ACTIVATION) {
            return None;
        }
        self.activated = Some(Instant::now());
        self.follow();
        let body = serde_json::to_vec(&Activate { group: group.clone() });
        let body = body.expect("a name is made of text");
        let subject = self.connection.namespace().activation_subject(service);
        let ticket = self.lane.inbox().ticket(Instant::now() + left.min(ACTIVATION));
        let reply_to = ticket.subject();
        let question = Outgoing { reply: Some(reply_to.as_str()), ..Outgoing::plain(&subject, &body) };
        self.lane.link.publish(&question, Haste::Soon).ok()?;
        let answer = tokio::select! {
            answer = ticket => answer.ok()?,
            () = changed(self.changes.as_ref()) => {
                self.retry_after = Some(Duration::ZERO);
                return None;
            }
        };
        // The others pass by themselves.
        if has_code(&answer, ErrorCode::GroupNotServed) || has_code(&answer, ErrorCode::Overloaded) {
            return CallError::of(&answer);
        }
        if let Ok(owner) = serde_json::from_slice(&answer.payload) {
            self.owner = Some(owner);
        }
        None
    }

    /// Waits until it is worth to try again.
    pub(super) async fn pass(&mut self, left: Duration) {
        self.follow();
        let pause = self.retry_after.take().unwrap_or_else(|| {
            let pause = rand::rng().random_range(self.pause / 2..=self.pause);
            self.pause = (self.pause * 3 / 2).min(RETRY_MAX);
            pause
        });
        let pause = if pause + LAST_MOMENT < left { pause } else { left };
        tokio::select! {
            () = changed(self.changes.as_ref()) => self.pause = RETRY_FIRST,
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Waits for so long while nothing is heard of the call; answers whether the group has another owner meanwhile.
    pub(super) async fn silence(&mut self, pause: Duration) -> bool {
        self.follow();
        tokio::select! {
            () = changed(self.changes.as_ref()) => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    fn follow(&mut self) {
        if let (Some((service, group)), None) = (self.group, &self.changes) {
            let subject = owner_subject(self.connection.namespace(), service, group);
            let changed = Arc::new(Notify::new());
            let noting = Arc::clone(&changed);
            let subscription = self.lane.link.subscribe(subject, None, move |_write| noting.notify_one());
            self.changes = Some((subscription, changed));
        }
    }
}

async fn changed(changes: Option<&(Subscription, Arc<Notify>)>) {
    match changes {
        Some((_, changed)) => changed.notified().await,
        None => std::future::pending().await,
    }
}

fn owner_subject(namespace: &Namespace, service: &ServiceName, group: &GroupName) -> String {
    let key = LeaseKey::Owner(service.clone(), group.clone()).to_string();
    subject::kv(&namespace.leases_bucket(), &key)
}
