//! Completes the history of terms from the lease store, which decided them: what an instance left out of
//! the log when it ended between a claim and its append, and owners without a successor.
//!
//! A watch keeps it up to date; a timer says when to look. Idempotent; any number of replicas write each event once,
//! because the journal takes one writer at a head.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::Command;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_journal::Journal;
use aegis_leases::leadership::kv::KvLeaseStore;
use aegis_leases::leadership::overview::{Leader, Leaders, Overview};
use aegis_leases::leadership::store::{LeaseStore as _, StoreError};
use aegis_nats::Connection;
use aegis_nats::bucket::Slot;
use aegis_projections::Live;
use aegis_projections::state::GroupKey;
use aegis_projections::view::LeaderView;
use aegis_sdk::provision::provision;
use anyhow::Context as _;
use chrono::Utc;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::background::{Failures, Task};
use crate::findings::Findings;

/// Everything is read again so often: a watch may fall silent.
const READ_EVERY: Duration = Duration::from_secs(60);

/// What changes under which key.
type Changes = BoxStream<'static, Result<(String, Slot), StoreError>>;

/// Completes it.
pub(crate) struct Terms {
    history: History,
    /// What the lease store holds, as far as the watch has told.
    overview: Overview,
    /// None while nothing is watched.
    changes: Option<Changes>,
    /// When everything was read last.
    read_at: Option<Instant>,
    /// What the look before has found.
    before: BTreeMap<GroupKey, Command>,
}

/// The history of terms as the log has it, and where the lease store is. Cheap to clone.
#[derive(Debug, Clone)]
struct History {
    connection: Connection,
    journal: Journal,
    live: Live,
    findings: Findings,
}

impl Task for Terms {
    const NAME: &'static str = "terms";
    /// A finding is carried out when two looks in a row have it: until then it is left to the instance that
    /// it concerns, which mostly is about to record it itself.
    const PERIOD: Duration = Duration::from_secs(3);

    async fn activate(&mut self) -> anyhow::Result<String> {
        if self.is_to_be_read() {
            self.read_anew().await?;
        }
        let Leaders { leaders, unreadable } = self.overview.leaders();
        self.history.findings.unreadable_leases(&unreadable);
        let groups = leaders.len();
        let found = self.history.missing(leaders);
        let mut failures = Failures::default();
        for (key, command) in &found {
            if self.before.get(key) == Some(command) {
                failures.take(self.history.carry_out(key, command).await);
            }
        }
        let status = format!("{groups} groups, of {} of them the log lacks something", found.len());
        self.before = found;
        failures.or(|| status)
    }

    /// Keeps the overview up to date. A watch that ends is begun anew by the next activation.
    async fn between(&mut self) {
        while let Some(changes) = &mut self.changes {
            match changes.next().await {
                Some(Ok((key, slot))) => self.overview.apply(&key, &slot),
                Some(Err(_)) | None => self.changes = None,
            }
        }
        std::future::pending().await
    }
}

impl Terms {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live, findings: Findings) -> Self {
        Self {
            history: History { connection, journal, live, findings },
            overview: Overview::default(),
            changes: None,
            read_at: None,
            before: BTreeMap::new(),
        }
    }

    /// Whether nothing is watched, or for so long that it is time to read again.
    fn is_to_be_read(&self) -> bool {
        let Some(at) = self.read_at.filter(|_| self.changes.is_some()) else { return true };
        at.elapsed() + Self::PERIOD / 2 >= READ_EVERY
    }

    async fn read_anew(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let history = &self.history;
        match history.read().await {
            Ok((everything, watch)) => {
                history.findings.lease_store(&[]);
                (self.overview, self.changes, self.read_at) = (everything, Some(watch), Some(begun));
                Ok(())
            }
            Err(error) => {
                history.findings.lease_store(&[error.to_string()]);
                (self.changes, self.before) = (None, BTreeMap::new());
                // The bucket may be gone.
                if let Err(error) = provision(&history.connection).await {
                    tracing::warn!(%error, "the buckets cannot be made or read");
                }
                Err(error).context("the lease store cannot be read")
            }
        }
    }
}

impl History {
    /// Everything, and what changes from then on.
    async fn read(&self) -> Result<(Overview, Changes), StoreError> {
        let changes = Overview::watch(&self.connection).await?.boxed();
        Ok((Overview::read(&self.connection, None).await?, changes))
    }

    fn missing(&self, leaders: Vec<Leader>) -> BTreeMap<GroupKey, Command> {
        let contents = self.live.read();
        let found = leaders.into_iter().filter_map(|leader| {
            let key = (leader.service.clone(), leader.group.clone());
            let command = missing(&leader, contents.state.leaders.get(&key))?;
            Some((key, command))
        });
        found.collect()
    }

