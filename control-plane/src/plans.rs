//! Carries out what operators plan: tells the members of maintenance, ends what is over, and hands groups over when
//! their time has come.
//!
//! Any number of replicas do the same side by side: the log takes each event once, the pause of a maintenance is the same
//! whoever writes it, and a switchover is carried out by the replica whose event says that it has begun. If that replica
//! dies, another one goes on after a minute.

use std::time::Duration;

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, Rejection};
use aegis_domain::aggregate::plan::{
    BEGUN_MAX, Maintenance, PlanCommand, PlanRejection, Planned, Plans, Switchover,
};
use aegis_domain::{Actor, AggregateId, Context};
use aegis_projections::Live;
use aegis_projections::view::LeaderView;
use aegis_sdk::journal::ExecuteError;
use aegis_sdk::leadership::pause::{PauseError, Pauses};
use aegis_sdk::{Connection, Journal, Operator};
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::ServerClock;

/// How often it is looked what is due: a switchover comes at most so much late.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often it is looked whether the members know what the log says, also when nothing has changed.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(crate) struct Executor {
    connection: Connection,
    journal: Journal,
    live: Live,
    clock: ServerClock,
    pauses: Pauses,
}

impl Executor {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live, clock: ServerClock) -> Self {
        let pauses = Pauses::new(&connection);
        Self { connection, journal, live, clock, pauses }
    }

    /// Works until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (mut looks, mut compares) = (interval(LOOK_EVERY), interval(COMPARE_EVERY));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        compares.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told: Option<Vec<Maintenance>> = None;
        // The hand-overs under way: they take as long as the calls in flight.
        let mut under_way = FuturesUnordered::new();
        loop {
            let compare = tokio::select! {
                () = stop.cancelled() => return,
                Some(()) = under_way.next() => continue,
                _ = compares.tick() => true,
                _ = looks.tick() => false,
            };
            let plans = self.live.read().state.installation.plans.clone();
            let now = self.clock.now();
            let work = async {
                let begun = self.due(&plans, now).await;
                if compare || told.as_ref() != Some(&plans.maintenances) {
                    match self.tell(&plans.maintenances, now).await {
                        Ok(()) => told = Some(plans.maintenances),
                        Err(error) => {
                            tracing::warn!(%error, "members are not told of maintenance now; trying again");
                            told = None;
                        }
                    }
                }
                begun
            };
            let Some(begun) = stop.run_until_cancelled(Box::pin(work)).await else { return };
            under_way.extend(begun.into_iter().map(|planned| self.hand_over(planned)));
        }
    }

    /// Ends what is over, and answers what this replica has begun.
    async fn due(&self, plans: &Plans, now: DateTime<Utc>) -> Vec<Planned> {
        for maintenance in plans.maintenances.iter().filter(|it| it.until <= now) {
            self.record(PlanCommand::ExpireMaintenance { scope: maintenance.scope.clone(), now }).await;
        }
        let mut mine = Vec::new();
        for planned in &plans.switchovers {
            let Planned { switchover, begun } = planned;
            let is_free = begun.is_none_or(|at| now.signed_duration_since(at) > BEGUN_MAX);
            if switchover.at > now || !is_free {
                continue;
            }
            if self.record(PlanCommand::BeginSwitchover { switchover: switchover.clone(), now }).await {
                mine.push(planned.clone());
            }
        }
        mine
    }

    /// It has been begun by this replica; the plan says whether by another one before.
    async fn hand_over(&self, planned: Planned) {
        let Switchover { service, group, to, at, reason } = &planned.switchover;
        let (by, done) = {
            let contents = self.live.read();
            let planner = contents.state.installation.planner_of_switchover(&planned.switchover);
            let leader = contents.state.leaders.get(&(service.clone(), group.clone()));
            (planner.map(|it| it.by.clone()), leader.is_some_and(|leader| is_done(&planned, leader)))
        };
        let failure = if done {
            None
        } else {
            let operator = Operator::new(&self.connection, by.unwrap_or_else(|| Actor::system("plans")));
            let reason = format!("planned for {}: {reason}", at.format("%Y-%m-%d %H:%M:%S UTC"));
            let reason: String = reason.chars().take(aegis_domain::text::REASON_MAX).collect();
            let done = operator.step_down(service, group, to.as_ref(), &reason).await;
            done.err().map(|error| format!("{}: {}", error.code, error.message))
        };
        if let Some(failure) = &failure {
            tracing::warn!(%service, %group, failure, "a planned switchover was not carried out");
        }
        let (service, group) = (service.clone(), group.clone());
        self.record(PlanCommand::EndSwitchover { service, group, failure }).await;
    }

    /// Whether this very call has recorded something.
    async fn record(&self, command: PlanCommand) -> bool {
        let context = Context::new(Actor::system("plans"), Utc::now());
        let (id, command) = (AggregateId::Installation, Command::Plan(command));
        match self.journal.execute::<Installation>(&id, command, &context).await {
            Ok(recorded) => !recorded.is_empty(),
            // Another replica was faster.
            Err(ExecuteError::Rejected(Rejection::Plan(PlanRejection::NotPlanned))) => false,
            Err(error) => {
                tracing::warn!(%error, "a plan is not recorded now; trying again");
                false
            }
        }
    }

    /// Makes the pauses that the members see those that the log says.
    async fn tell(&self, maintenances: &[Maintenance], now: DateTime<Utc>) -> Result<(), PauseError> {
        let standing = self.pauses.standing().await?;
        for maintenance in maintenances.iter().filter(|it| it.until > now) {
            let Maintenance { scope, until, reason } = maintenance;
            let record = standing.get(scope).and_then(Option::as_ref);
            if !record.is_some_and(|record| record.until == *until && record.reason == *reason) {
                self.pauses.begin(maintenance, now).await?;
            }
        }
        let unplanned = || standing.keys().filter(|scope| !maintenances.iter().any(|it| it.scope == **scope));
        if unplanned().next().is_none() {
            return Ok(());
        }
        // This replica may be behind the log.
        let Some(plans) = self.recorded().await else { return Ok(()) };
        for scope in unplanned().filter(|scope| !plans.maintenances.iter().any(|it| it.scope == **scope)) {
            tracing::warn!(service = %scope.service, "automatic failover was paused without a maintenance; ending it");
            self.pauses.end(scope).await?;
        }
        Ok(())
    }

    /// What the log says now; none when it does not answer.
    async fn recorded(&self) -> Option<Plans> {
        match self.journal.load::<Installation>(&AggregateId::Installation).await {
            Ok(loaded) => Some(loaded.state.plans),
            Err(error) => {
                tracing::warn!(%error, "what is planned cannot be read now; trying again");
                None
            }
        }
    }
}

