//! Which streams are of an installation, by their names: those of others on the same account are not its business.

use crate::Namespace;
use crate::wire::subject::kv_stream;

/// What a stream of an installation is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPurpose {
    /// Events, commands and streams of applications.
    Applications,
    /// A journal of users, by the name in that of its stream.
    Journal(String),
    /// The control plane's own: its log, heartbeats, dead letters, and what stands behind its buckets.
    ControlPlane,
}

impl Namespace {
    /// What the stream of this name is for, if it is of this installation.
    #[must_use]
    pub fn purpose_of(&self, stream: &str) -> Option<StreamPurpose> {
        if let Some(journal) = self.parse_journal_stream(stream) {
            return Some(StreamPurpose::Journal(journal));
        }
        let of_applications = stream == self.app_events_stream()
            || stream == self.commands_stream()
            || stream.strip_prefix(&self.app_stream("STREAM_")).is_some_and(|name| !name.is_empty());
        if of_applications {
            return Some(StreamPurpose::Applications);
        }
        let logs = [self.events_stream(), self.heartbeats_stream(), self.dead_letters_stream()];
        let is_own =
            logs.iter().any(|own| own == stream) || self.buckets().iter().any(|it| kv_stream(it) == stream);
        is_own.then_some(StreamPurpose::ControlPlane)
    }

    /// The name of the journal that this stream holds, in lower case.
    #[must_use]
    pub fn parse_journal_stream(&self, stream: &str) -> Option<String> {
        let name = stream.strip_prefix(&self.journal_stream(""))?;
        let valid = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        (!name.is_empty() && name.bytes().all(valid)).then(|| name.to_lowercase())
    }

    /// All buckets of the installation.
    #[must_use]
    pub fn buckets(&self) -> [String; 7] {
        [
            self.instances_bucket(),
            self.definitions_bucket(),
            self.leaders_bucket(),
            self.leases_bucket(),
            self.commands_bucket(),
            self.checkpoints_bucket(),
            self.snapshots_bucket(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_of_one_installation_at_most() {
        let (usual, other) = (Namespace::default(), Namespace::new("aegis_dev").unwrap());
        let journal = |name: &str| Some(StreamPurpose::Journal(name.to_owned()));
        for (stream, first, second) in [
            ("EVENTS", Some(StreamPurpose::Applications), None),
            ("COMMANDS", Some(StreamPurpose::Applications), None),
            ("STREAM_ticks", Some(StreamPurpose::Applications), None),
            ("STREAM_", None, None),
            ("AEGIS_DEV-EVENTS", None, Some(StreamPurpose::Applications)),
            ("AEGIS_DEV-STREAM_ticks", None, Some(StreamPurpose::Applications)),
            ("AEGIS_EVENTS", Some(StreamPurpose::ControlPlane), None),
            ("KV_aegis_leases", Some(StreamPurpose::ControlPlane), None),
            ("KV_aegis_dev_leases", None, Some(StreamPurpose::ControlPlane)),
            ("AEGIS_JOURNAL_LEDGER", journal("ledger"), None),
            ("AEGIS_DEV_JOURNAL_LEDGER", None, journal("ledger")),
            ("AEGIS_JOURNAL_", None, None),
            ("AEGIS_JOURNAL_ledger", None, None),
            ("AEGIS_JOURNAL_A.B", None, None),
            ("ORDERS", None, None),
        ] {
            assert_eq!(usual.purpose_of(stream), first, "{stream}");
            assert_eq!(other.purpose_of(stream), second, "{stream}");
        }
    }

    #[test]
    fn the_stream_of_a_journal_names_it() {
        for namespace in [Namespace::default(), Namespace::new("floor_1").unwrap()] {
            for name in ["ledger", "a_b_2", "journal"] {
                let stream = namespace.journal_stream(name);
                assert_eq!(namespace.parse_journal_stream(&stream).as_deref(), Some(name));
            }
        }
    }
}
