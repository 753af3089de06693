//! Writes the history of terms into the journal, behind the election: an election never waits for the
//! log, and what a crash leaves out the next claimer appends (see `OwnerRecord::predecessors`).

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::{Command, Rejection, Tenure};
use aegis_domain::{Actor, AggregateId, Context, GroupName, InstanceName, ServiceName, Term};
use chrono::Utc;
use tokio::sync::mpsc;

use crate::Journal;
use crate::journal::ExecuteError;
use crate::nats::connection::backoff;

/// How many entries wait at most. When the log is away for so long that this is full, further terms are
/// left to the next claimer, who finds them in the owner key.
const QUEUE: usize = 65_536;
/// How many entries are written side by side.
const WRITES: usize = 64;

pub(crate) struct Entry {
    group: GroupName,
    command: Command,
}

/// The way to the writer.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    entries: mpsc::Sender<Entry>,
}

impl Audit {
    /// The way to a new writer, and the writer, which runs until every way to it is dropped.
    pub(crate) fn new(
        journal: Journal,
        service: ServiceName,
        me: &InstanceName,
    ) -> (Self, impl Future<Output = ()> + use<>) {
        let (entries, mut queue) = mpsc::channel::<Entry>(QUEUE);
        let actor = Actor::instance(&service, me);
        let writer = async move {
            while let Some(first) = queue.recv().await {
                // Side by side where they concern different groups; one group's are written in order.
                let mut entries = BTreeMap::from([(first.group.clone(), vec![first])]);
                let mut count = 1;
                while count < WRITES
                    && let Ok(entry) = queue.try_recv()
                {
                    entries.entry(entry.group.clone()).or_default().push(entry);
                    count += 1;
                }
                let (journal, service, actor) = (&journal, &service, &actor);
                let groups = entries.into_values().map(|entries| async move {
                    for entry in entries {
                        write(journal, service, actor, entry).await;
                    }
                });
                futures_util::future::join_all(groups).await;
            }
        };
        (Self { entries }, writer)
    }

    pub(crate) fn elected(
        &self,
        group: &GroupName,
        tenure: Tenure,
        predecessors: Vec<Tenure>,
        vacancy: Option<Duration>,
    ) {
        let vacancy_ms = vacancy.map(|vacancy| u64::try_from(vacancy.as_millis()).unwrap_or(u64::MAX));
        self.enter(group, Command::Elect { tenure, predecessors, vacancy_ms });
    }

    pub(crate) fn resigned(&self, group: &GroupName, term: Term, reason: String) {
        self.enter(group, Command::Resign { term, reason });
    }

    fn enter(&self, group: &GroupName, command: Command) {
        if self.entries.try_send(Entry { group: group.clone(), command }).is_err() {
            tracing::error!(%group, "the log has been away for too long: a term is left to its successor");
        }
    }
}

async fn write(journal: &Journal, service: &ServiceName, actor: &Actor, entry: Entry) {
    let id = AggregateId::Leadership(service.clone(), entry.group.clone());
    let context = Context::new(actor.clone(), Utc::now());
    for attempt in 1.. {
        tokio::time::sleep(backoff(attempt)).await;
        match journal.execute::<Leadership>(&id, entry.command.clone(), &context).await {
            Ok(_) => return,
            Err(ExecuteError::Rejected(Rejection::StaleTerm { .. } | Rejection::Vacant)) => {
                // A successor has already written this term, on our behalf.
                return;
            }
            Err(error) => {
                tracing::warn!(%error, group = %entry.group, attempt, "a term is not in the log yet")
            }
        }
    }
}
