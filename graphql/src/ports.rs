//! The ports of the schema: what the control plane implements for it.

mod dead_letters;
mod jetstream;
mod journals;
mod replicas;
mod tasks;
mod verification;

use aegis_domain::aggregate::definition::{Change, Content, Rejection};
use aegis_domain::aggregate::plan::{Maintenance, Scope, Switchover};
use aegis_domain::{
    AggregateId, AggregateVersion, ErrorCode, GroupName, InstanceName, Recorded, Sequence, ServiceName, Term,
};
use aegis_projections::live::Contents;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use std::sync::{Arc, RwLockReadGuard};
use tokio::sync::watch;

pub use dead_letters::{DeadLetter, DeadLetterPage, DeadLetters, Decided};
pub use jetstream::{ConsumerDeleted, ConsumerFacts, JetStream, StorageFacts, StreamFacts, growth};
pub use journals::{JournalFacts, JournalHeading, JournalMessage, JournalPage, Journals};
pub use replicas::{LeaseStoreFacts, ReplicaFacts, Replicas};
pub use tasks::TaskFacts;
pub use verification::{Verdict, Verification, VerificationFinding, Verifier};

// What resolvers ask the context for.
pub(crate) type Feed = Arc<dyn ChangeFeed>;
pub(crate) type Executor = Arc<dyn Commands>;
pub(crate) type Status = Arc<dyn Health>;
pub(crate) type Letters = Arc<dyn DeadLetters>;
pub(crate) type WholeLog = Arc<dyn Log>;
pub(crate) type Streams = Arc<dyn JetStream>;
pub(crate) type UserJournals = Arc<dyn Journals>;
pub(crate) type Verifying = Arc<dyn Verifier>;
pub(crate) type Others = Arc<dyn Replicas>;

/// Everything that the schema needs from the outside.
#[expect(missing_debug_implementations, reason = "what stands behind a port shows itself")]
pub struct Ports {
    pub(crate) feed: Arc<dyn ChangeFeed>,
    pub(crate) commands: Arc<dyn Commands>,
    pub(crate) health: Arc<dyn Health>,
    pub(crate) letters: Arc<dyn DeadLetters>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) jetstream: Arc<dyn JetStream>,
    pub(crate) journals: Arc<dyn Journals>,
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) replicas: Arc<dyn Replicas>,
}

impl Ports {
    /// All of them by one.
    #[must_use]
    pub fn of<A>(all: Arc<A>) -> Self
    where
        A: ChangeFeed
            + Commands
            + Health
            + DeadLetters
            + Log
            + JetStream
            + Journals
            + Verifier
            + Replicas
            + 'static,
    {
        Self {
            feed: all.clone(),
            commands: all.clone(),
            health: all.clone(),
            letters: all.clone(),
            log: all.clone(),
            jetstream: all.clone(),
            journals: all.clone(),
            verifier: all.clone(),
            replicas: all,
        }
    }
}

/// What a principal may do; each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, async_graphql::Enum)]
pub enum Role {
    /// May look.
    Viewer,
    /// May look, also at the past and at who did what.
    Auditor,
    /// May also act on what runs.
    Operator,
    /// May also change definitions.
    Admin,
}

/// Who asks. Every request carries one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its name, recorded with every change it makes.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A change that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The version of the definition now.
    pub revision: AggregateVersion,
    /// The position of the change in the log.
    pub sequence: Sequence,
}

/// A group that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The new owner.
    pub instance: InstanceName,
    /// Its term.
    pub term: Term,
    /// The position of the request in the log.
    pub sequence: Sequence,
}

/// Why a command failed, other than by a refusal of the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its stable code.
    pub code: ErrorCode,
}

/// The outcome of a command: recorded, refused, or failed.
pub type Outcome = Result<Result<Applied, Rejection>, Failure>;

/// A request to a running service that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its stable code.
    pub code: ErrorCode,
    /// What is wrong, and what to do; it may leave the process.
    pub message: String,
}

