//! What the schema needs to know of dead letters.

use aegis_domain::{ErrorCode, Sequence};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::{Principal, Refused};

/// A message that nobody could process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its position in the stream of dead letters.
    pub sequence: u64,
    /// The subject of the letter.
    pub subject: String,
    /// Its kind, `event` for domain events.
    pub kind: String,
    /// Why it is one, if whoever put it aside said so.
    pub reason: Option<String>,
    /// The subject it was on before.
    pub original_subject: Option<String>,
    /// The stream it was in before.
    pub original_stream: Option<String>,
    /// Its sequence there.
    pub original_sequence: Option<u64>,
    /// When it was put aside.
    pub at: DateTime<Utc>,
    /// The headers that it had before.
    pub headers: Vec<(String, String)>,
    /// The size of its payload in bytes.
    pub size: usize,
    /// The beginning of its payload.
    pub preview: Vec<u8>,
}

/// Letters of one page, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A decision that was recorded and carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The event that records it.
    pub event: Sequence,
    /// The subject that the message was on before.
    pub subject: String,
}

/// The dead letters, and what is done with them.
pub trait DeadLetters: Send + Sync {
    /// How many there are.
    fn count(&self) -> BoxFuture<'_, Result<u64, Refused>>;
    /// The newest before a sequence, or of all; of one kind, or of all.
    fn list(
        &self,
        before: Option<u64>,
        count: usize,
        kind: Option<String>,
    ) -> BoxFuture<'_, Result<DeadLetterPage, Refused>>;
    /// The one at this sequence.
    fn get(&self, sequence: u64) -> BoxFuture<'_, Result<DeadLetter, Refused>>;
    /// Sends it back to where it came from.
    fn redrive(
        &self,
        by: Principal,
        sequence: u64,
        reason: String,
    ) -> BoxFuture<'_, Result<Decided, Refused>>;
    /// Gives it up.
    fn discard(
        &self,
        by: Principal,
        sequence: u64,
        reason: String,
    ) -> BoxFuture<'_, Result<Decided, Refused>>;
}

/// Whether a letter is the one that was put aside then: its stream may have been made anew, and count from 1 again.
pub(crate) fn is_seen(letter: &DeadLetter, at: Option<DateTime<Utc>>) -> Result<(), Refused> {
    if at.is_none_or(|at| at.timestamp_micros() == letter.at.timestamp_micros()) {
        return Ok(());
    }
    let message = format!(
        "dead letter {} is another one than you have seen: it was put aside at {}; nothing was done, list them anew",
        letter.sequence,
        letter.at.to_rfc3339()
    );
    Err(Refused { code: ErrorCode::HistoryReplaced, message })
}
