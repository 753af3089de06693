//! Metrics of a connection, in fixed memory.
//!
//! Each method, event or command has a [`Meter`]; a connection's [`Meters`] hold them by role and name. Code that
//! records often keeps the meter instead of looking it up. The heartbeat of a service contains the busiest ones.

mod meter;
mod own;
#[cfg(feature = "totals")]
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::wire::heartbeat::{CALLED_MAX, MEASURED_MAX, Measured};
use aegis_domain::wire::latency::Latency;

pub use aegis_domain::wire::heartbeat::Role;
pub use meter::{Counts, Meter};
pub use own::{Counter, Gauge, Histogram, InvalidMetric, Labels, OwnMetrics, SERIES_MAX};
#[cfg(feature = "totals")]
pub use own::{Read, Value};
#[cfg(feature = "totals")]
pub use totals::BOUNDS_US;

/// The most meters that are kept for one role, about 11 KB each; what comes after that shares one of the name `OTHER`.
pub const METERS_MAX: usize = 256;

const OTHER: &str = "OTHER";

/// The meters of a connection. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Meters {
    known: Arc<RwLock<BTreeMap<Role, ByName>>>,
}

type ByName = BTreeMap<String, Arc<Meter>>;

impl Meters {
    /// The meter of this name, made when it is new.
    #[must_use]
    pub fn of(&self, role: Role, name: &str) -> Arc<Meter> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meters) = known.get(&role) {
            let full = meters.len() > METERS_MAX;
            if let Some(meter) = meters.get(name).or_else(|| meters.get(OTHER).filter(|_| full)) {
                return Arc::clone(meter);
            }
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let meters = known.entry(role).or_default();
        let name = if meters.len() < METERS_MAX || meters.contains_key(name) { name } else { OTHER };
        Arc::clone(meters.entry(name.to_owned()).or_default())
    }

    /// The meters of a role that were used: their names, their counts, and the latencies of all windows that have
    /// ended.
    #[cfg(feature = "totals")]
    pub fn each(&self, role: Role) -> Vec<(String, Counts, (Vec<u64>, std::time::Duration))> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let used = known.get(&role).into_iter().flatten().filter(|(_, meter)| !meter.is_unused());
        used.map(|(name, meter)| (name.clone(), meter.counts(), meter.durations())).collect()
    }

    /// All meters of a role, each with the latencies of its window, which ends here; a new window begins.
    pub fn take(&self, role: Role) -> Vec<Taken> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let meters = known.get(&role).into_iter().flatten();
        meters
            .map(|(name, meter)| Taken {
                role,
                name: name.clone(),
                latency: meter.take(),
                meter: Arc::clone(meter),
            })
            .collect()
    }
}

/// A meter, and the window that it has ended.
#[derive(Debug)]
pub struct Taken {
    role: Role,
    name: String,
    meter: Arc<Meter>,
    /// The latencies of the window.
    pub latency: Latency,
}

impl Taken {
    /// How many there were since the start, and how many of them failed.
    pub fn ended_and_failed(&self) -> (u64, u64) {
        self.meter.ended_and_failed()
    }

    /// The services whose methods were called, in order of name.
    pub fn called(all: &[Self]) -> Vec<String> {
        let calls = all.iter().filter(|taken| taken.role == Role::Call && !taken.meter.is_unused());
        let services = calls.filter_map(|taken| Some(taken.name.split_once('.')?.0));
        services.collect::<BTreeSet<_>>().into_iter().take(CALLED_MAX).map(str::to_owned).collect()
    }

    /// The busiest, in the form of a heartbeat.
    pub fn busiest(mut all: Vec<Self>) -> Vec<Measured> {
        all.retain(|taken| !taken.meter.is_unused());
        all.sort_by_cached_key(|taken| std::cmp::Reverse(taken.latency.count()));
        all.truncate(MEASURED_MAX);
        all.into_iter().map(Self::into_measured).collect()
    }

    fn into_measured(self) -> Measured {
        let counts = self.meter.counts();
        Measured {
            role: self.role,
            name: self.name,
            count: counts.count,
            errors: counts.errors,
            in_flight: counts.in_flight,
            codes: counts.codes,
            latency: (!self.latency.is_empty()).then_some(self.latency),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_number_of_meters_is_bounded_and_the_rest_counts_together() {
        let meters = Meters::default();
        for n in 0..METERS_MAX * 2 {
            meters.of(Role::Call, &n.to_string()).end(Duration::from_micros(5), None);
        }
        let taken = meters.take(Role::Call);
        assert!(taken.len() <= METERS_MAX + 1, "{}", taken.len());
        let other = meters.of(Role::Call, "yet another").counts();
        assert_eq!(other.count, u64::try_from(METERS_MAX).unwrap());
        assert_eq!(Taken::busiest(taken).len(), MEASURED_MAX);
    }

    #[test]
    fn roles_do_not_mix_and_a_window_is_told_once() {
        let meters = Meters::default();
        meters.of(Role::Call, "a").end(Duration::from_millis(3), Some(("MINE", "text")));
        let _unused = meters.of(Role::Call, "b");
        assert!(meters.take(Role::Serve).is_empty());
        let told = Taken::busiest(meters.take(Role::Call));
        assert_eq!((told.len(), told[0].count, told[0].errors, told[0].codes["MINE"]), (1, 1, 1, 1));
        assert_eq!(told[0].latency.as_ref().map(Latency::count), Some(1));
        assert_eq!(Taken::busiest(meters.take(Role::Call))[0].latency, None);
    }
}
