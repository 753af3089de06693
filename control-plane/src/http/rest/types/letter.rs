//! Dead letters, and what is decided on them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Header {
    name: String,
    value: String,
}

/// A message that nobody could process, put aside for 30 days.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct DeadLetter {
    /// Its position in the stream of dead letters.
    sequence: u64,
    subject: String,
    /// `event` for domain events that cannot be read.
    kind: String,
    /// Why it is one, where that is known.
    reason: Option<String>,
    original_subject: Option<String>,
    original_stream: Option<String>,
    original_sequence: Option<u64>,
    /// When it was put aside. With the sequence it names a letter for good.
    at: DateTime<Utc>,
    headers: Vec<Header>,
    /// Size of the payload in bytes.
    size: u64,
    /// The payload, when it is text: at most the first 4 KiB.
    text: Option<String>,
    /// The same bytes in base64.
    base64: String,
    /// Whether there is more of the payload than is shown.
    truncated: bool,
}

/// Why it is decided so.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http::rest) struct Decision {
    /// The letter's `at`. With it, a sequence that stands for another letter by now is refused.
    pub(in crate::http::rest) at: Option<DateTime<Utc>>,
    /// Why, for the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(in crate::http::rest) reason: String,
}

/// The decision is recorded and carried out.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct DeadLetterDone {
    dead_letter: u64,
    /// When that letter was put aside.
    at: DateTime<Utc>,
    /// The subject that the message was on before.
    subject: String,
    /// The event that records it.
    sequence: u64,
}

macro_rules! letter_fields {
    () => {
        " sequence subject kind reason originalSubject originalStream originalSequence at headers { name value }
          size text base64 truncated "
    };
}
pub(in crate::http::rest) use letter_fields;
