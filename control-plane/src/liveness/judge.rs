//! Judges silent instances: unhealthy, expired, or spared in a mass silence. Pure.

use std::time::Duration;

use aegis_domain::aggregate::instance::Liveness;
use aegis_projections::state::InstanceKey;

/// So many missing heartbeats make an instance unhealthy.
const MISSED: u32 = 3;
/// So many missing heartbeats count for a mass silence. One less: those who fall silent at the same moment
/// had sent their last beat up to one interval apart, so when the first is due the others are close behind.
const FADING: u32 = MISSED - 1;
/// Of so few instances any share may really be dead.
const FEW: usize = 4;
/// So long a flapping instance has to be heard without a miss before it counts as recovered. A network or a
/// disk that stalls every few seconds never lets it get there; one whose fault is repaired is back while its
/// operator still looks.
pub(super) const HOLD_DOWN: Duration = Duration::from_secs(30);

/// What is known of one living instance.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) key: InstanceKey,
    pub(super) silent_for: Duration,
    /// How long it may have been silent, if its last heartbeat was long under way.
    pub(super) fading_for: Duration,
    /// How long it has been heard without a miss.
    pub(super) steady_for: Duration,
    pub(super) heard_since_listening: bool,
    pub(super) heartbeat: Duration,
    pub(super) record_ttl: Duration,
    pub(super) liveness: Liveness,
    pub(super) flapping: bool,
    /// It calls itself unhealthy while it is heard.
    pub(super) unwell: bool,
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

/// How much of the installation can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    /// Enough to judge each instance by itself.
    Clear,
    /// Most fell silent within one window: the fault is taken to be with the observers.
    Silent {
        /// How many are silent.
        silent: usize,
    },
    /// Not enough has been heard yet to say which.
    Unsure,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdicts: Vec<(InstanceKey, Verdict)>,
    pub(super) outlook: Visibility,
}

/// While `preserved`, and in a mass silence, no instance is marked down.
pub(super) fn judge(instances: &[Heard], preserved: bool) -> Judgement {
    let outlook = outlook(instances);
    let spared = preserved || matches!(outlook, Visibility::Silent { .. });
    let verdict = |heard: &Heard| {
        let verdict = match heard.liveness {
            Liveness::Unhealthy if heard.has_recovered() => Verdict::Recovered,
            _ if heard.missed() < MISSED || spared => return None,
            Liveness::Alive => Verdict::Unhealthy { missed: heard.missed() },
            Liveness::Unhealthy if heard.silent_for > heard.record_ttl => Verdict::Overdue,
            Liveness::Unhealthy | Liveness::Expired => return None,
        };
        Some((heard.key.clone(), verdict))
    };
    Judgement { verdicts: instances.iter().filter_map(verdict).collect(), outlook }
}

fn outlook(instances: &[Heard]) -> Visibility {
    let count = |test: &dyn Fn(&Heard) -> bool| instances.iter().filter(|heard| test(heard)).count();
    let is_new = |heard: &Heard| heard.liveness == Liveness::Alive;
    let silent = count(&|heard| heard.fades());
    // Only those not yet known as unhealthy count: one that died long ago is no sign of a mass silence.
    let newly = count(&|heard| heard.fades() && is_new(heard));
    let most = |count: usize| count * 2 > instances.len();
    let general = |newly, silent| instances.len() >= FEW && most(newly) && most(silent);
    if general(newly, silent) {
        return Visibility::Silent { silent };
    }
    // Whoever has not been heard yet may turn out to be silent.
    let unknown = count(&|heard| heard.is_unknown());
    let unknown_new = count(&|heard| heard.is_unknown() && is_new(heard));
    if general(newly + unknown_new, silent + unknown) { Visibility::Unsure } else { Visibility::Clear }
}

impl Heard {
    fn is_unknown(&self) -> bool {
        !self.heard_since_listening && !self.fades()
    }

    /// Without the half interval that lateness may take: it is the room for what keeps heartbeats of one moment apart.
    fn fades(&self) -> bool {
        self.fading_for >= self.heartbeat * FADING
    }

    fn has_recovered(&self) -> bool {
        let held_down = self.flapping && self.steady_for < HOLD_DOWN;
        self.missed() == 0 && self.heard_since_listening && !held_down && !self.unwell
    }

