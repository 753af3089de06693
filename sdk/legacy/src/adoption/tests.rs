//! What is recorded of what was heard, and what is not.

use super::*;
use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::{Aggregate as _, InstanceName, ServiceName};

fn who() -> Who {
    (ServiceName::new("orders").unwrap(), InstanceName::new("orders-1").unwrap())
}

fn record(status: registry::Status) -> Record {
    Record {
        who: who(),
        version: Version::new("1.2.3").unwrap(),
        status,
        group: None,
        labels: BTreeMap::new(),
        last_heartbeat: None,
    }
}

/// A replica with its clock, and the log that it writes.
struct Stage {
    seen: Seen,
    log: Option<(Instance, Sequence)>,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        Self { seen: Seen::default(), log: None, now: Instant::now() }
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    fn beat(&mut self) -> &mut Self {
        self.seen.beat(who(), Metrics::default(), self.now);
        self
    }

    fn record(&mut self, revision: u64, status: registry::Status) -> &mut Self {
        self.seen.records(vec![(revision, record(status))], self.now);
        self
    }

    /// Carries out what is found, and answers it in a word.
    fn reconcile(&mut self) -> &'static str {
        let logged = self.log.as_ref().map(|(state, sequence)| Logged { state, sequence: *sequence });
        let mut words = self.seen.findings(|_| logged, self.now).into_iter().map(|(_, finding)| {
            let after = logged.map_or(Sequence::ZERO, |logged| logged.sequence);
            assert_eq!(finding.after, after, "an event belongs on the history that it was decided on");
            finding.command
        });
        let command = words.next();
        assert!(words.next().is_none());
        let Some(command) = command else { return "nothing" };
        let word = match &command {
            Command::Adopt(registration) => {
                assert!(registration.legacy);
                "adopt"
            }
            Command::Deregister { .. } => "deregister",
            Command::MarkUnhealthy { .. } => "unhealthy",
            Command::Register(_)
            | Command::ChangeStatus { .. }
            | Command::ReportConfiguration(_)
            | Command::Recover
            | Command::RequestDrain { .. }
            | Command::Expire { .. }
            | Command::InLife { .. }
            | Command::ReportConflict { .. }
            | Command::EndConflict { .. }
            | Command::Succeed { .. }
            | Command::Forget { .. } => panic!("{command:?}"),
        };
        self.execute(command);
        word
    }

    fn execute(&mut self, command: Command) {
        let state = self.log.clone().unwrap_or_default().0;
        for event in Instance::decide(&state, command).unwrap() {
            self.log(&event);
        }
    }

    fn log(&mut self, event: &InstanceEvent) {
        let (state, sequence) = self.log.get_or_insert((Instance::default(), Sequence::ZERO));
        state.evolve(event);
        sequence.0 += 1;
    }

    fn registration(&self) -> Registration {
        self.log.clone().unwrap().0.registration.unwrap()
    }

    fn adopted() -> Self {
        let mut stage = Self::new();
        assert_eq!(stage.record(1, registry::Status::Active).reconcile(), "adopt");
        stage
    }
}

#[test]
fn a_record_is_enough_to_be_adopted_once() {
    for status in [registry::Status::Active, registry::Status::Standby, registry::Status::Unhealthy] {
        let mut stage = Stage::new();
        assert_eq!(stage.record(1, status).reconcile(), "adopt", "{status:?}");
    }
    let mut stage = Stage::adopted();
    assert_eq!(stage.beat().reconcile(), "nothing");
    assert_eq!(Stage::new().record(1, registry::Status::Shutdown).reconcile(), "nothing");
}

#[test]
fn who_is_heard_without_a_record_is_adopted_after_waiting_for_it() {
    let mut stage = Stage::new();
    assert_eq!(stage.beat().reconcile(), "nothing");
    assert_eq!(stage.pass(2).reconcile(), "adopt");
    assert_eq!(stage.registration().version.as_str(), NO_VERSION);
}

