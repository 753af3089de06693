//! What this replica has noticed of each instance itself, beside its last heartbeat.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aegis_domain::Sequence;
use aegis_projections::state::InstanceKey;

/// By instance; only of those whose life goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(BTreeMap<InstanceKey, Noticed>);

#[derive(Debug, Clone, Copy)]
struct Noticed {
    /// The event that began this life.
    life: Sequence,
    /// When it was first noticed.
    since: Instant,
    /// Since when no heartbeat was missing.
    steady: Option<Instant>,
}

impl Memory {
    /// When this life was first noticed. Before that, no heartbeat of it could be assigned.
    pub(super) fn since(&mut self, key: &InstanceKey, life: Sequence, now: Instant) -> Instant {
        let new = Noticed { life, since: now, steady: None };
        let noticed = self.0.entry(key.clone()).or_insert(new);
        if noticed.life != life {
            *noticed = new;
        }
        noticed.since
    }

    /// How long it has been heard without a miss, this moment included.
    pub(super) fn steady_for(&mut self, key: &InstanceKey, misses: bool, now: Instant) -> Duration {
        let Some(noticed) = self.0.get_mut(key) else { return Duration::ZERO };
        noticed.steady = if misses { None } else { noticed.steady.or(Some(now)) };
        noticed.steady.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Forgets all others.
    pub(super) fn retain(&mut self, alive: impl Fn(&InstanceKey) -> bool) {
        self.0.retain(|key, _| alive(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_domain::{InstanceName, ServiceName};

    #[test]
    fn a_miss_begins_the_steady_time_anew_and_a_new_life_everything() {
        let key = (ServiceName::new("echo").unwrap(), InstanceName::new("echo-1").unwrap());
        let begin = Instant::now();
        let second = |n| begin + Duration::from_secs(n);
        let mut memory = Memory::default();
        assert_eq!(memory.since(&key, Sequence(1), second(0)), second(0));
        assert_eq!(memory.steady_for(&key, false, second(0)), Duration::ZERO);
        assert_eq!(memory.steady_for(&key, false, second(5)), Duration::from_secs(5));
        assert_eq!(memory.steady_for(&key, true, second(6)), Duration::ZERO);
        assert_eq!(memory.steady_for(&key, false, second(7)), Duration::ZERO);
        assert_eq!(memory.steady_for(&key, false, second(9)), Duration::from_secs(2));
        assert_eq!(memory.since(&key, Sequence(1), second(9)), second(0));
        let reborn = Sequence(9);
        assert_eq!(memory.since(&key, reborn, second(10)), second(10));
        assert_eq!(memory.steady_for(&key, false, second(10)), Duration::ZERO);
        memory.retain(|_| false);
        assert_eq!(memory.since(&key, reborn, second(11)), second(11));
    }
}
