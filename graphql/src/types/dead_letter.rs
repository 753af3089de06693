//! Dead letters.

use async_graphql::{InputObject, SimpleObject, Union};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::rejected::Rejected;
use super::scalar::Long;
use crate::ports::{self, Decided};

/// A message that nobody could process, put aside for 30 days.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DeadLetter {
    /// Its position in the stream of dead letters.
    pub(crate) sequence: Long,
    /// The subject of the letter.
    subject: String,
    /// `event` for domain events that cannot be read.
    kind: String,
    /// Why it is one, if whoever put it aside said so.
    reason: Option<String>,
    original_subject: Option<String>,
    original_stream: Option<String>,
    original_sequence: Option<Long>,
    /// When it was put aside, by the server's clock. A sequence together with this names a letter for good: a stream that was
    /// made anew counts from 1.
    pub(crate) at: DateTime<Utc>,
    headers: Vec<Header>,
    /// Size of the payload in bytes.
    size: Long,
    /// The payload as text, when it is text: at most the first 4 KiB.
    text: Option<String>,
    /// The same bytes in base64.
    base64: String,
    /// Whether there is more of the payload than is shown.
    truncated: bool,
}

#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Header {
    name: String,
    value: String,
}

/// What is to be done with a dead letter.
#[derive(Debug, Clone, InputObject)]
pub(crate) struct DeadLetterInput {
    pub(crate) sequence: Long,
    /// The letter's `at`. With it, a sequence that stands for another letter by now is refused (`HISTORY_REPLACED`).
    pub(crate) at: Option<DateTime<Utc>>,
    /// Why, for the record.
    pub(crate) reason: String,
}

/// The decision is recorded and carried out.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DeadLetterDone {
    /// Of the dead letter.
    dead_letter: Long,
    /// When that letter was put aside.
    at: DateTime<Utc>,
    /// The subject that the message was on before.
    subject: String,
    /// The event that records it.
    sequence: Long,
}

#[derive(Debug, Clone, Union)]
pub(crate) enum DeadLetterResult {
    Done(DeadLetterDone),
    Rejected(Rejected),
}

impl DeadLetterDone {
    pub(crate) fn new(letter: &ports::DeadLetter, done: Decided) -> Self {
        let dead_letter = letter.sequence.into();
        Self { dead_letter, at: letter.at, subject: done.subject, sequence: done.event.into() }
    }
}

impl From<ports::DeadLetter> for DeadLetter {
    fn from(letter: ports::DeadLetter) -> Self {
        let truncated = letter.size > letter.preview.len();
        Self {
            sequence: letter.sequence.into(),
            subject: letter.subject,
            kind: letter.kind,
            reason: letter.reason,
            original_subject: letter.original_subject,
            original_stream: letter.original_stream,
            original_sequence: letter.original_sequence.map(Into::into),
            at: letter.at,
            headers: letter.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
            size: (letter.size as u64).into(),
            text: text(&letter.preview, truncated),
            base64: BASE64_STANDARD.encode(&letter.preview),
            truncated,
        }
    }
}

/// The text that these bytes are; a character that the end of the preview has cut is left out.
fn text(bytes: &[u8], truncated: bool) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if error.error_len().is_none() && truncated => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok().map(str::to_owned)
        }
        Err(_binary) => None,
    }
}
