//! The viewer, and the state of the control plane.

use std::time::Duration;

use aegis_domain::Sequence;
use aegis_projections::Store;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use crate::error::{require, store_error};
use crate::ports::{self, Role};
use crate::ports::{Feed, Letters, Status};
use crate::types::{BackgroundTask, Long, Maintenance, Switchover};

/// How long a field may wait for NATS.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct SystemQuery;

#[derive(Debug, SimpleObject)]
struct Viewer {
    name: String,
    role: Role,
}

/// How this replica is doing. Each field asks for no more than it tells, and NATS for a second at most.
#[derive(Debug, Default)]
pub(crate) struct System {
    /// Asked for once, for all fields that tell of it.
    head: OnceCell<Sequence>,
}

/// What keeps a replica from being what it should be.
#[derive(Debug, SimpleObject)]
struct Problem {
    /// The part: `registry`, `metrics` (the rollups), `leases`.
    part: String,
    /// What kind it is: `HISTORY_REPLACED` (the stream has another history than the one that was applied, and is being
    /// read anew), `UNWRITABLE` (the file cannot be written, and readers are served from memory): with these `/readyz` says 503.
    /// `DEAD_LETTERS_UNWRITABLE`: messages that are no events are yet to be copied to the dead letters. `LOG_GAP`: the log has
    /// lost messages before this replica could read them. `PARTLY_READ`: newer versions have written what is not known here.
    /// `TOO_MANY_INSTANCES`: there are more instances than figures are kept of. `UNREADABLE_RECORD`: something is left out
    /// because it cannot be read. `UNREADABLE`: the whole part cannot be read.
    code: String,
    severity: Severity,
    /// What is wrong, and what to do.
    message: String,
    /// Since when, by the clock of the replica.
    since: DateTime<Utc>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum Severity {
    /// Ask another replica as long as there are others: `/readyz` says 503.
    Bad,
    /// What the replica tells is right, and something needs somebody.
    Warn,
}

/// So many instances fell silent at once that the fault is thought to be with whoever listens.
#[derive(Debug, SimpleObject)]
struct SelfPreservation {
    since: DateTime<Utc>,
    /// How many were silent then.
    silent: Long,
    /// Of how many whose life went on.
    alive: Long,
}

impl From<ports::Problem> for Problem {
    fn from(problem: ports::Problem) -> Self {
        let ports::Problem { part, code, message, since, unready } = problem;
        let severity = if unready { Severity::Bad } else { Severity::Warn };
        Self { part: part.to_owned(), code: code.to_owned(), severity, message, since }
    }
}

#[Object]
impl SystemQuery {
    async fn viewer(&self, context: &Context<'_>) -> Result<Viewer> {
        let principal = require(context, Role::Viewer)?;
        Ok(Viewer { name: principal.name.clone(), role: principal.role })
    }

    async fn system(&self, context: &Context<'_>) -> Result<System> {
        require(context, Role::Viewer)?;
        Ok(System::default())
    }
}

#[Object]
impl System {
    async fn version(&self, context: &Context<'_>) -> Result<String> {
        Ok(context.data::<Status>()?.version())
    }

    async fn namespace(&self, context: &Context<'_>) -> Result<String> {
        Ok(context.data::<Status>()?.namespace())
    }

    /// The time now by the clock of NATS: all times of record are told by it, so ages are to be counted from it.
    async fn time(&self, context: &Context<'_>) -> Result<DateTime<Utc>> {
        Ok(context.data::<Status>()?.time())
    }

    /// The log that this replica tells of: the stream, and when it was created. Sequences belong to it.
    async fn history(&self, context: &Context<'_>) -> Result<String> {
        context.data::<Store>()?.history().await.map_err(|e| store_error(&e))
    }

    /// Sequence of the last event that the projection has applied.
    async fn as_of_sequence(&self, context: &Context<'_>) -> Result<Long> {
        Ok(applied(context)?.into())
    }

    /// Sequence of the last event in the log; that of the last one applied while the log does not answer.
    async fn head_sequence(&self, context: &Context<'_>) -> Result<Long> {
        Ok(self.head(context).await?.into())
    }

    /// Events in the log that the projection has not applied yet.
    async fn projection_lag(&self, context: &Context<'_>) -> Result<Long> {
        let head = self.head(context).await?;
        Ok(head.get().saturating_sub(applied(context)?.get()).into())
    }