    /// How many heartbeats are missing; half an interval of lateness is none yet.
    pub(super) fn missed(&self) -> u32 {
        let grace = self.silent_for.saturating_sub(self.heartbeat / 2);
        let missed = grace.as_millis() / self.heartbeat.as_millis().max(1);
        u32::try_from(missed).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_domain::{InstanceName, ServiceName};

    fn heard(name: &str, silent_ms: u64, liveness: Liveness) -> Heard {
        Heard {
            key: (ServiceName::new("echo").unwrap(), InstanceName::new(name).unwrap()),
            silent_for: Duration::from_millis(silent_ms),
            fading_for: Duration::from_millis(silent_ms),
            steady_for: Duration::from_secs(1),
            heard_since_listening: silent_ms < 500,
            heartbeat: Duration::from_secs(1),
            record_ttl: Duration::from_secs(15),
            liveness,
            flapping: false,
            unwell: false,
        }
    }

    fn verdicts(instances: &[Heard]) -> Vec<Verdict> {
        judge(instances, false).verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    #[test]
    fn three_missing_beats_make_unhealthy_and_one_beat_recovers() {
        assert_eq!(verdicts(&[heard("a", 3_400, Liveness::Alive)]), []);
        assert_eq!(verdicts(&[heard("a", 3_600, Liveness::Alive)]), [Verdict::Unhealthy { missed: 3 }]);
        assert_eq!(verdicts(&[heard("a", 3_600, Liveness::Unhealthy)]), []);
        assert_eq!(verdicts(&[heard("a", 100, Liveness::Unhealthy)]), [Verdict::Recovered]);
        assert_eq!(verdicts(&[heard("a", 16_000, Liveness::Unhealthy)]), [Verdict::Overdue]);
    }

    #[test]
    fn a_replica_that_has_just_begun_to_listen_records_no_recovery() {
        let unheard = Heard { heard_since_listening: false, ..heard("a", 0, Liveness::Unhealthy) };
        assert_eq!(verdicts(&[unheard]), []);
    }

    fn five(silent: usize, liveness: Liveness) -> Vec<Heard> {
        (0..5).map(|n| heard(&format!("i{n}"), if n < silent { 9_000 } else { 0 }, liveness)).collect()
    }

    #[test]
    fn when_most_fall_silent_at_once_none_is_marked() {
        let judgement = judge(&five(3, Liveness::Alive), false);
        assert_eq!(judgement, Judgement { verdicts: vec![], outlook: Visibility::Silent { silent: 3 } });
        let few = judge(&five(3, Liveness::Alive)[..3], false);
        assert_eq!((few.outlook, few.verdicts.len()), (Visibility::Clear, 3), "of three, all may be dead");
    }

    #[test]
    fn the_first_of_those_who_fall_silent_together_is_not_marked_before_the_others_are_due() {
        let silent_ms = [3_600, 3_400, 2_900, 2_700, 0];
        let heard = |(n, ms): (usize, u64)| heard(&format!("i{n}"), ms, Liveness::Alive);
        let all: Vec<_> = silent_ms.into_iter().enumerate().map(heard).collect();
        let judgement = judge(&all, false);
        assert_eq!(judgement, Judgement { verdicts: vec![], outlook: Visibility::Silent { silent: 4 } });
    }

    #[test]
    fn a_heartbeat_that_was_long_under_way_hides_no_mass_silence() {
        let late = |name: &str, silent_ms, fading_ms| Heard {
            fading_for: Duration::from_millis(fading_ms),
            ..heard(name, silent_ms, Liveness::Alive)
        };
        let all = [late("a", 3_600, 3_700), late("b", 1_400, 3_500), late("c", 900, 2_100), late("d", 0, 0)];
        assert_eq!(judge(&all, false).verdicts, []);
        let alone = [late("a", 3_600, 3_700), late("b", 0, 900), late("c", 900, 1_000), late("d", 0, 0)];
        assert_eq!(judge(&alone, false).verdicts.len(), 1);
        let slow = [late("a", 900, 3_700), late("b", 0, 0), late("c", 0, 0), late("d", 0, 0)];
        assert_eq!(judge(&slow, false).verdicts, [], "it has just been heard");
    }

    #[test]
    fn during_self_preservation_no_instance_is_marked_down_and_those_that_are_heard_recover() {
        let mut all = five(1, Liveness::Alive);
        all[4].liveness = Liveness::Unhealthy;
        let judgement = judge(&all, true);
        assert_eq!(judgement.outlook, Visibility::Clear, "so it is left");
        let recovered: Vec<_> = judgement.verdicts.iter().map(|(_, verdict)| *verdict).collect();
        assert_eq!(recovered, [Verdict::Recovered]);
    }

    #[test]
    fn a_replica_that_has_just_begun_to_listen_does_not_say_that_all_is_clear() {
        let unheard = |silent_ms| {
            let all = five(0, Liveness::Alive).into_iter();
            let silent_for = Duration::from_millis(silent_ms);
            all.map(|one| Heard { heard_since_listening: false, silent_for, fading_for: silent_for, ..one })
                .collect::<Vec<_>>()
        };
        assert_eq!(judge(&unheard(100), false).outlook, Visibility::Unsure);
        assert_eq!(judge(&unheard(9_000), false).outlook, Visibility::Silent { silent: 5 });
        let mut some = unheard(100);
        some.iter_mut().take(3).for_each(|one| one.heard_since_listening = true);
        assert_eq!(judge(&some, false).outlook, Visibility::Clear, "whatever becomes of the other two");
    }

    #[test]
    fn a_flapping_instance_recovers_after_it_was_heard_for_long_and_one_that_is_unwell_does_not() {
        let back = heard("a", 0, Liveness::Unhealthy);
        let flapping = Heard { flapping: true, ..back.clone() };
        assert_eq!(verdicts(std::slice::from_ref(&flapping)), []);
        assert_eq!(verdicts(&[Heard { steady_for: HOLD_DOWN, ..flapping }]), [Verdict::Recovered]);
        assert_eq!(verdicts(&[Heard { unwell: true, ..back }]), []);
    }

    #[test]
    fn those_that_died_before_do_not_hide_a_further_death() {
        let mut all: Vec<_> = (0..4).map(|n| heard(&format!("i{n}"), 9_000, Liveness::Unhealthy)).collect();
        all.push(heard("late", 9_000, Liveness::Alive));
        assert_eq!(verdicts(&all), [Verdict::Unhealthy { missed: 8 }]);
    }
}
