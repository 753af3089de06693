//! The port to dead letters.

use aegis_domain::{LetterId, Sequence};
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
    /// The newest before a letter, or of all; of one kind, or of all.
    fn list(
        &self,
        before: Option<LetterId>,
        count: usize,
        kind: Option<String>,
    ) -> BoxFuture<'_, Result<DeadLetterPage, Refused>>;
    /// This one; another one that stands at its position by now is `HISTORY_REPLACED`, here and below.
    fn get(&self, id: LetterId) -> BoxFuture<'_, Result<DeadLetter, Refused>>;
    /// Sends it back to where it came from.
    fn redrive(&self, by: Principal, id: LetterId, reason: String)
    -> BoxFuture<'_, Result<Decided, Refused>>;
    /// Gives it up.
    fn discard(&self, by: Principal, id: LetterId, reason: String)
    -> BoxFuture<'_, Result<Decided, Refused>>;
}
