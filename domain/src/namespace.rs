//! The names of streams, buckets and subjects of one installation.

use crate::name::InvalidName;
use crate::{InstanceName, ServiceName};

/// What the subjects of the default namespace, and those of the Python SDK, begin with, beside its own name.
const RESERVED: [&str; 6] = ["rpc", "service", "events", "commands", "stream", "internal"];

/// The prefix of everything that one installation owns on a NATS account; `aegis` by default.
///
/// Nothing of two namespaces has one name: neither subjects nor streams, buckets or consumers. What services and clients
/// share (calls, events, commands, streams) has no prefix in the default namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Namespace(String);

impl Default for Namespace {
    fn default() -> Self {
        Self("aegis".to_owned())
    }
}

impl Namespace {
    /// Checks the text and wraps it.
    ///
    /// # Errors
    /// When it is not a lower-case letter followed by lower-case letters, digits or `_`, 32 at most; when it is a word
    /// that other subjects begin with (`rpc`, `service`, `events`, `commands`, `stream`, `internal`); or when
    /// its streams could be taken for those of another: by `stream_` at its beginning, or `journal` among the
    /// parts between its `_`.
    pub fn new(value: &str) -> Result<Self, InvalidName> {
        let valid = value.len() <= 32
            && value.starts_with(|c: char| c.is_ascii_lowercase())
            && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let rule = if !valid {
            "a lower-case letter, then lower-case letters, digits or '_', 32 characters at most"
        } else if RESERVED.contains(&value) {
            "none of rpc, service, events, commands, stream and internal, which other subjects begin with"
        } else if value.starts_with("stream_") || value.split('_').any(|part| part == "journal") {
            "not one that begins with stream_ or has the part journal, which other streams are named by"
        } else {
            return Ok(Self(value.to_owned()));
        };
        Err(InvalidName { kind: "namespace", value: value.chars().take(80).collect(), rule })
    }

    /// The namespace as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the default one, whose calls, events, commands and streams have no prefix.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What the subjects of calls, events, commands and streams begin with: nothing in the default namespace.
    #[must_use]
    pub fn prefix(&self) -> String {
        if self.is_default() { String::new() } else { format!("{}.", self.0) }
    }

    /// A JetStream stream of applications. `-` stands in no namespace, so it ends the name of one.
    pub(crate) fn app_stream(&self, name: &str) -> String {
        if self.is_default() { name.to_owned() } else { format!("{}-{name}", self.0.to_uppercase()) }
    }

    /// The stream of the events of applications.
    #[must_use]
    pub fn app_events_stream(&self) -> String {
        self.app_stream("EVENTS")
    }

    /// The work queue of commands.
    #[must_use]
    pub fn commands_stream(&self) -> String {
        self.app_stream("COMMANDS")
    }

    /// The stream of domain events.
    #[must_use]
    pub fn events_stream(&self) -> String {
        format!("{}_EVENTS", self.0.to_uppercase())
    }

    /// The stream of heartbeats.
    #[must_use]
    pub fn heartbeats_stream(&self) -> String {
        format!("{}_HEARTBEATS", self.0.to_uppercase())
    }

    /// The stream of dead letters.
    #[must_use]
    pub fn dead_letters_stream(&self) -> String {
        format!("{}_DEAD_LETTERS", self.0.to_uppercase())
    }

    /// The bucket of live instance records.
    #[must_use]
    pub fn instances_bucket(&self) -> String {
        format!("{}_instances", self.0)
    }

    /// The bucket that projects definitions.
    #[must_use]
    pub fn definitions_bucket(&self) -> String {
        format!("{}_definitions", self.0)
    }

    /// The bucket that projects leaders.
    #[must_use]
    pub fn leaders_bucket(&self) -> String {
        format!("{}_leaders", self.0)
    }

    /// The bucket of how commands have ended.
    #[must_use]
    pub fn commands_bucket(&self) -> String {
        format!("{}_commands", self.0)
    }

    /// The bucket of how far the readers of streams have come.
    #[must_use]
    pub fn checkpoints_bucket(&self) -> String {
        format!("{}_checkpoints", self.0)
    }

    /// The bucket that decides who leads.
    #[must_use]
    pub fn leases_bucket(&self) -> String {
        format!("{}_leases", self.0)
    }

    /// What the subjects of all domain events begin with.
    #[must_use]
    pub fn events_prefix(&self) -> String {
        format!("{}.event", self.0)
    }

    /// The stream of a journal that is not the control plane's.
    #[must_use]
    pub fn journal_stream(&self, name: &str) -> String {
        format!("{}_JOURNAL_{}", self.0.to_uppercase(), name.to_uppercase())
    }

    /// What the subjects of such a journal begin with.
    #[must_use]
    pub fn journal_prefix(&self, name: &str) -> String {
        format!("{}.journal.{name}", self.0)
    }

