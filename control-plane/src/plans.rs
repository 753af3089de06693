//! Carries out what operators plan: tells the members of maintenance, ends what is over, and hands groups over when
//! their time has come.
//!
//! Any number of replicas do the same side by side: the log takes each event once, the pause of a maintenance is the same
//! from each of them, and a switchover is carried out by the replica whose event says that it has begun. If that replica
//! dies, another one goes on after a minute.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, Rejection};
use aegis_domain::aggregate::plan::{
    BEGUN_MAX, Maintenance, PlanCommand, PlanRejection, Planned, Plans, Switchover,
};
use aegis_domain::{Actor, AggregateId, Context};
use aegis_journal::ExecuteError;
use aegis_journal::Journal;
use aegis_leases::leadership::pause::{PauseError, Pauses};
use aegis_nats::Connection;
use aegis_projections::Live;
use aegis_projections::view::LeaderView;
use aegis_sdk::Operator;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::background::{Failures, Task};
use crate::clock::ServerClock;

/// How often it is looked whether the members know what the log says, also when nothing has changed.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

/// Carries plans out.
pub(crate) struct Executor {
    plans: Reach,
    /// What the members were told last.
    told: Option<Vec<Maintenance>>,
    /// When that was last compared with what they know.
    compared_at: Option<Instant>,
    /// The hand-overs under way: they take as long as the calls in flight.
    under_way: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// What plans are carried out with. Cheap to clone.
#[derive(Debug, Clone)]
struct Reach {
    connection: Connection,
    journal: Journal,
    live: Live,
    clock: ServerClock,
    pauses: Pauses,
}

impl Task for Executor {
    const NAME: &'static str = "plans";
    /// A switchover comes at most so much late.
    const PERIOD: Duration = Duration::from_millis(250);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let plans = self.plans.live.read().state.installation.plans.clone();
        let now = self.plans.clock.now();
        let mut failures = Failures::default();
        let begun = self.plans.due(&plans, now, &mut failures).await;
        if self.is_to_be_compared() || self.told.as_ref() != Some(&plans.maintenances) {
            failures.take(self.tell(&plans.maintenances, now).await);
        }
        for planned in begun {
            let reach = self.plans.clone();
            self.under_way.push(Box::pin(async move { reach.hand_over(planned).await }));
        }
        let (maintenances, switchovers) = (plans.maintenances.len(), plans.switchovers.len());
        let under_way = self.under_way.len();
        failures.or(|| {
            format!(
                "{maintenances} maintenances, {switchovers} switchovers, {under_way} handed over here now"
            )
        })
    }

    async fn between(&mut self) {
        while let Some(()) = self.under_way.next().await {}
        std::future::pending().await
    }
}

impl Executor {
    pub(crate) fn new(connection: Connection, journal: Journal, live: Live, clock: ServerClock) -> Self {
        let pauses = Pauses::new(&connection);
        let plans = Reach { connection, journal, live, clock, pauses };
        Self { plans, told: None, compared_at: None, under_way: FuturesUnordered::new() }
    }

    fn is_to_be_compared(&self) -> bool {
        self.compared_at.is_none_or(|at| at.elapsed() + Self::PERIOD / 2 >= COMPARE_EVERY)
    }

    /// Has the members know of these.
    async fn tell(&mut self, maintenances: &[Maintenance], now: DateTime<Utc>) -> anyhow::Result<()> {
        let begun = Instant::now();
        match self.plans.tell(maintenances, now).await {
            Ok(()) => {
                (self.told, self.compared_at) = (Some(maintenances.to_vec()), Some(begun));
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "members are not told of maintenance now; trying again");
                self.told = None;
                Err(error).context("members are not told of maintenance")
            }
        }
    }
}

impl Reach {
    /// Ends what is over, and answers what this replica has begun.
    async fn due(&self, plans: &Plans, now: DateTime<Utc>, failures: &mut Failures) -> Vec<Planned> {
        for maintenance in plans.maintenances.iter().filter(|it| it.until <= now) {
            let expire = PlanCommand::ExpireMaintenance { scope: maintenance.scope.clone(), now };
            failures.take(self.record(expire).await);
        }
        let mut mine = Vec::new();
        for planned in &plans.switchovers {
            let Planned { switchover, begun } = planned;
            let is_free = begun.is_none_or(|at| now.signed_duration_since(at) > BEGUN_MAX);
            if switchover.at > now || !is_free {
                continue;
            }
            let begin = PlanCommand::BeginSwitchover { switchover: switchover.clone(), now };
            if failures.take(self.record(begin).await) == Some(true) {
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
        // A failure was told in the log; another replica ends it.
        let _ended = self.record(PlanCommand::EndSwitchover { service, group, failure }).await;
    }

    /// Whether this very call has recorded something.
    async fn record(&self, command: PlanCommand) -> anyhow::Result<bool> {
        let context = Context::new(Actor::system("plans"), Utc::now());
        let (id, command) = (AggregateId::Installation, Command::Plan(command));
        match self.journal.execute::<Installation>(&id, command, &context).await {
            Ok(executed) => Ok(!executed.recorded.is_empty()),
            // Another replica was faster.
            Err(ExecuteError::Rejected { rejection: Rejection::Plan(PlanRejection::NotPlanned), .. }) => {
                Ok(false)
            }
            Err(error) => {
                tracing::warn!(%error, "a plan is not recorded now; trying again");
                Err(error).context("a plan is not recorded")
            }
        }
    }

    /// Makes the pauses that the members see those that the log says.
    async fn tell(&self, maintenances: &[Maintenance], now: DateTime<Utc>) -> Result<(), PauseError> {
        let in_force = self.pauses.in_force().await?;
        for maintenance in maintenances.iter().filter(|it| it.until > now) {
            let Maintenance { scope, until, reason } = maintenance;
            let record = in_force.get(scope).and_then(Option::as_ref);
            if !record.is_some_and(|record| record.until == *until && record.reason == *reason) {
                self.pauses.begin(maintenance, now).await?;
            }
        }
        let unplanned = || in_force.keys().filter(|scope| !maintenances.iter().any(|it| it.scope == **scope));
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
    fn a_group_is_handed_over_once_also_when_the_replica_that_began_it_has_died() {
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
