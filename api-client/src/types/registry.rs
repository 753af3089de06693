//! The registry of a moment of the past.

use serde::Deserialize;

use super::{Definition, Instance, Leader, Page};

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
    /// A page of definitions.
    pub definitions: Page<Definition>,
    /// A page of instances.
    pub instances: Page<Instance>,
    /// A page of groups.
    pub leaders: Page<Leader>,
}
