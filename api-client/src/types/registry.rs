//! The registry of a moment of the past.

use serde::Deserialize;

use super::{Definition, Instance, Leader, Page};

/// Messages that the log has lost, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Missing {
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
}

/// The registry exactly as it stood. There are no figures of instances: those are not part of the log.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Registry {
    /// Sequence of the last event that it contains.
    pub as_of_sequence: u64,
    /// Id of that event, where it is known.
    pub as_of_id: Option<String>,
    /// The log that it is told from: the stream, and when it was created.
    pub history: String,
    /// What the log has lost of its messages up to then: where there is any, this is not the registry as it stood, only what
    /// the rest of the log says.
    pub missing: Vec<Missing>,
    /// A page of definitions.
    pub definitions: Page<Definition>,
    /// A page of instances.
    pub instances: Page<Instance>,
    /// A page of groups.
    pub leaders: Page<Leader>,
}
