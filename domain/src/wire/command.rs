//! Commands: their subjects, and what is said of them until they are done.
//!
//! A command is sent to `commands.<service>.<command>`, where any NATS client may send it, or straight to the
//! lane of its priority, `commands.<service>.<command>.<priority>`, where workers take it from. One that waits
//! for its time stands below its lane until then. Progress and results are told on subjects that no work queue
//! covers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Namespace;
use crate::ServiceName;

/// What the Python SDK says below `commands.`, beside commands: no service has these names.
pub const RESERVED: [&str; 2] = ["progress", "callback"];

/// How urgent a command is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Last.
    Low,
    /// As they come.
    #[default]
    Normal,
    /// Before the others.
    High,
    /// Before everything.
    Critical,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// As it stands in subjects and headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| text.eq_ignore_ascii_case(priority.as_str()))
    }
}

/// What the subjects of all commands begin with.
#[must_use]
pub fn all_prefix(namespace: &Namespace) -> String {
    format!("{}commands.", namespace.prefix())
}

/// Where any NATS client sends a command.
#[must_use]
pub fn plain(namespace: &Namespace, service: &ServiceName, command: &str) -> String {
    format!("{}{service}.{command}", all_prefix(namespace))
}

/// All that is sent so.
#[must_use]
pub fn all_plain(namespace: &Namespace, service: &ServiceName) -> String {
    plain(namespace, service, "*")
}

/// Where workers take a command of this priority from.
#[must_use]
pub fn lane(namespace: &Namespace, service: &ServiceName, command: &str, priority: Priority) -> String {
    format!("{}.{}", plain(namespace, service, command), priority.as_str())
}

/// All commands of this priority.
#[must_use]
pub fn whole_lane(namespace: &Namespace, service: &ServiceName, priority: Priority) -> String {
    lane(namespace, service, "*", priority)
}

/// Where a command waits for its time.
#[must_use]
pub fn waiting(
    namespace: &Namespace,
    service: &ServiceName,
    command: &str,
    priority: Priority,
    id: &str,
) -> String {
    format!("{}.{id}", lane(namespace, service, command, priority))
}

/// Everything of a service that the work queue keeps.
#[must_use]
pub fn all_of(namespace: &Namespace, service: &ServiceName) -> String {
    plain(namespace, service, ">")
}

/// The service whose commands a filter or a subject of the work queue is about.
#[must_use]
pub fn service_of(namespace: &Namespace, subject: &str) -> Option<ServiceName> {
    let service = subject.strip_prefix(&all_prefix(namespace))?.split('.').next()?;
    ServiceName::new(service).ok().filter(is_allowed)
}

/// Whether a service of this name may have commands.
#[must_use]
pub fn is_allowed(service: &ServiceName) -> bool {
    !RESERVED.contains(&service.as_str())
}

/// The command that a subject of the work queue is about.
#[must_use]
pub fn command_of<'a>(namespace: &Namespace, subject: &'a str) -> Option<&'a str> {
    let mut tokens = subject.strip_prefix(&all_prefix(namespace))?.split('.');
    tokens.nth(1)
}

/// The id of a command in the work queue, which is one for all services: `<service>.<id>`.
#[must_use]
pub fn message_id(service: &ServiceName, id: &str) -> String {
    format!("{service}.{id}")
}

/// Whether a text that somebody sent can be the id of a command: it becomes a part of keys and subjects.
#[must_use]
pub fn is_id(id: &str) -> bool {
    const MOST: usize = 1_024;
    let plain = |b: u8| b.is_ascii_graphic() && b != b'*' && b != b'>';
    id.len() <= MOST && id.split('.').all(|part| !part.is_empty() && part.bytes().all(plain))
}

/// The key of how a command stands, in the bucket of commands.
#[must_use]
pub fn key(service: &ServiceName, id: &str) -> String {
    format!("outcome.{service}.{id}")
}

/// The key of whether a service takes commands, in the bucket of commands.
#[must_use]
pub fn admission_key(service: &ServiceName) -> String {
    format!("service.{service}")
}

/// Where the progress of a command is told. Commands of several services may have one id: the header
/// [`SERVICE`](super::header::SERVICE) says whose it is.
#[must_use]
pub fn progress(namespace: &Namespace, id: &str) -> String {
    format!("{}.command.progress.{id}", namespace.as_str())
}

/// Where the end of a command is told; like its progress.
#[must_use]
pub fn result(namespace: &Namespace, id: &str) -> String {
    format!("{}.command.result.{id}", namespace.as_str())
}

/// Where a service's workers are told to stop a command; the body is its id.
#[must_use]
pub fn cancel(namespace: &Namespace, service: &ServiceName) -> String {
    format!("{}.command.cancel.{service}", namespace.as_str())
}

/// How far a command has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// How much of it is done, in percent.
    pub percent: f64,
    /// What it does now, in words.
    pub message: String,
    /// Which try says so, from 1 on.
    pub attempt: u32,
    /// When, by the worker's clock.
    pub at: DateTime<Utc>,
}

/// How a command has ended. It is decided once: by the worker, or by the caller that calls it off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done.
    Completed {
        /// What came of it.
        result: Value,
        /// How many tries it took.
        attempts: u32,
    },
    /// It could not be done; it stands as a dead letter.
    Failed {
        /// A stable code, or one of the service's own.
        code: String,
        /// What went wrong.
        message: String,
        /// The same for programs, if the service says more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Value>,
        /// How many tries there were.
        attempts: u32,
    },
    /// It was called off before it was done.
    Cancelled {
        /// Why.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_python_sdk_says_of_progress_is_no_command_of_a_service() {
        let (namespace, service) = (Namespace::default(), ServiceName::new("reports").unwrap());
        let lane = lane(&namespace, &service, "build", Priority::High);
        assert_eq!(lane, "commands.reports.build.high");
        assert_eq!(
            (service_of(&namespace, &lane), command_of(&namespace, &lane)),
            (Some(service.clone()), Some("build"))
        );
        assert_eq!(
            waiting(&namespace, &service, "build", Priority::Low, "7"),
            "commands.reports.build.low.7"
        );
        for other in ["commands.progress.x", "commands.callback.x"] {
            assert_eq!(service_of(&namespace, other), None, "{other}");
        }
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_str()), Some(priority));
        }
        assert_eq!((Priority::parse("HIGH"), Priority::parse("urgent")), (Some(Priority::High), None));
    }
}

#[cfg(test)]
mod id_tests {
    use super::is_id;

    #[test]
    fn an_id_is_a_part_of_a_key() {
        for good in ["o-1", "a.b", "2026/11=x"] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "a b", "a..b", ".a", "a\n", "a*", "a.>", "\u{e9}", &"x".repeat(1_025)] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
