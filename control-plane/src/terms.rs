//! Completes the history of terms from the lease store, which decided them: what an instance left out of
//! the log when it ended between a claim and its append, and owners that nobody has succeeded.
//!
//! No input but a timer; idempotent; any number of replicas write each event once, because the journal
//! takes one writer at a head.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::Command;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_projections::Live;
use aegis_projections::state::GroupKey;
use aegis_projections::view::LeaderView;
use aegis_sdk::leadership::kv::{Leader, Leaders, leaders};
use aegis_sdk::{Connection, Journal};
use chrono::Utc;
use tokio_util::sync::CancellationToken;

/// A finding is carried out when two scans in a row have it: until then it is left to the instance that
/// it concerns, which mostly is about to record it itself.
const SCAN_EVERY: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Terms {
    connection: Connection,
    journal: Journal,
    live: Live,
}

impl Terms {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live) -> Self {
        Self { connection, journal, live }
    }

    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SCAN_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut before = BTreeMap::new();
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            before = match self.findings().await {
                Ok(found) => {
                    for (key, command) in &found {
                        if before.get(key) == Some(command) {
                            self.carry_out(key, command.clone()).await;
                        }
                    }
                    found
                }
                Err(error) => {
                    tracing::warn!(%error, "the lease store cannot be read");
                    BTreeMap::new()
                }
            };
        }
    }

    async fn findings(
        &self,
    ) -> Result<BTreeMap<GroupKey, Command>, aegis_sdk::leadership::store::StoreError> {
        let Leaders { leaders, unreadable } = leaders(&self.connection, None).await?;
        for key in unreadable {
            tracing::error!(key, "a record of the lease store cannot be read: its group is left out");
        }
        let contents = self.live.read();
        let found = leaders.into_iter().filter_map(|leader| {
            let key = (leader.service.clone(), leader.group.clone());
            let command = missing(&leader, contents.state.leaders.get(&key))?;
            Some((key, command))
        });
        Ok(found.collect())
    }

    async fn carry_out(&self, (service, group): &GroupKey, command: Command) {
        let id = AggregateId::Leadership(service.clone(), group.clone());
        let context = Context::new(Actor::system("terms"), Utc::now());
        match self.journal.execute::<Leadership>(&id, command, &context).await {
            Ok(recorded) if recorded.is_empty() => {}
            Ok(_) => tracing::info!(aggregate = %id, "completed the history of a group"),
            Err(error) => tracing::warn!(%error, aggregate = %id, "a term was not recorded; trying again"),
        }
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
