//! Dead letters, and what is decided on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One header of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A message that nobody could process.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its position in the stream of dead letters.
    pub sequence: u64,
    /// The subject of the letter.
    pub subject: String,
    /// `event` for domain events that cannot be read.
    pub kind: String,
    /// Why it is one, where that is known.
    pub reason: Option<String>,
    /// The subject it was on before.
    pub original_subject: Option<String>,
    /// The stream it was in before.
    pub original_stream: Option<String>,
    /// Its sequence there.
    pub original_sequence: Option<u64>,
    /// When it was put aside. With the sequence it names a letter for good.
    pub at: DateTime<Utc>,
    /// The headers that it had before.
    pub headers: Vec<Header>,
    /// Size of the payload in bytes.
    pub size: u64,
    /// The payload, when it is text: at most the first 4 KiB.
    pub text: Option<String>,
    /// The same bytes in base64.
    pub base64: String,
    /// Whether there is more of the payload than is shown.
    pub truncated: bool,
}

/// What is decided on a letter, and why.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Decision {
    /// The letter's `at`. With it, a sequence that stands for another letter by now is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Why, for the record.
    pub reason: String,
}

/// A decision is recorded and carried out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterDone {
    /// The sequence of the letter.
    pub dead_letter: u64,
    /// When it was put aside.
    pub at: DateTime<Utc>,
    /// The subject that the message was on before.
    pub subject: String,
    /// The event that records it.
    pub sequence: u64,
}
