//! The time limit of a stop: one for all its steps.

use std::time::{Duration, Instant};

/// What is asked of NATS, which may be gone, has this long after the work, all in all.
const ASKING: Duration = Duration::from_secs(5);
/// What comes late gets a moment all the same.
const LEAST: Duration = Duration::from_secs(1);

/// The end of a stop that has begun.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) struct Closing {
    until: Instant,
}

impl Closing {
    /// Begins now, with so much time for the work that is in hand.
    pub(in crate::service) fn within(drain: Duration) -> Self {
        Self { until: Instant::now() + drain }
    }

    /// What is left for work that others wait for.
    pub(in crate::service) fn left(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// What is left for what only comes at the end.
    pub(in crate::service) fn left_at_the_end(self) -> Duration {
        self.left().max(LEAST)
    }

    /// How long NATS may take over one thing.
    pub(in crate::service) fn asking(self) -> Duration {
        let left = (self.until + ASKING).saturating_duration_since(Instant::now());
        left.clamp(LEAST, ASKING)
    }

    /// How long giving the groups up may take: the calls in flight for them, and then NATS.
    pub(in crate::service) fn resigning(self) -> Duration {
        self.left() + ASKING
    }
}
