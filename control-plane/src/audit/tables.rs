//! The registry as tables.

use chrono::{DateTime, SecondsFormat, Utc};

/// The registry as it is printed in tables: rows in order of their names.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// The last message that it contains.
    pub(super) position: u64,
    /// What the log has lost before: the first and the last of each run.
    pub(super) missing: Vec<(u64, u64)>,
    pub(super) definitions: Vec<[String; 5]>,
    pub(super) instances: Vec<[String; 5]>,
    pub(super) groups: Vec<[String; 5]>,
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
