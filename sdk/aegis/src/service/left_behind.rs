//! What a stop could not wait for.

use super::rpc::LeftCall;

/// So many calls are named in the log.
const NAMED: usize = 5;

/// What was not done when an instance had stopped: its time for that was over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// Calls whose handlers were still at work. Their callers were told `OUTCOME_UNKNOWN` at once, and the handlers were
    /// dropped at the await where they stood.
    pub calls: Vec<LeftCall>,
    /// Calls that nobody could be answered for: their handlers hold their threads, without an await. Their callers wait until
    /// their time is over.
    pub unanswered: u64,
    /// Events that the stream has not acknowledged: they may be lost.
    pub events: usize,
}

impl LeftBehind {
    /// Whether nothing was: all calls have ended, and all events are in the stream.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.unanswered == 0 && self.events == 0
    }

    /// Says it in the log, in one line.
    pub(super) fn tell(&self) {
        if self.is_empty() {
            return;
        }
        let name = |call: &LeftCall| match &call.group {
            Some(group) => format!("{} of {group} ({})", call.method, call.request_id),
            None => format!("{} ({})", call.method, call.request_id),
        };
        let named: Vec<_> = self.calls.iter().take(NAMED).map(name).collect();
        tracing::warn!(
            calls = self.calls.len(),
            unanswered = self.unanswered,
            events = self.events,
            first_calls = named.join(", "),
            "stopped with work left behind: callers were told that the outcome is not known, events may be lost"
        );
    }
}
