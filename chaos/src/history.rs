//! What happened in one run, as plain data: what callers saw, what the sink holds, what the log says.

use serde::{Deserialize, Serialize};

/// Everything that a run is judged by.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History {
    /// Every call, in no particular order.
    pub invocations: Vec<Invocation>,
    /// Everything that the sink holds, in its order.
    pub effects: Vec<Effect>,
    /// The terms that the log has, in its order.
    pub log: Vec<Tenure>,
    /// For each group, whether it answered again after everything was healed.
    pub progress: Vec<Progress>,
    /// What members have said in panic.
    pub panics: Vec<String>,
    /// What the verification of the log has found.
    #[serde(default)]
    pub unverified: Vec<String>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// To have one effect.
    Append,
    /// Who leads, and in which term.
    Read,
}

/// One call, as its caller saw it. Times are microseconds of one monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Its id, never used twice.
    pub request: String,
    /// The group that was called.
    pub group: String,
    /// What was asked for.
    pub method: Method,
    /// Whether the client had leave to send it again without knowing the outcome.
    pub idempotent: bool,
    /// When it began: before anything was sent.
    pub begun: u64,
    /// When it ended: after the outcome was known.
    pub ended: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This instance answered, under this term.
    Answered {
        /// The term.
        term: u64,
        /// The instance.
        instance: String,
    },
    /// A code that promises that nothing has happened, and nothing will.
    NotDone {
        /// The code.
        code: String,
    },
    /// It may or may not have happened, or may still.
    Unknown,
    /// A code that promises nothing.
    Failed {
        /// The code.
        code: String,
    },
}

/// One message at the sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Where it stands.
    pub sequence: u64,
    /// The group.
    pub group: String,
    /// Who wrote it.
    pub instance: String,
    /// Under which term.
    pub term: u64,
    /// For which call.
    pub request: String,
}

/// A term in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenure {
    /// The group.
    pub group: String,
    /// The term.
    pub term: u64,
    /// Whose it is.
    pub instance: String,
}

/// Whether a group came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The group.
    pub group: String,
    /// How long after healing it answered, in milliseconds; nothing when it did not within the bound.
    pub answered_ms: Option<u64>,
}

impl History {
    /// How often a group changed hands.
    #[must_use]
    pub fn failovers(&self) -> usize {
        self.log.iter().filter(|tenure| tenure.term > 1).count()
    }
}
