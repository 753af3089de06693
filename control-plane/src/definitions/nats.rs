//! By NATS: straight from the log, and into it.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Command, Rejection};
use aegis_domain::{Actor, AggregateId, Context, ServiceName};
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_projections::view::history::{Entry, Revision, history};
use aegis_sdk::definitions;
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use chrono::Utc;

use super::Definitions;

/// The log, and in whose name it is written.
pub(super) struct Log {
    connection: Connection,
    actor: Actor,
}

impl Log {
    pub(super) fn new(connection: Connection, actor: Actor) -> Self {
        Self { connection, actor }
    }
}

#[async_trait(?Send)]
impl Definitions for Log {
    async fn all(&self) -> anyhow::Result<BTreeMap<ServiceName, Definition>> {
        let loaded = definitions(&self.connection).await.context("the definitions cannot be read")?;
        Ok(loaded.into_iter().map(|(service, loaded)| (service, loaded.state)).collect())
    }

    async fn change(&self, service: &ServiceName, change: Command) -> anyhow::Result<u64> {
        let id = AggregateId::Definition(service.clone());
        let context = Context::new(self.actor.clone(), Utc::now());
        let executed = match Journal::new(&self.connection).execute::<Definition>(&id, change, &context).await
        {
            Ok(executed) => executed,
            Err(error) => match error.rejection() {
                Ok(
                    rejection @ (Rejection::Conflict { .. }
                    | Rejection::AlreadyDefined
                    | Rejection::NotDefined
                    | Rejection::NotRetired),
                ) => bail!("{}: somebody changed it since the plan was made ({rejection})", rejection.code()),
                Ok(rejection @ Rejection::Invalid { .. }) => bail!("{}: {rejection}", rejection.code()),
                Err(error) => bail!("{}: {error:#}", error.code()),
            },
        };
        Ok(executed.head.version.get())
    }

    async fn history(&self, service: &ServiceName) -> anyhow::Result<Vec<Revision>> {
        let id = AggregateId::Definition(service.clone());
        let events = Journal::new(&self.connection).events(&id).await;
        let events = events.context("the history cannot be read")?;
        Ok(history(events.iter().filter_map(Entry::recorded)))
    }
}
