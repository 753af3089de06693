//! What became of the orders of one run.

use std::fmt;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

#[derive(Debug, Default)]
pub(super) struct Summary {
    ok: u64,
    refused: u64,
    unknown: u64,
    last_success: Option<Instant>,
    longest_gap: Option<Duration>,
}

impl Summary {
    pub(super) fn sent(&self) -> u64 {
        self.ok + self.refused + self.unknown
    }

    pub(super) fn filled(&mut self, at: Instant) {
        self.ok += 1;
        if let Some(last) = self.last_success {
            self.longest_gap = self.longest_gap.max(Some(at.saturating_duration_since(last)));
        }
        self.last_success = Some(at);
    }

    pub(super) fn failed(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refused => self.refused += 1,
            Outcome::Unknown => self.unknown += 1,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ok, refused, unknown, .. } = self;
        write!(f, "sent={} ok={ok} refused={refused} unknown={unknown} longest_gap_ms=", self.sent())?;
        match self.longest_gap {
            Some(gap) => write!(f, "{}", gap.as_millis()),
            None => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_and_finds_the_longest_gap() {
        let start = Instant::now();
        let mut summary = Summary::default();
        assert_eq!(summary.to_string(), "sent=0 ok=0 refused=0 unknown=0 longest_gap_ms=-");
        for ms in [0, 100, 900, 1_000] {
            summary.filled(start + Duration::from_millis(ms));
        }
        summary.failed(Outcome::Refused);
        summary.failed(Outcome::Unknown);
        assert_eq!(summary.to_string(), "sent=6 ok=4 refused=1 unknown=1 longest_gap_ms=800");
    }
}
