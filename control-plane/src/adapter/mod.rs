//! The schema's ports, over the SDK and the projections.

mod dead_letters;
mod jetstream;
mod journals;
pub(crate) mod replicas;
mod state;
mod verification;

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Change, Command, Content};
use aegis_domain::aggregate::plan::{Maintenance, Scope, Switchover};
use aegis_domain::{
    Actor, AggregateId, AggregateVersion, Context, ErrorCode, GroupName, InstanceName, Sequence, ServiceName,
};
use aegis_graphql::ports::{
    Applied, Commands, Failure, HandedOver, LeaseStoreFacts, Outcome, Principal, Refused, ReplicaFacts,
    Replicas,
};
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_projections::Live;
use aegis_projections::beats::HeartbeatVisibility;
use aegis_projections::engine::{Handle, Progress};
use aegis_sdk::{Operator, OperatorError};
use chrono::Utc;
use futures_util::future::BoxFuture;

pub(crate) use verification::Verifications;

use replicas::Me;

use crate::background::Background;
use crate::clock::ServerClock;
use crate::findings::Findings;

/// Everything that the schema asks of this replica.
#[derive(Debug, Clone)]
pub(crate) struct Adapter {
    pub(crate) connection: Connection,
    pub(crate) journal: Journal,
    pub(crate) live: Live,
    pub(crate) visibility: HeartbeatVisibility,
    pub(crate) projection: Handle,
    pub(crate) clock: ServerClock,
    pub(crate) findings: Findings,
    pub(crate) background: Background,
    /// How each projection is doing, by the name of its part.
    pub(crate) progress: [(&'static str, Progress); 2],
    pub(crate) verifications: Verifications,
    pub(crate) me: Me,
}

impl Adapter {
    async fn execute(&self, by: Principal, service: ServiceName, command: Command) -> Outcome {
        let id = AggregateId::Definition(service);
        let context = Context::new(Actor::user(&by.name), Utc::now());
        match self.journal.execute::<Definition>(&id, command, &context).await {
            Ok(executed) => match executed.recorded.last() {
                Some(last) => Ok(Ok(Applied { revision: last.envelope.version, sequence: last.sequence })),
                None => self.unchanged(&id).await,
            },
            Err(error) => match error.rejection() {
                Ok(rejection) => Ok(Err(rejection)),
                Err(error) => {
                    tracing::error!(%error, aggregate = %id, "a command failed");
                    Err(Failure { code: error.code() })
                }
            },
        }
    }

    fn operator(&self, by: &Principal) -> Operator {
        Operator::new(&self.connection, Actor::user(&by.name))
    }

    /// The state already was as asked: it is as recent as its last event.
    async fn unchanged(&self, id: &AggregateId) -> Outcome {
        match self.journal.load::<Definition>(id).await {
            Ok(loaded) => Ok(Ok(Applied { revision: loaded.head.version, sequence: loaded.head.sequence })),
            Err(error) => {
                tracing::error!(%error, aggregate = %id, "a definition cannot be read");
                Err(Failure { code: aegis_domain::ErrorCode::Unavailable })
            }
        }
    }
}

impl Commands for Adapter {
    fn define(
        &self,
        by: Principal,
        service: ServiceName,
        content: Content,
        reason: Option<String>,
    ) -> BoxFuture<'_, Outcome> {
        Box::pin(self.execute(by, service.clone(), Command::Define { service, content, reason }))
    }

    fn amend(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        change: Change,
        reason: Option<String>,
    ) -> BoxFuture<'_, Outcome> {
        Box::pin(self.execute(by, service, Command::Amend { expected, change, reason }))
    }

    fn retire(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        reason: String,
    ) -> BoxFuture<'_, Outcome> {
        Box::pin(self.execute(by, service, Command::Retire { expected, reason }))
    }

    fn reinstate(
        &self,
        by: Principal,
        service: ServiceName,
        expected: AggregateVersion,
        reason: String,
    ) -> BoxFuture<'_, Outcome> {
        Box::pin(self.execute(by, service, Command::Reinstate { expected, reason }))
    }

    fn step_down(
        &self,
        by: Principal,
        service: ServiceName,
        group: GroupName,
        to: Option<InstanceName>,
        reason: String,
    ) -> BoxFuture<'_, Result<HandedOver, Refused>> {
        Box::pin(async move {
            let done = self.operator(&by).step_down(&service, &group, to.as_ref(), &reason).await;
            let aegis_sdk::HandedOver { instance, term, sequence } = done.map_err(refused)?;
            Ok(HandedOver { instance, term, sequence })
        })
    }

    fn rebuild_projection(&self) -> BoxFuture<'_, Result<Sequence, Refused>> {
        Box::pin(async move {
            self.projection.rebuild().await.map_err(|error| {
                tracing::error!(%error, "the projection was not rebuilt");
                let message = "the projection was not rebuilt, and serves as it was: see the replica's log";
                Refused { code: ErrorCode::Unavailable, message: message.to_owned() }
            })
        })
    }

    fn forget(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        reason: String,
    ) -> BoxFuture<'_, Result<Option<Sequence>, Refused>> {
        Box::pin(
            async move { self.operator(&by).forget(&service, &instance, &reason).await.map_err(refused) },
        )
    }

    fn drain(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        reason: String,
    ) -> BoxFuture<'_, Result<Option<Sequence>, Refused>> {
        Box::pin(async move { self.operator(&by).drain(&service, &instance, &reason).await.map_err(refused) })
    }

    fn set_log(
        &self,
        by: Principal,
        service: ServiceName,
        instance: InstanceName,
        filter: String,
    ) -> BoxFuture<'_, Result<(), Refused>> {
        Box::pin(
            async move { self.operator(&by).set_log(&service, &instance, &filter).await.map_err(refused) },
        )
    }

    fn begin_maintenance(
        &self,
        by: Principal,
        maintenance: Maintenance,
    ) -> BoxFuture<'_, Result<Sequence, Refused>> {
        Box::pin(async move { self.operator(&by).begin_maintenance(maintenance).await.map_err(refused) })
    }

    fn end_maintenance(
        &self,
        by: Principal,
        scope: Scope,
        reason: String,
    ) -> BoxFuture<'_, Result<Sequence, Refused>> {
        Box::pin(async move { self.operator(&by).end_maintenance(scope, &reason).await.map_err(refused) })
    }

    fn schedule_switchover(
        &self,
        by: Principal,
        switchover: Switchover,
    ) -> BoxFuture<'_, Result<Sequence, Refused>> {
        Box::pin(async move { self.operator(&by).schedule_switchover(switchover).await.map_err(refused) })
    }

    fn cancel_switchover(
        &self,
        by: Principal,
        service: ServiceName,
        group: GroupName,
        reason: String,
    ) -> BoxFuture<'_, Result<Sequence, Refused>> {
        Box::pin(async move {
            self.operator(&by).cancel_switchover(&service, &group, &reason).await.map_err(refused)
        })
    }
}

impl Replicas for Adapter {
    fn replicas(&self) -> BoxFuture<'_, Vec<ReplicaFacts>> {
        Box::pin(replicas::ask(self))
    }

    fn lease_store(&self) -> BoxFuture<'_, Result<LeaseStoreFacts, Refused>> {
        Box::pin(self.lease_store_facts())
    }
}

fn refused(error: OperatorError) -> Refused {
    Refused { code: error.code, message: error.message }
}