    /// The bucket of snapshots of long aggregates.
    #[must_use]
    pub fn snapshots_bucket(&self) -> String {
        format!("{}_snapshots", self.0)
    }

    /// The subjects of all domain events.
    #[must_use]
    pub fn all_events(&self) -> String {
        format!("{}.event.>", self.0)
    }

    /// The subject of the heartbeats of one instance.
    #[must_use]
    pub fn heartbeat_subject(&self, service: &ServiceName, instance: &InstanceName) -> String {
        format!("{}.heartbeat.{service}.{instance}", self.0)
    }

    /// The subjects of all heartbeats.
    #[must_use]
    pub fn all_heartbeats(&self) -> String {
        format!("{}.heartbeat.>", self.0)
    }

    /// Whether the subject is the server's, or one of this installation. No answer goes there: whoever answers may publish
    /// what the one who asks may not.
    #[must_use]
    pub fn is_reserved(&self, subject: &str) -> bool {
        subject.starts_with('$') || subject.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('.'))
    }

    /// What the subject of every heartbeat begins with.
    #[must_use]
    pub fn heartbeats_prefix(&self) -> String {
        format!("{}.heartbeat.", self.0)
    }

    /// The instance that a heartbeat subject names.
    #[must_use]
    pub fn parse_heartbeat_subject(&self, subject: &str) -> Option<(ServiceName, InstanceName)> {
        let rest = subject.strip_prefix(&self.0)?.strip_prefix(".heartbeat.")?;
        let (service, instance) = rest.split_once('.')?;
        Some((ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?))
    }

    /// The subject on which the members of a service are asked to activate a group. They are one queue group,
    /// of the same name.
    #[must_use]
    pub fn activation_subject(&self, service: &ServiceName) -> String {
        format!("{}.activate.{service}", self.0)
    }

    /// The subject on which one instance is asked to hand over or to drain.
    #[must_use]
    pub fn control_subject(&self, service: &ServiceName, instance: &InstanceName) -> String {
        format!("{}.control.{service}.{instance}", self.0)
    }

    /// The subject on which the replicas of the control plane are asked how they are doing: each answers.
    #[must_use]
    pub fn replicas_subject(&self) -> String {
        format!("{}.replicas", self.0)
    }

    /// The subject on which all instances of a service hear which calls their callers have given up. The body is
    /// the reply subject of the call: no two calls have the same.
    #[must_use]
    pub fn cancel_subject(&self, service: &ServiceName) -> String {
        format!("{}.cancel.{service}", self.0)
    }

    /// The subject of the dead letter of the message at this position of the events stream.
    #[must_use]
    pub fn dead_event_subject(&self, sequence: u64) -> String {
        format!("{}.dead.event.{sequence}", self.0)
    }

    /// The subject of the dead letter that a consumer makes of the message at this position, stored at this
    /// time (in microseconds since 1970). One message has one subject, even after its stream was made anew.
    #[must_use]
    pub fn dead_letter_subject(&self, kind: &str, consumer: &str, sequence: u64, stored_us: i64) -> String {
        format!("{}.dead.{kind}.{consumer}.{sequence}-{stored_us}", self.0)
    }

    /// The subjects of all dead letters.
    #[must_use]
    pub fn all_dead_letters(&self) -> String {
        format!("{}.dead.>", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_that_would_break_a_stream_name_is_refused() {
        for bad in ["", "Aegis", "a.b", "a b", "1a", &"x".repeat(33)] {
            assert!(Namespace::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Namespace::new("desk_2").unwrap().events_stream(), "DESK_2_EVENTS");
    }

    #[test]
    fn a_namespace_whose_names_could_be_those_of_another_is_refused() {
        for bad in [
            "rpc",
            "service",
            "events",
            "commands",
            "stream",
            "internal",
            "stream_x",
            "a_journal",
            "a_journal_b",
        ] {
            assert!(Namespace::new(bad).is_err(), "{bad:?}");
        }
        for good in ["rpc_2", "streams", "journals", "service_registry"] {
            assert!(Namespace::new(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn the_default_namespace_has_the_plain_names_and_another_has_its_own() {
        let (default, dev) = (Namespace::default(), Namespace::new("dev").unwrap());
        assert_eq!((default.prefix().as_str(), dev.prefix().as_str()), ("", "dev."));
        assert_eq!(
            (default.app_events_stream(), dev.app_events_stream()),
            ("EVENTS".into(), "DEV-EVENTS".into())
        );
        assert_eq!(
            (default.commands_stream(), dev.commands_stream()),
            ("COMMANDS".into(), "DEV-COMMANDS".into())
        );
        assert_ne!(dev.app_events_stream(), dev.events_stream());
    }
}