/// Whether the group is where it was to go: the member that was named has it, or a replica that died after it had begun has
/// had it handed over.
fn is_done(planned: &Planned, leader: &LeaderView) -> bool {
    let Some(owner) = &leader.instance else { return false };
    match &planned.switchover.to {
        Some(to) => owner == to,
        None => planned.begun.is_some_and(|begun| leader.since >= begun),
    }
}

#[cfg(test)]
mod tests {
    use aegis_domain::aggregate::leadership::ElectionReason;
    use aegis_domain::{GroupName, InstanceName, Sequence, ServiceName, Term};

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_group_is_handed_over_once_also_when_whoever_began_it_has_died() {
        let (service, group) = (ServiceName::new("desk").unwrap(), GroupName::new("ACC-1").unwrap());
        let name = |name: &str| InstanceName::new(name).unwrap();
        let planned = |to: Option<&str>, begun: Option<i64>| Planned {
            switchover: Switchover {
                service: service.clone(),
                group: group.clone(),
                to: to.map(name),
                at: at(100),
                reason: "before the opening".into(),
            },
            begun: begun.map(at),
        };
        let led_since = |second: i64, owner: Option<&str>| LeaderView {
            service: service.clone(),
            group: group.clone(),
            term: Term(2),
            instance: owner.map(name),
            since: at(second),
            reason: ElectionReason::OwnerResigned,
            vacancy_ms: None,
            sequence: Sequence(9),
        };
        let owned = led_since(50, Some("desk-2"));
        assert!(
            is_done(&planned(Some("desk-2"), None), &owned)
                && !is_done(&planned(Some("desk-1"), None), &owned)
        );
        assert!(!is_done(&planned(None, None), &owned) && !is_done(&planned(None, Some(100)), &owned));
        assert!(is_done(&planned(None, Some(100)), &led_since(101, Some("desk-2"))));
        assert!(!is_done(&planned(None, Some(100)), &led_since(101, None)), "nobody has it");
    }
}
