//! What the silence of instances means. Pure.

use std::time::Duration;

use aegis_domain::aggregate::instance::Hearing;
use aegis_projections::state::InstanceKey;

/// So many missing heartbeats make an instance unhealthy.
const MISSED: u32 = 3;
/// Of so few instances any share may really be dead.
const FEW: usize = 4;

/// What is known of one living instance.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) key: InstanceKey,
    pub(super) silent_for: Duration,
    pub(super) heard_since_listening: bool,
    pub(super) heartbeat: Duration,
    pub(super) record_ttl: Duration,
    pub(super) hearing: Hearing,
}

/// What is to be recorded of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Several heartbeats are missing.
    Unhealthy { missed: u32 },
    /// It is heard again.
    Recovered,
    /// It is silent for longer than its record lives: if that is gone, it has expired.
    Overdue,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdicts: Vec<(InstanceKey, Verdict)>,
    /// Most fell silent within one window: nothing is marked down.
    pub(super) general_silence: bool,
}

pub(super) fn judge(instances: &[Heard]) -> Judgement {
    let silent = instances.iter().filter(|heard| heard.missed() >= MISSED).count();
    // Only those not yet known as unhealthy count: one that died long ago is no sign of a general fault.
    let newly =
        instances.iter().filter(|heard| heard.missed() >= MISSED && heard.hearing == Hearing::Heard).count();
    let general_silence =
        instances.len() >= FEW && newly * 2 > instances.len() && silent * 2 > instances.len();
    let verdict = |heard: &Heard| {
        let verdict = match heard.hearing {
            Hearing::Unhealthy if heard.missed() == 0 && heard.heard_since_listening => Verdict::Recovered,
            _ if heard.missed() < MISSED || general_silence => return None,
            Hearing::Heard => Verdict::Unhealthy { missed: heard.missed() },
            Hearing::Unhealthy if heard.silent_for > heard.record_ttl => Verdict::Overdue,
            Hearing::Unhealthy | Hearing::Expired => return None,
        };
        Some((heard.key.clone(), verdict))
    };
    Judgement { verdicts: instances.iter().filter_map(verdict).collect(), general_silence }
}

impl Heard {
    /// How many heartbeats are missing; half an interval of lateness is none yet.
    fn missed(&self) -> u32 {
        let grace = self.silent_for.saturating_sub(self.heartbeat / 2);
        let missed = grace.as_millis() / self.heartbeat.as_millis().max(1);
        u32::try_from(missed).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_domain::{InstanceName, ServiceName};

    fn heard(name: &str, silent_ms: u64, hearing: Hearing) -> Heard {
        Heard {
            key: (ServiceName::new("echo").unwrap(), InstanceName::new(name).unwrap()),
            silent_for: Duration::from_millis(silent_ms),
            heard_since_listening: silent_ms < 500,
            heartbeat: Duration::from_secs(1),
            record_ttl: Duration::from_secs(15),
            hearing,
        }
    }

    fn verdicts(instances: &[Heard]) -> Vec<Verdict> {
        judge(instances).verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    #[test]
    fn three_missing_beats_make_unhealthy_and_one_beat_recovers() {
        assert_eq!(verdicts(&[heard("a", 3_400, Hearing::Heard)]), []);
        assert_eq!(verdicts(&[heard("a", 3_600, Hearing::Heard)]), [Verdict::Unhealthy { missed: 3 }]);
        assert_eq!(verdicts(&[heard("a", 3_600, Hearing::Unhealthy)]), []);
        assert_eq!(verdicts(&[heard("a", 100, Hearing::Unhealthy)]), [Verdict::Recovered]);
        assert_eq!(verdicts(&[heard("a", 16_000, Hearing::Unhealthy)]), [Verdict::Overdue]);
    }

    #[test]
    fn a_replica_that_has_just_begun_to_listen_calls_nobody_recovered() {
        let unheard = Heard { heard_since_listening: false, ..heard("a", 0, Hearing::Unhealthy) };
        assert_eq!(verdicts(&[unheard]), []);
    }

    #[test]
    fn when_most_fall_silent_at_once_none_is_marked() {
        let all: Vec<_> =
            (0..5).map(|n| heard(&format!("i{n}"), if n < 3 { 9_000 } else { 0 }, Hearing::Heard)).collect();
        let judgement = judge(&all);
        assert!(judgement.general_silence && judgement.verdicts.is_empty(), "{judgement:?}");
        let few = judge(&all[..3]);
        assert_eq!((few.general_silence, few.verdicts.len()), (false, 3), "of three, all may be dead");
    }

    #[test]
    fn those_that_died_before_do_not_hide_a_further_death() {
        let mut all: Vec<_> = (0..4).map(|n| heard(&format!("i{n}"), 9_000, Hearing::Unhealthy)).collect();
        all.push(heard("late", 9_000, Hearing::Heard));
        assert_eq!(verdicts(&all), [Verdict::Unhealthy { missed: 8 }]);
    }
}