#[test]
fn who_says_goodbye_is_deregistered_and_a_late_heartbeat_does_not_bring_it_back() {
    let mut stage = Stage::adopted();
    stage.seen.unregistered(&who(), stage.now);
    assert_eq!(stage.pass(1).beat().reconcile(), "deregister");
    assert_eq!(stage.pass(1).beat().reconcile(), "nothing", "it was under way");
    stage.pass(1);
    stage.seen.registered(who(), stage.now);
    assert_eq!(stage.reconcile(), "adopt", "but who registers anew is back at once");
    assert_eq!(Stage::adopted().record(2, registry::Status::Shutdown).reconcile(), "deregister");
}

#[test]
fn who_calls_itself_unhealthy_is_so_until_it_says_otherwise() {
    let mut stage = Stage::adopted();
    assert_eq!(stage.record(2, registry::Status::Unhealthy).reconcile(), "unhealthy");
    assert_eq!(stage.pass(9).reconcile(), "nothing");
    assert_eq!(stage.seen.well(stage.now), [].into(), "so its heartbeats do not make it recover");
    stage.record(3, registry::Status::Active).pass(2);
    let last = stage.log.as_ref().unwrap().1;
    assert_eq!(stage.seen.well(stage.now), [(who(), last)].into());
}

/// Another replica has read in its record that it is unhealthy, and this one is yet to read that.
#[test]
fn an_older_record_does_not_say_that_it_is_well() {
    let mut stage = Stage::adopted();
    stage.execute(Command::MarkUnhealthy { last_beat: None, missed: 0, reason: None });
    stage.reconcile();
    stage.pass(1);
    assert_eq!(stage.seen.well(stage.now), [].into());
    stage.pass(1);
    assert_eq!(stage.seen.well(stage.now).len(), 1, "by now it would have read it");
}

#[test]
fn a_record_that_was_refreshed_right_before_a_goodbye_does_not_revoke_it() {
    let mut stage = Stage::adopted();
    stage.seen.unregistered(&who(), stage.now);
    assert_eq!(stage.pass(1).record(2, registry::Status::Active).reconcile(), "deregister");
    assert_eq!(
        stage.pass(2).record(3, registry::Status::Active).reconcile(),
        "adopt",
        "but a later one does"
    );
}

#[test]
fn a_record_that_outlives_its_instance_does_not_bring_it_back() {
    let mut stage = Stage::adopted();
    stage.execute(Command::Expire { last_beat: None });
    for _ in 0..3 {
        assert_eq!(stage.pass(10).record(1, registry::Status::Active).reconcile(), "nothing");
    }
    assert_eq!(stage.pass(1).record(2, registry::Status::Active).reconcile(), "adopt", "but a refresh does");
    // A replica that starts anew sees the old record for the first time.
    stage.execute(Command::Expire { last_beat: None });
    stage.seen = Seen::default();
    assert_eq!(stage.record(2, registry::Status::Active).reconcile(), "nothing");
    assert_eq!(stage.pass(6).beat().reconcile(), "adopt", "and so does a heartbeat");
    // One that hears it before it can read the bucket.
    stage.execute(Command::Expire { last_beat: None });
    stage.seen = Seen::default();
    assert_eq!(stage.beat().reconcile(), "nothing");
    assert_eq!(stage.pass(1).record(2, registry::Status::Active).reconcile(), "nothing");
}

#[test]
fn an_instance_that_keeps_its_own_log_is_left_alone() {
    let mut stage = Stage::adopted();
    let registration = stage.registration();
    stage.log(&InstanceEvent::Registered(Registration { legacy: false, ..registration }));
    stage.seen.unregistered(&who(), stage.now);
    assert_eq!(stage.reconcile(), "nothing");
}

#[test]
fn what_is_remembered_is_bounded_and_forgotten() {
    let mut seen = Seen::default();
    let now = Instant::now();
    for n in 0..=MOST {
        let name = InstanceName::new(format!("orders-{n}")).unwrap();
        seen.beat((who().0, name), Metrics::default(), now);
    }
    assert_eq!(seen.0.len(), MOST);
    seen.forget(now + FORGET_AFTER);
    assert_eq!(seen.0.len(), 0);
}
