//! The registry of a moment of the past.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Connection, Definition, Instance, Leader, Page};

/// As the schema tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct RegistryData {
    as_of_sequence: u64,
    as_of_id: Option<String>,
    history: String,
    missing: Vec<Missing>,
    pub(in crate::http::rest) definitions: Connection<Definition>,
    pub(in crate::http::rest) instances: Connection<Instance>,
    pub(in crate::http::rest) leaders: Connection<Leader>,
}

/// Messages that the log has lost, both ends included.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(in crate::http::rest) struct Missing {
    first: u64,
    last: u64,
}

/// The registry exactly as it stood. There are no figures of instances: those are not part of the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::rest) struct Registry {
    /// Sequence of the last event that it contains.
    as_of_sequence: u64,
    /// Id of that event, where it is known.
    as_of_id: Option<String>,
    /// The log that it is told from: the stream, and when it was created.
    history: String,
    /// What the log has lost of its messages up to then: where there is any, this is not the registry as it stood, only what
    /// the rest of the log says.
    missing: Vec<Missing>,
    definitions: Page<Definition>,
    instances: Page<Instance>,
    leaders: Page<Leader>,
}

impl From<RegistryData> for Registry {
    fn from(data: RegistryData) -> Self {
        let as_of = data.as_of_sequence;
        Self {
            as_of_sequence: as_of,
            as_of_id: data.as_of_id,
            history: data.history,
            missing: data.missing,
            definitions: data.definitions.page(as_of),
            instances: data.instances.page(as_of),
            leaders: data.leaders.page(as_of),
        }
    }
}

impl Registry {
    /// Whether one of its lists has another page.
    pub(in crate::http::rest) fn has_more(&self) -> bool {
        let more = [&self.definitions.next_cursor, &self.instances.next_cursor, &self.leaders.next_cursor];
        more.iter().any(|cursor| cursor.is_some())
    }
}
