//! Strategies to choose an instance for the next call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aegis_domain::{GroupName, InstanceName};
use rand::Rng as _;

use super::candidate::{Candidate, Second};

/// How an instance is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Strategy {
    /// One after the other.
    #[default]
    RoundRobin,
    /// Any, each as likely.
    Random,
    /// The one with the least load: calls in flight and waiting as it last reported them, and those of this process
    /// that it has not answered. Of several with the same load one after the other.
    LeastLoaded,
    /// The owner of this group, if one is known; else, or without a group, the one that was chosen before for as
    /// long as it is there.
    StickyPreferred(Option<GroupName>),
    /// The one whose answers to this process took the least time, counted with the calls that it has not answered
    /// («peak EWMA», as in Twitter's Finagle). Instances that were not called yet come first, with few calls at a time. An error
    /// counts as a slow answer, and what was slow is forgotten by half every ten seconds.
    LowestLatency,
}

/// What choosing remembers.
#[derive(Debug, Default)]
pub(super) struct Chooser {
    turn: AtomicUsize,
    before: Mutex<Option<InstanceName>>,
}

impl Chooser {
    pub(super) fn choose<'a>(
        &self,
        strategy: &Strategy,
        candidates: &'a [Arc<Candidate>],
    ) -> Option<&'a Arc<Candidate>> {
        if candidates.len() < 2 {
            return candidates.first();
        }
        match strategy {
            Strategy::RoundRobin => candidates.get(self.turn(candidates.len())),
            Strategy::Random => candidates.get(rand::rng().random_range(0..candidates.len())),
            Strategy::LeastLoaded => self.least(candidates, |one| one.load()),
            Strategy::StickyPreferred(group) => self.sticky(group.as_ref(), candidates),
            Strategy::LowestLatency => {
                let now = Second::of(Instant::now());
                let known = candidates.iter().filter_map(|one| one.meter.latency_ns(now)).min();
                // Whoever is new is asked first, and not by all callers at once.
                let new = known.unwrap_or(2) / 2;
                self.least(candidates, |one| {
                    let under_way = one.meter.pending.load(Ordering::Relaxed) + 1;
                    one.meter.latency_ns(now).unwrap_or(new).max(1).saturating_mul(under_way)
                })
            }
        }
    }

    fn turn(&self, of: usize) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % of
    }

    /// The first of the least, beginning at another one each time.
    fn least<'a>(
        &self,
        candidates: &'a [Arc<Candidate>],
        cost: impl Fn(&Candidate) -> u64,
    ) -> Option<&'a Arc<Candidate>> {
        let (before, from) = candidates.split_at(self.turn(candidates.len()));
        from.iter().chain(before).min_by_key(|one| cost(one))
    }

    fn sticky<'a>(
        &self,
        group: Option<&GroupName>,
        candidates: &'a [Arc<Candidate>],
    ) -> Option<&'a Arc<Candidate>> {
        if let Some(group) = group
            && let Some(owner) = candidates.iter().find(|one| one.groups.contains(group))
        {
            return Some(owner);
        }
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let same = before.as_ref().and_then(|before| candidates.iter().find(|one| one.instance == *before));
        let chosen = same.or_else(|| candidates.get(self.turn(candidates.len())))?;
        if before.as_ref() != Some(&chosen.instance) {
            *before = Some(chosen.instance.clone());
        }
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use aegis_domain::{ServiceName, Version};

    use super::*;
    use crate::discovery::candidate::{Meter, Pick};

    fn candidate(name: &str, load: u64, groups: &[&str]) -> Arc<Candidate> {
        Arc::new(Candidate {
            service: ServiceName::new("echo").unwrap(),
            instance: InstanceName::new(name).unwrap(),
            version: Version::new("1.0.0").unwrap(),
            groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
            labels: BTreeMap::new(),
            reported_load: load,
            suspect: false,
            legacy: false,
            meter: Arc::default(),
        })
    }

    fn three() -> Vec<Arc<Candidate>> {
        vec![candidate("a", 5, &[]), candidate("b", 2, &["ACC-1"]), candidate("c", 9, &[])]
    }

    fn chosen(chooser: &Chooser, strategy: &Strategy, of: &[Arc<Candidate>], times: usize) -> String {
        (0..times).map(|_| chooser.choose(strategy, of).unwrap().instance.to_string()).collect()
    }

    #[test]
    fn round_robin_and_random_leave_no_instance_out() {
        let (chooser, all) = (Chooser::default(), three());
        assert_eq!(chosen(&chooser, &Strategy::RoundRobin, &all, 6), "abcabc");
        let drawn = chosen(&chooser, &Strategy::Random, &all, 300);
        for name in ["a", "b", "c"] {
            assert!((50..200).contains(&drawn.matches(name).count()), "{drawn}");
        }
        assert!(chooser.choose(&Strategy::RoundRobin, &[]).is_none());
    }

    #[test]
    fn the_least_loaded_is_chosen_and_calls_under_way_count() {
        let (chooser, all) = (Chooser::default(), three());
        assert_eq!(chosen(&chooser, &Strategy::LeastLoaded, &all, 3), "bbb");
        let picks: Vec<_> = (0..4).map(|_| Pick::new(Arc::clone(&all[1]))).collect();
        assert_eq!(chosen(&chooser, &Strategy::LeastLoaded, &all, 2), "aa");
        drop(picks);
        assert_eq!(chosen(&chooser, &Strategy::LeastLoaded, &all, 2), "bb");
        let equal = vec![candidate("a", 1, &[]), candidate("b", 1, &[])];
        let drawn = chosen(&chooser, &Strategy::LeastLoaded, &equal, 4);
        assert_eq!(drawn.matches('a').count(), 2, "{drawn}");
    }

    #[test]
    fn sticky_means_the_owner_or_else_the_same_as_before() {
        let (chooser, all) = (Chooser::default(), three());
        let owner = Strategy::StickyPreferred(Some("ACC-1".parse().unwrap()));
        assert_eq!(chosen(&chooser, &owner, &all, 3), "bbb");
        let sticky = Strategy::StickyPreferred(None);
        let first = chosen(&chooser, &sticky, &all, 1);
        assert_eq!(chosen(&chooser, &sticky, &all, 3), first.repeat(3));
        let rest: Vec<_> = all.into_iter().filter(|one| one.instance.as_str() != first).collect();
        let next = chosen(&chooser, &sticky, &rest, 1);
        assert_ne!(next, first);
        assert_eq!(chosen(&chooser, &sticky, &rest, 3), next.repeat(3));
    }

    #[test]
    fn the_quickest_is_chosen_once_all_were_asked() {
        let (chooser, all) = (Chooser::default(), three());
        for (one, ms) in all.iter().zip([30, 20, 10]) {
            let before = chosen(&chooser, &Strategy::LowestLatency, &all, 1);
            assert!(all.iter().any(|one| one.instance.as_str() == before && one.latency().is_none()));
            Pick::new(Arc::clone(one)).answered(Duration::from_millis(ms));
        }
        assert_eq!(chosen(&chooser, &Strategy::LowestLatency, &all, 2), "cc");
        let _busy = (Pick::new(Arc::clone(&all[2])), Pick::new(Arc::clone(&all[2])));
        assert_eq!(
            chosen(&chooser, &Strategy::LowestLatency, &all, 2),
            "bb",
            "10 ms times 3 is more than 20 ms"
        );
        for _ in 0..40 {
            all[0].meter.answered(Duration::from_millis(1), Second::of(Instant::now()));
        }
        assert!(all[0].latency().unwrap() < Duration::from_millis(2), "it forgets");
    }
    #[test]
    fn a_failing_instance_does_not_attract_calls_and_a_new_one_not_all_at_once() {
        let (chooser, all) = (Chooser::default(), three());
        for one in &all[..2] {
            one.meter.answered(Duration::from_millis(10), Second::of(Instant::now()));
        }
        let picked: Vec<_> = (0..6)
            .map(|_| Pick::new(Arc::clone(chooser.choose(&Strategy::LowestLatency, &all).unwrap())))
            .collect();
        let new = picked.iter().filter(|pick| pick.instance.as_str() == "c").count();
        assert!((2..=4).contains(&new), "half as slow as the others, and no quicker: {new} of 6");
        drop(picked);
        // It answers at once, with errors.
        let mut asked = 0;
        for _ in 0..100 {
            let pick = Pick::new(Arc::clone(chooser.choose(&Strategy::LowestLatency, &all).unwrap()));
            if pick.instance.as_str() == "c" {
                asked += 1;
                pick.failed(Duration::from_micros(50));
            }
        }
        assert!((5..10).contains(&asked), "each error doubles what it counts for: {asked} of 100");
    }

    #[test]
    fn an_instance_that_was_slow_is_called_again_later() {
        let (meter, now) = (Meter::default(), Instant::now());
        meter.answered(Duration::from_secs(2), Second::of(now));
        let after = |seconds| {
            Duration::from_nanos(meter.latency_ns(Second::of(now + Duration::from_secs(seconds))).unwrap())
        };
        assert_eq!((after(9), after(11)), (Duration::from_secs(2), Duration::from_secs(1)));
        assert!(after(120) < Duration::from_millis(1));
        assert!(after(100_000) > Duration::ZERO);
    }
}
