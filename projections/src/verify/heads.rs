//! Chain heads: what a log was at one moment, small enough to be kept elsewhere. An attacker who could write the whole
//! stream anew, with every chain intact, cannot make it fit heads that were exported before.

use std::collections::BTreeMap;

use aegis_domain::{AggregateVersion, Sequence};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The form of the file that is written.
const FORMAT: &str = "aegis-heads-2";
/// The form before it: it does not cover times of record, nor headers that are not of the event.
const FORMAT_1: &str = "aegis-heads-1";

/// The heads of all chains of a log, up to one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    format: String,
    /// The stream.
    pub stream: String,
    /// When they were taken.
    pub taken_at: DateTime<Utc>,
    /// The last message that they cover.
    pub sequence: Sequence,
    /// The digest over every message up to there, see [`aegis_domain::wire::chain::Digest`].
    pub digest: String,
    /// The same over the hashes of records, which cover times and all headers. Absent in the first form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// The last event of each aggregate.
    pub heads: BTreeMap<String, ChainHead>,
}

/// The last event of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// Its position.
    pub sequence: Sequence,
    /// The version that it made.
    pub version: AggregateVersion,
    /// Its hash.
    pub hash: String,
}

/// A text that is no file of heads.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// It is no such JSON.
    #[error("this is no file of chain heads: export one with `aegis verify --export-heads`")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the heads have the format {0:?}, and this program reads {FORMAT_1:?} and {FORMAT:?}")]
    Format(String),
}

impl Heads {
    pub(super) fn new(
        stream: String,
        taken_at: DateTime<Utc>,
        sequence: Sequence,
        (digest, records): (String, String),
        heads: BTreeMap<String, ChainHead>,
    ) -> Self {
        Self { format: FORMAT.to_owned(), stream, taken_at, sequence, digest, records: Some(records), heads }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// See [`HeadsError`].
    pub fn parse(text: &str) -> Result<Self, HeadsError> {
        let heads: Self = serde_json::from_str(text)?;
        // The second form without what makes it one would be weaker than it says.
        match (heads.format.as_str(), &heads.records) {
            (FORMAT, Some(_)) | (FORMAT_1, None) => Ok(heads),
            _ => Err(HeadsError::Format(heads.format)),
        }
    }
}
