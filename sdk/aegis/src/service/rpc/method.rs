//! The methods of a service: what is served under a name, and how it fares.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_domain::MethodName;
use schemars::{JsonSchema, Schema};

use super::handler::Handler;
use aegis_telemetry::metrics::Meter;

/// How a method is reached, and what it answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::service) enum Kind {
    /// Any instance answers.
    Balanced,
    /// The owner of a group answers.
    Exclusive,
}

/// What is served, before it has a name that was checked.
#[derive(Debug)]
pub(in crate::service) struct Served {
    pub(in crate::service) kind: Kind,
    /// Whether it answers with a stream.
    pub(in crate::service) streams: bool,
    /// Whether the calls of a group are handled one after the other.
    pub(in crate::service) takes_turns: bool,
    pub(in crate::service) handler: Handler,
    pub(in crate::service) request: Schema,
    pub(in crate::service) response: Schema,
}

impl Served {
    pub(in crate::service) fn new<Req: JsonSchema, Res: JsonSchema>(
        kind: Kind,
        streams: bool,
        handler: Handler,
    ) -> Self {
        let (request, response) = (schemars::schema_for!(Req), schemars::schema_for!(Res));
        Self { kind, streams, takes_turns: false, handler, request, response }
    }
}

/// A method.
#[derive(Debug)]
pub(in crate::service) struct Method {
    pub(in crate::service) name: MethodName,
    pub(in crate::service) served: Served,
    pub(in crate::service) meter: Arc<Meter>,
    pub(super) pace: Pace,
}

impl Method {
    pub(in crate::service) fn new(name: MethodName, served: Served, meter: Arc<Meter>) -> Self {
        Self { name, served, meter, pace: Pace::default() }
    }
}

/// Whether the handler gives way soon: then it is begun where its call arrives, which saves a task and two
/// switches. One that has kept the thread has to show on as many calls that it does not any more as bring
/// the time that others waited for it down to [`SHARE`] a call.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many more short ones it takes.
    owed: AtomicU32,
    /// How many there were since the last long one.
    short: AtomicU32,
}

/// What counts as soon.
const SHORT: Duration = Duration::from_micros(50);
const SHARE: Duration = Duration::from_micros(3);
/// At first nothing is known of a handler.
const AT_FIRST: u32 = 16;
/// A thread that loses its processor for a moment is no slow handler: one in so many that is not longer than that
/// is forgiven.
const FORGIVEN: (u32, Duration) = (64, Duration::from_millis(5));

impl Default for Pace {
    fn default() -> Self {
        Self { owed: AtomicU32::new(AT_FIRST), short: AtomicU32::new(0) }
    }
}

impl Pace {
    pub(super) fn is_quick(&self) -> bool {
        self.owed.load(Ordering::Relaxed) == 0
    }

    /// The handler was begun, and gave way or ended after this time. Races between calls lose a count or two.
    pub(super) fn note(&self, took: Duration) {
        let (owed, short) = (self.owed.load(Ordering::Relaxed), self.short.load(Ordering::Relaxed));
        if took <= SHORT {
            self.short.store(short.saturating_add(1), Ordering::Relaxed);
            if owed > 0 {
                self.owed.store(owed - 1, Ordering::Relaxed);
            }
            return;
        }
        self.short.store(0, Ordering::Relaxed);
        if short < FORGIVEN.0 || took > FORGIVEN.1 {
            let calls = u32::try_from(took.as_nanos() / SHARE.as_nanos()).unwrap_or(u32::MAX);
            self.owed.store(owed.max(calls), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many short calls it is trusted.
    fn trusted_after(pace: &Pace) -> u32 {
        let mut calls = 0;
        while !pace.is_quick() {
            pace.note(Duration::ZERO);
            calls += 1;
        }
        calls
    }

    #[test]
    fn a_handler_that_keeps_the_thread_has_to_earn_its_trust_again() {
        let pace = Pace::default();
        assert_eq!(trusted_after(&pace), AT_FIRST);
        pace.note(Duration::from_micros(20));
        assert_eq!(trusted_after(&pace), 0);
        pace.note(Duration::from_millis(3));
        pace.note(Duration::from_micros(60));
        assert_eq!(trusted_after(&pace), 1_000);
        pace.note(Duration::from_millis(3));
        assert_eq!(trusted_after(&pace), 0, "once in a while is forgiven");
        pace.note(Duration::from_millis(3));
        assert_eq!(trusted_after(&pace), 1_000, "but not twice");
        pace.note(Duration::from_millis(30));
        assert_eq!(trusted_after(&pace), 10_000, "nor for long");
    }
}