    /// Whether the projection is being rebuilt. If it has nothing else to show, `asOfSequence` is 0 until then.
    async fn rebuilding(&self, context: &Context<'_>) -> Result<bool> {
        Ok(context.data::<Store>()?.progress().rebuilding().is_some())
    }

    /// While it is being rebuilt: sequence of the last event that the rebuild has applied.
    async fn rebuild_sequence(&self, context: &Context<'_>) -> Result<Option<Long>> {
        Ok(context.data::<Store>()?.progress().rebuilding().map(Into::into))
    }

    /// Runs of sequences that the log has lost.
    async fn log_gaps(&self, context: &Context<'_>) -> Result<Long> {
        Ok(context.data::<Store>()?.progress().gaps().into())
    }

    /// Whether NATS answers: a message has just gone there and back within a second.
    async fn nats_connected(&self, context: &Context<'_>) -> Result<bool> {
        Ok(context.data::<Status>()?.answers().await)
    }

    /// Whether this replica can read the heartbeats. While it cannot, it marks nobody.
    async fn heartbeats_visible(&self, context: &Context<'_>) -> Result<bool> {
        Ok(context.data::<Status>()?.sees_heartbeats())
    }

    /// When the server took the newest heartbeat that this replica has; null before the first one.
    async fn newest_beat_at(&self, context: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(context.data::<Feed>()?.contents().last_beat_at())
    }

    /// Since when no instance is marked down because most are silent; null while each is judged by itself.
    async fn self_preservation(&self, context: &Context<'_>) -> Result<Option<SelfPreservation>> {
        let contents = context.data::<Feed>()?.contents();
        let view = contents.state.installation.self_preservation.as_ref();
        Ok(view.map(|view| SelfPreservation {
            since: view.since,
            silent: view.silent.into(),
            alive: view.alive.into(),
        }))
    }

    /// Messages that nobody could process, and that nobody has decided on: those of `deadLetters`.
    async fn dead_letters(&self, context: &Context<'_>) -> Result<Long> {
        let count = context.data::<Letters>()?.count();
        match tokio::time::timeout(PATIENCE, count).await {
            Ok(Ok(count)) => Ok(count.into()),
            // While the stream does not answer, what is known is how many events were put aside.
            Ok(Err(_)) | Err(_) => {
                let known = context.data::<Store>()?.dead_letters().await;
                Ok(known.map_err(|e| store_error(&e))?.into())
            }
        }
    }

    /// The maintenance that goes on, in order of service and group: nobody takes over what an owner of these groups loses.
    async fn maintenances(&self, context: &Context<'_>) -> Result<Vec<Maintenance>> {
        let contents = context.data::<Feed>()?.contents();
        let view = &contents.state.installation;
        Ok(view.plans.maintenances.iter().map(|plan| Maintenance::of(plan, view)).collect())
    }

    /// The switchovers that are planned or under way, in order of service and group.
    async fn switchovers(&self, context: &Context<'_>) -> Result<Vec<Switchover>> {
        let contents = context.data::<Feed>()?.contents();
        let view = &contents.state.installation;
        Ok(view.plans.switchovers.iter().map(|plan| Switchover::of(plan, view)).collect())
    }

    /// What keeps this replica from being what it should be. Empty when all is well.
    async fn problems(&self, context: &Context<'_>) -> Result<Vec<Problem>> {
        Ok(context.data::<Status>()?.problems().into_iter().map(Into::into).collect())
    }

    /// What this replica does again and again, in order of name: when each was done last, and what came of it.
    async fn tasks(&self, context: &Context<'_>) -> Result<Vec<BackgroundTask>> {
        Ok(context.data::<Status>()?.tasks().into_iter().map(Into::into).collect())
    }
}

impl System {
    async fn head(&self, context: &Context<'_>) -> Result<Sequence> {
        let (health, applied) = (context.data::<Status>()?, applied(context)?);
        // Without an answer, the last thing known is what has been applied.
        let ask = async || tokio::time::timeout(PATIENCE, health.head()).await.unwrap_or(applied);
        Ok((*self.head.get_or_init(ask).await).max(applied))
    }
}

fn applied(context: &Context<'_>) -> Result<Sequence> {
    Ok(*context.data::<Feed>()?.position().borrow())
}
