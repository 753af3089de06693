//! Who asks, and how the control plane is doing.

use aegis_projections::Store;
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::error::{require, store_error};
use crate::ports::{self, Role};
use crate::schema::{Feed, Letters, Status};
use crate::types::{Long, Seq};

#[derive(Debug, Default)]
pub(super) struct SystemQuery;

#[derive(Debug, SimpleObject)]
struct Viewer {
    name: String,
    role: Role,
}

#[derive(Debug, SimpleObject)]
struct System {
    version: String,
    namespace: String,
    /// Sequence of the last event that the projection has applied.
    as_of_sequence: Seq,
    /// Sequence of the last event in the log.
    head_sequence: Seq,
    /// Events in the log that the projection has not applied yet.
    projection_lag: Long,
    /// Whether the projection is being rebuilt. If it has nothing else to show, `asOfSequence` is 0 until then.
    rebuilding: bool,
    /// While it is being rebuilt: sequence of the last event that the rebuild has applied.
    rebuild_sequence: Option<Seq>,
    /// Runs of sequences that the log has lost.
    log_gaps: Long,
    nats_connected: bool,
    /// Whether this replica can read the heartbeats. While it cannot, it marks nobody.
    heartbeats_visible: bool,
    /// Since when no instance is marked down because most are silent; null while each is judged by itself.
    self_preservation: Option<SelfPreservation>,
    /// Messages that nobody could process, and that nobody has decided on: those of `deadLetters`.
    dead_letters: Long,
    /// What keeps this replica from being what it should be. Empty when all is well; `/readyz` says 503 otherwise.
    problems: Vec<Problem>,
}

/// What keeps a replica from being what it should be.
#[derive(Debug, SimpleObject)]
struct Problem {
    /// The part of the replica: `registry`, or `metrics` (the rollups).
    part: String,
    /// What kind it is: `HISTORY_REPLACED` (the stream has another history than the one that was applied, and is being
    /// read anew), `UNWRITABLE` (the file cannot be written, and readers are served from memory).
    code: String,
    /// What is wrong, and what to do.
    message: String,
    /// Since when, by the clock of the replica.
    since: DateTime<Utc>,
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
        let ports::Problem { part, code, message, since } = problem;
        Self { part: part.to_owned(), code: code.to_owned(), message, since }
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
        let health = context.data::<Status>()?;
        let self_preservation = {
            let contents = context.data::<Feed>()?.contents();
            let view = contents.state.installation.self_preservation.clone();
            view.map(|view| SelfPreservation {
                since: view.since,
                silent: view.silent.into(),
                alive: view.alive.into(),
            })
        };
        // While the stream does not answer, what is known is how many events were put aside.
        let dead_letters = match context.data::<Letters>()?.count().await {
            Ok(count) => count,
            Err(_unavailable) => {
                context.data::<Store>()?.dead_letters().await.map_err(|e| store_error(&e))?
            }
        };
        let as_of = *context.data::<Feed>()?.position().borrow();
        let store = context.data::<Store>()?;
        let rebuild = store.progress().rebuilding();
        let head = health.head().await.max(as_of);
        Ok(System {
            version: health.version(),
            namespace: health.namespace(),
            as_of_sequence: as_of.into(),
            head_sequence: head.into(),
            projection_lag: (head.get() - as_of.get()).into(),
            rebuilding: rebuild.is_some(),
            rebuild_sequence: rebuild.map(Into::into),
            log_gaps: store.progress().gaps().into(),
            nats_connected: health.is_connected(),
            heartbeats_visible: health.sees_heartbeats(),
            self_preservation,
            dead_letters: dead_letters.into(),
            problems: health.problems().into_iter().map(Into::into).collect(),
        })
    }
}