    async fn carry_out(&self, key: &GroupKey, command: &Command) -> anyhow::Result<()> {
        let (service, group) = key;
        let id = AggregateId::Leadership(service.clone(), group.clone());
        // The watch may lag behind: what the keys say now counts.
        match self.leader(key).await {
            Ok(Some(leader)) => {
                let view = self.live.read().state.leaders.get(key).cloned();
                if missing(&leader, view.as_ref()).as_ref() != Some(command) {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::warn!(%error, aggregate = %id, "a group cannot be read; trying again");
                return Err(error).context("a group cannot be read");
            }
        }
        let context = Context::new(Actor::system("terms"), Utc::now());
        match self.journal.execute::<Leadership>(&id, command.clone(), &context).await {
            Ok(executed) if executed.recorded.is_empty() => {}
            Ok(_) => tracing::info!(aggregate = %id, "completed the history of a group"),
            Err(error) => {
                tracing::warn!(%error, aggregate = %id, "a term was not recorded; trying again");
                return Err(error).context("a term was not recorded");
            }
        }
        Ok(())
    }

    /// A group as its keys have it now.
    async fn leader(&self, (service, group): &GroupKey) -> Result<Option<Leader>, StoreError> {
        let store = KvLeaseStore::new(&self.connection, service.clone());
        let Some(record) = store.owner(group).await?.record else { return Ok(None) };
        let lives = match &record.holder {
            Some(holder) => {
                let session = store.session(&holder.instance).await?.record;
                session.is_some_and(|session| session.session == holder.session)
            }
            None => false,
        };
        Ok(Some(Leader { service: service.clone(), group: group.clone(), record, lives }))
    }
}

/// What the log lacks of what the lease store knows.
fn missing(leader: &Leader, view: Option<&LeaderView>) -> Option<Command> {
    let record = &leader.record;
    let logged = view.filter(|view| view.term >= record.term);
    let Some(view) = logged else {
        let mut predecessors = record.predecessors.clone();
        // A vacant record has its own last owner among the predecessors.
        let tenure = record.tenure().or_else(|| predecessors.pop())?;
        return Some(Command::Elect { tenure, predecessors, vacancy_ms: None });
    };
    // Of an end that the log has already, and of a term that it knows better, there is nothing to say.
    if view.term > record.term || view.instance.is_none() {
        return None;
    }
    let term = record.term;
    match (&record.holder, leader.lives) {
        (Some(_), true) => None,
        (Some(_), false) => Some(Command::Lose { term }),
        (None, _) => Some(Command::Resign { term, reason: record.resignation.clone().unwrap_or_default() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_domain::aggregate::leadership::{ElectionReason, Tenure};
    use aegis_domain::{GroupName, InstanceName, Sequence, ServiceName, SessionId, Term};
    use aegis_leases::leadership::store::{Holder, OwnerRecord};
    use chrono::DateTime;

    fn holder(name: &str) -> Holder {
        let session = SessionId::from_uuid(uuid::Uuid::from_u128(7));
        Holder { instance: InstanceName::new(name).unwrap(), session }
    }

    fn first() -> OwnerRecord {
        OwnerRecord::claimed(None, Term(0), holder("a"), DateTime::UNIX_EPOCH)
    }

    fn leader(record: OwnerRecord, lives: bool) -> Leader {
        Leader { service: service(), group: group(), record, lives }
    }

    fn service() -> ServiceName {
        ServiceName::new("desk").unwrap()
    }

    fn group() -> GroupName {
        GroupName::new("ACC-1").unwrap()
    }

    fn view(term: u64, owner: Option<&str>) -> LeaderView {
        LeaderView {
            service: service(),
            group: group(),
            term: Term(term),
            instance: owner.map(|owner| InstanceName::new(owner).unwrap()),
            since: DateTime::UNIX_EPOCH,
            reason: ElectionReason::First,
            vacancy_ms: None,
            sequence: Sequence(1),
        }
    }

    fn elected(command: Option<Command>) -> (Tenure, Vec<Tenure>) {
        match command {
            Some(Command::Elect { tenure, predecessors, vacancy_ms: None }) => (tenure, predecessors),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_term_that_the_log_lacks_is_recorded_with_what_the_record_remembers() {
        let (tenure, before) = elected(missing(&leader(first(), true), None));
        assert_eq!((tenure.term, before), (Term(1), vec![]));
        let second = first().handed_over(holder("b"), "drain", DateTime::UNIX_EPOCH);
        let (tenure, before) = elected(missing(&leader(second, true), None));
        assert_eq!((tenure.term, tenure.resignation.as_deref(), before.len()), (Term(2), Some("drain"), 1));
        let (tenure, before) = elected(missing(&leader(first().vacated("drain"), true), None));
        assert_eq!((tenure.term, before), (Term(1), vec![]), "first that it began, then that it ended");
    }

    #[test]
    fn an_end_that_the_log_lacks_is_recorded_for_what_it_was() {
        let owned = view(1, Some("a"));
        assert_eq!(missing(&leader(first(), true), Some(&owned)), None);
        assert_eq!(missing(&leader(first(), false), Some(&owned)), Some(Command::Lose { term: Term(1) }));
        let resigned = Command::Resign { term: Term(1), reason: "drain".to_owned() };
        assert_eq!(missing(&leader(first().vacated("drain"), false), Some(&owned)), Some(resigned));
    }

    #[test]
    fn what_the_log_has_or_knows_better_is_left_alone() {
        for (record, lives) in [(first(), false), (first().vacated("drain"), false), (first(), true)] {
            assert_eq!(missing(&leader(record.clone(), lives), Some(&view(1, None))), None);
            assert_eq!(missing(&leader(record, lives), Some(&view(2, Some("b")))), None);
        }
    }
}
