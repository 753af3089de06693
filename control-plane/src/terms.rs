//! Completes the history of terms from the lease store, which decided them: what an instance left out of
//! the log when it ended between a claim and its append, and owners that nobody has succeeded.
//!
//! A watch keeps it up to date; a timer says when to look. Idempotent; any number of replicas write each event once,
//! because the journal takes one writer at a head.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::Command;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_projections::Live;
use aegis_projections::state::GroupKey;
use aegis_projections::view::LeaderView;
use aegis_sdk::leadership::kv::{KvLeaseStore, Leader, Leaders, Overview};
use aegis_sdk::leadership::store::{LeaseStore as _, StoreError};
use aegis_sdk::nats::bucket::Slot;
use aegis_sdk::nats::provision::provision;
use aegis_sdk::{Connection, Journal};
use chrono::Utc;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::findings::Findings;

/// A finding is carried out when two looks in a row have it: until then it is left to the instance that
/// it concerns, which mostly is about to record it itself.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Everything is read again so often: a watch may fall silent.
const READ_EVERY: Duration = Duration::from_secs(60);

/// What changes under which key.
type Changes = BoxStream<'static, Result<(String, Slot), StoreError>>;

#[derive(Debug, Clone)]
pub(crate) struct Terms {
    connection: Connection,
    journal: Journal,
    live: Live,
    findings: Findings,
}

impl Terms {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live, findings: Findings) -> Self {
        Self { connection, journal, live, findings }
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let (mut looks, mut reads) = (interval(LOOK_EVERY), interval(READ_EVERY));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        reads.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut overview = Overview::default();
        let mut changes: Option<Changes> = None;
        let mut before = BTreeMap::new();
        loop {
            let due = tokio::select! {
                () = stop.cancelled() => return,
                change = next(&mut changes) => {
                    match change {
                        Some(Ok((key, slot))) => overview.apply(&key, &slot),
                        Some(Err(_)) | None => changes = None,
                    }
                    continue;
                }
                _ = reads.tick() => true,
                _ = looks.tick() => changes.is_none(),
            };
            if due {
                match stop.run_until_cancelled(self.read()).await {
                    Some(Ok((everything, watch))) => {
                        self.findings.lease_store(&[]);
                        (overview, changes) = (everything, Some(watch));
                    }
                    Some(Err(error)) => {
                        self.findings.lease_store(&[error.to_string()]);
                        // The bucket may be gone.
                        if let Some(Err(error)) =
                            stop.run_until_cancelled(Box::pin(provision(&self.connection))).await
                        {
                            tracing::warn!(%error, "the buckets cannot be made or read");
                        }
                        (changes, before) = (None, BTreeMap::new());
                        continue;
                    }
                    None => return,
                }
            }
            let found = self.missing(overview.leaders());
            for (key, command) in &found {
                if before.get(key) == Some(command) {
                    self.carry_out(key, command).await;
                }
            }
            before = found;
        }
    }

    /// Everything, and what changes from then on.
    async fn read(&self) -> Result<(Overview, Changes), StoreError> {
        let changes = Overview::watch(&self.connection).await?.boxed();
        Ok((Overview::read(&self.connection, None).await?, changes))
    }

    fn missing(&self, Leaders { leaders, unreadable }: Leaders) -> BTreeMap<GroupKey, Command> {
        self.findings.unreadable_leases(&unreadable);
        let contents = self.live.read();
        let found = leaders.into_iter().filter_map(|leader| {
            let key = (leader.service.clone(), leader.group.clone());
            let command = missing(&leader, contents.state.leaders.get(&key))?;
            Some((key, command))
        });
        found.collect()
    }

    async fn carry_out(&self, key: &GroupKey, command: &Command) {
        let (service, group) = key;
        let id = AggregateId::Leadership(service.clone(), group.clone());
        // The watch may lag behind: what the keys say now counts.
        match self.leader(key).await {
            Ok(Some(leader)) => {
                let view = self.live.read().state.leaders.get(key).cloned();
                if missing(&leader, view.as_ref()).as_ref() != Some(command) {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                return tracing::warn!(%error, aggregate = %id, "a group cannot be read; trying again");
            }
        }
        let context = Context::new(Actor::system("terms"), Utc::now());
        match self.journal.execute::<Leadership>(&id, command.clone(), &context).await {
            Ok(recorded) if recorded.is_empty() => {}
            Ok(_) => tracing::info!(aggregate = %id, "completed the history of a group"),
            Err(error) => tracing::warn!(%error, aggregate = %id, "a term was not recorded; trying again"),
        }
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

async fn next(changes: &mut Option<Changes>) -> Option<Result<(String, Slot), StoreError>> {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
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
    use aegis_sdk::leadership::store::{Holder, OwnerRecord};
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
