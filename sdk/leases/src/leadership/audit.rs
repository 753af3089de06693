//! Writes the history of terms into the journal, behind the election: an election never waits for the
//! log, and what a crash leaves out the next claimer appends (see `OwnerRecord::predecessors`). With a
//! strict audit a term is served only once the log has it.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::{Command, Rejection, Tenure};
use aegis_domain::{Actor, AggregateId, Context, GroupName, InstanceName, ServiceName, Term};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::Guard;
use aegis_journal::Journal;
use aegis_journal::{AppendError, ExecuteError, LoadError};
use aegis_nats::backoff::backoff;

/// How many entries wait at most. When the log is away for so long that this is full, further terms are
/// left to the next claimer, who finds them in the owner key.
const QUEUE: usize = 65_536;
/// How many entries are written side by side.
const WRITES: usize = 64;

pub(super) struct Entry {
    group: GroupName,
    command: Command,
}

/// What the log and the first call of a term have to do with each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditMode {
    /// Calls are served at once; the log has the term a moment later.
    #[default]
    Eventual,
    /// No call is served before the log has acknowledged the term. While the log cannot be written,
    /// no group gets a new owner.
    Strict,
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub struct Audit {
    mode: AuditMode,
    entries: mpsc::Sender<Entry>,
    /// Whether the writer is to wait.
    held_back: watch::Sender<bool>,
}

impl Audit {
    /// The way to a new writer, and the writer, which runs until every way to it is dropped.
    pub fn new(
        mode: AuditMode,
        journal: Journal,
        service: ServiceName,
        me: &InstanceName,
        guard: Guard,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let (entries, mut queue) = mpsc::channel::<Entry>(QUEUE);
        let (held_back, mut go) = watch::channel(false);
        let actor = Actor::instance(&service, me);
        let writer = async move {
            while let Some(first) = queue.recv().await {
                // When the other end is gone, nothing holds it back any more.
                drop(go.wait_for(|held_back| !held_back).await);
                // Side by side where they concern different groups; one group's are written in order.
                let mut entries = BTreeMap::from([(first.group.clone(), vec![first])]);
                let mut count = 1;
                while count < WRITES
                    && let Ok(entry) = queue.try_recv()
                {
                    entries.entry(entry.group.clone()).or_default().push(entry);
                    count += 1;
                }
                let (journal, service, actor, guard) = (&journal, &service, &actor, &guard);
                let groups = entries.into_values().map(|entries| async move {
                    for entry in entries {
                        write(journal, service, actor, guard, entry).await;
                    }
                });
                futures_util::future::join_all(groups).await;
            }
        };
        (Self { mode, entries, held_back }, writer)
    }

    /// Whether a term is served only once the log has it.
    pub fn is_strict(&self) -> bool {
        self.mode == AuditMode::Strict
    }

    /// Whether there is more urgent work: owners for ten thousand groups come before their history. With a
    /// strict audit nothing is more urgent.
    pub fn hold_back(&self, hold_back: bool) {
        let hold_back = hold_back && !self.is_strict();
        self.held_back.send_if_modified(|held_back| std::mem::replace(held_back, hold_back) != hold_back);
    }

    pub fn elected(
        &self,
        group: &GroupName,
        tenure: Tenure,
        predecessors: Vec<Tenure>,
        vacancy: Option<Duration>,
    ) {
        let vacancy_ms = vacancy.map(|vacancy| u64::try_from(vacancy.as_millis()).unwrap_or(u64::MAX));
        self.enter(group, Command::Elect { tenure, predecessors, vacancy_ms });
    }

    pub fn resigned(&self, group: &GroupName, term: Term, reason: String) {
        self.enter(group, Command::Resign { term, reason });
    }

    fn enter(&self, group: &GroupName, command: Command) {
        if self.entries.try_send(Entry { group: group.clone(), command }).is_err() {
            tracing::error!(%group, "the log has been away for too long: a term is left to its successor");
        }
    }
}

async fn write(journal: &Journal, service: &ServiceName, actor: &Actor, guard: &Guard, entry: Entry) {
    let id = AggregateId::Leadership(service.clone(), entry.group.clone());
    let context = Context::new(actor.clone(), Utc::now());
    for attempt in 1.. {
        tokio::time::sleep(backoff(attempt)).await;
        match journal.execute::<Leadership>(&id, entry.command.clone(), &context).await {
            Ok(_) => {
                if let Command::Elect { tenure, .. } = &entry.command {
                    guard.recorded(&entry.group, tenure.term);
                }
                return;
            }
            Err(ExecuteError::Rejected {
                rejection: Rejection::StaleTerm { .. } | Rejection::ImplausibleTerm { .. } | Rejection::Vacant,
                ..
            }) => {
                // A successor has already written this term, on our behalf.
                return;
            }
            // Repeating does not help, and the other groups wait.
            Err(
                error @ (ExecuteError::Load(LoadError::Undecodable { .. })
                | ExecuteError::Append(AppendError::Encode { .. })),
            ) => {
                tracing::error!(%error, group = %entry.group, "a term cannot be written to the log");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, group = %entry.group, attempt, "a term is not in the log yet")
            }
        }
    }
}
