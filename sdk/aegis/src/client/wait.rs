//! What a call does between two tries: it asks for an owner of its group where there is none, and waits for one.

use std::time::{Duration, Instant};

use aegis_domain::wire::control::{Activate, Owner};
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName, InstanceName, ServiceName, Term};
use rand::Rng as _;

use super::attempt::has_code;
use super::owner_watch::OwnerWatch;
use super::route::Route;
use super::{CallError, Target};
use crate::Connection;
use aegis_nats::connection::Lane;
use aegis_nats::denial;
use aegis_nats::transport::{FlushMode, Message, Outgoing, Transport as _};

const RETRY_FIRST: Duration = Duration::from_millis(2);
const RETRY_MAX: Duration = Duration::from_millis(50);
/// Nothing is sent again when less time than this is left: its answer would come too late, and leave the outcome
/// unknown of a call of which it is known that nothing has happened.
const LAST_MOMENT: Duration = Duration::from_millis(10);
/// A reply that was sent before the owner key was written is here so long after the write is.
const LAST_REPLIES: Duration = Duration::from_millis(100);
/// How long an activation may take, and how soon it is asked for again.
const ACTIVATION: Duration = Duration::from_millis(500);

pub(super) struct Wait<'a> {
    connection: &'a Connection,
    lane: &'a Lane,
    group: Option<(&'a ServiceName, &'a GroupName)>,
    route: &'a Route,
    /// How many changes of the group's owner the call has taken note of.
    seen: u64,
    activated: Option<Instant>,
    owner: Option<Owner>,
    retry_after: Option<Duration>,
    pause: Duration,
}

impl<'a> Wait<'a> {
    /// `seen` is how many changes of owner were seen before the call was sent.
    pub(super) fn new(connection: &'a Connection, lane: &'a Lane, route: &'a Route, seen: u64) -> Self {
        let group = match &route.target {
            Target::Owner(service, group) => Some((service, group)),
            Target::Any(_) | Target::Instance(..) => None,
        };
        let (activated, owner, retry_after) = (None, None, None);
        Self { connection, lane, group, route, seen, activated, owner, retry_after, pause: RETRY_FIRST }
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

    /// The group has no subscriber, so no owner: asks the members of the service to activate it. An error that is returned
    /// lasts: waiting longer does not help.
    pub(super) async fn activate(&mut self, left: Duration) -> Option<CallError> {
        let (service, group) = self.group?;
        if self.activated.is_some_and(|activated| activated.elapsed() < ACTIVATION) {
            return None;
        }
        self.activated = Some(Instant::now());
        let body = serde_json::to_vec(&Activate { group: group.clone() });
        let body = body.expect("a name is made of text");
        let subject = self.connection.namespace().activation_subject(service);
        let ticket = self.lane.inbox().ticket(denial::tag(&subject), Instant::now() + left.min(ACTIVATION));
        let reply_to = ticket.subject();
        let question = Outgoing { reply: Some(reply_to.as_str()), ..Outgoing::plain(&subject, &body) };
        self.lane.transport.publish(&question, FlushMode::Batched).ok()?;
        let answer = tokio::select! {
            answer = ticket => answer.ok()?,
            () = self.owner_changed() => {
                self.retry_after = Some(Duration::ZERO);
                return None;
            }
        };
        // The others pass by themselves.
        if has_code(&answer, ErrorCode::GroupNotServed)
            || has_code(&answer, ErrorCode::Overloaded)
            || has_code(&answer, ErrorCode::PermissionDenied)
        {
            return CallError::of(&answer);
        }
        if let Ok(owner) = serde_json::from_slice(&answer.payload) {
            self.owner = Some(owner);
        }
        None
    }

    /// Waits until it is worth to try again.
    pub(super) async fn pass(&mut self, left: Duration) {
        let pause = self.retry_after.take().unwrap_or_else(|| {
            let pause = rand::rng().random_range(self.pause / 2..=self.pause);
            self.pause = (self.pause * 3 / 2).min(RETRY_MAX);
            pause
        });
        let pause = if pause + LAST_MOMENT < left { pause } else { left };
        tokio::select! {
            () = self.owner_changed() => self.pause = RETRY_FIRST,
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Waits for so long while nothing is heard of the call; answers whether the group has another owner meanwhile.
    pub(super) async fn silence(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = self.owner_changed() => true,
            () = tokio::time::sleep(pause) => false,
        }
    }

    /// Waits until the owner that has the call cannot answer it any more, because the group has another, or the time is
    /// over. An owner that hands its group over answers first what it has taken; its last replies are waited for.
    pub(super) async fn owner_lost(&mut self, left: Duration) {
        let lost = async {
            self.owner_changed().await;
            tokio::time::sleep(LAST_REPLIES).await;
        };
        // Out of time or not, nothing more is known.
        let _in_time = tokio::time::timeout(left, lost).await;
    }

    /// Waits for a change of the group's owner that was not taken note of yet.
    async fn owner_changed(&mut self) {
        let Some(group) = self.group else { return std::future::pending().await };
        let open = || OwnerWatch::open(&self.lane.transport, self.connection.namespace(), group);
        self.seen = self.route.owner_watch.get_or_init(open).more_than(self.seen).await;
    }
}