/// The commands that the schema offers.
pub trait Commands: Send + Sync {
    /// Defines a service.
    fn define(
        &self,
        by: Principal,
        service: ServiceName,
        content: Content,
        reason: Option<String>,
    ) -> BoxFuture<'_, Outcome>;
    /// Changes a definition.
    fn amend(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        change: Change,
        reason: Option<String>,
    ) -> BoxFuture<'_, Outcome>;
    /// Takes a definition out of use.
    fn retire(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        reason: String,
    ) -> BoxFuture<'_, Outcome>;
    /// Brings a retired definition back.
    fn reinstate(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        reason: String,
    ) -> BoxFuture<'_, Outcome>;
    /// Asks the owner of a group to hand it over: to this member, or to any. Answers the new owner.
    fn step_down(
        &self,
        by: Principal,
        service: ServiceName,
        group: GroupName,
        to: Option<InstanceName>,
        reason: String,
    ) -> BoxFuture<'_, Result<HandedOver, Refused>>;
    /// Rebuilds this replica's projection from the log, while it serves. Answers the position at which the new one
    /// took the place of the old.
    fn rebuild_projection(&self) -> BoxFuture<'_, Result<Sequence, Refused>>;
    /// Takes an ended instance out of the registry. Answers the position of the record.
    fn forget(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        reason: String,
    ) -> BoxFuture<'_, Result<Option<Sequence>, Refused>>;
    /// Has an instance log what passes the filter.
    fn set_log(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        filter: String,
    ) -> BoxFuture<'_, Result<(), Refused>>;
    /// Begins a maintenance, or gives the one of the same groups another end. Like the following, answers the position of
    /// the record.
    fn begin_maintenance(
        &self,
        by: Principal,
        maintenance: Maintenance,
    ) -> BoxFuture<'_, Result<Sequence, Refused>>;
    /// Ends a maintenance before its time.
    fn end_maintenance(
        &self,
        by: Principal,
        scope: Scope,
        reason: String,
    ) -> BoxFuture<'_, Result<Sequence, Refused>>;
    /// Plans to have a group handed over at a time.
    fn schedule_switchover(
        &self,
        by: Principal,
        switchover: Switchover,
    ) -> BoxFuture<'_, Result<Sequence, Refused>>;
    /// Calls a planned switchover off.
    fn cancel_switchover(
        &self,
        by: Principal,
        service: ServiceName,
        group: GroupName,
        reason: String,
    ) -> BoxFuture<'_, Result<Sequence, Refused>>;
    /// Asks an instance to stop cleanly. Answers the position of the request; none when it had been asked before.
    fn drain(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        reason: String,
    ) -> BoxFuture<'_, Result<Option<Sequence>, Refused>>;
}

/// The registry as it stands, and word of its changes.
pub trait ChangeFeed: Send + Sync {
    /// What stands now. Hold it shortly.
    fn contents(&self) -> RwLockReadGuard<'_, Contents>;
    /// The count of changes of instances.
    fn changed(&self) -> watch::Receiver<u64>;
    /// The last event applied.
    fn position(&self) -> watch::Receiver<Sequence>;
}

/// The log itself, which has what the index has forgotten.
pub trait Log: Send + Sync {
    /// All events of an aggregate, oldest first.
    fn events(&self, aggregate: AggregateId) -> BoxFuture<'_, Result<Vec<Recorded>, Failure>>;
}

/// What keeps this replica from being what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The part of the replica: `registry`, `metrics`.
    pub part: &'static str,
    /// What kind of problem it is, stable.
    pub code: &'static str,
    /// What is wrong, and what to do; it may leave the process.
    pub message: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether the replica should not be asked as long as there are others.
    pub unready: bool,
}

/// How the control plane itself is doing.
pub trait Health: Send + Sync {
    /// The time by the clock of NATS.
    fn time(&self) -> DateTime<Utc>;
    /// What is wrong now, if anything is.
    fn problems(&self) -> Vec<Problem>;
    /// What it does again and again, in order of name.
    fn tasks(&self) -> Vec<TaskFacts>;
    /// Whether NATS answers: a message goes there and back within a second.
    fn answers(&self) -> BoxFuture<'_, bool>;
    /// Whether this replica can read the heartbeats.
    fn sees_heartbeats(&self) -> bool;
    /// The last sequence of the log, as far as this replica knows.
    fn head(&self) -> BoxFuture<'_, Sequence>;
    /// The installation's namespace.
    fn namespace(&self) -> String;
    /// The version of this program.
    fn version(&self) -> String;
}
