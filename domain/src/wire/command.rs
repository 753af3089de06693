//! Commands: their subjects, and what is said of them until they are done.
//!
//! A command is sent to `commands.<service>.<command>`, where any NATS client may send it, or straight to the
//! lane of its priority, `commands.<service>.<command>.<priority>`, where workers take it from. One that waits
//! for its time stands below its lane until then. Progress and results are told on subjects that no work queue
//! covers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::namespace::Namespace;
use crate::ServiceName;

pub use super::legacy::Priority;

/// The work queue of all commands.
pub const STREAM: &str = "COMMANDS";

/// What the Python SDK says below `commands.`, beside commands: no service has these names.
pub const RESERVED: [&str; 2] = ["progress", "callback"];

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

/// Where any NATS client sends a command.
#[must_use]
pub fn plain(service: &ServiceName, command: &str) -> String {
    format!("commands.{service}.{command}")
}

/// All that is sent so.
#[must_use]
pub fn all_plain(service: &ServiceName) -> String {
    plain(service, "*")
}

/// Where workers take a command of this priority from.
#[must_use]
pub fn lane(service: &ServiceName, command: &str, priority: Priority) -> String {
    format!("commands.{service}.{command}.{}", priority.as_str())
}

/// All commands of this priority.
#[must_use]
pub fn whole_lane(service: &ServiceName, priority: Priority) -> String {
    lane(service, "*", priority)
}

/// Where a command waits for its time.
#[must_use]
pub fn waiting(service: &ServiceName, command: &str, priority: Priority, id: &str) -> String {
    format!("{}.{id}", lane(service, command, priority))
}

/// Everything of a service that the work queue keeps.
#[must_use]
pub fn all_of(service: &ServiceName) -> String {
    format!("commands.{service}.>")
}

/// The service whose commands a filter or a subject of the work queue is about.
#[must_use]
pub fn service_of(subject: &str) -> Option<ServiceName> {
    let service = subject.strip_prefix("commands.")?.split('.').next()?;
    ServiceName::new(service).ok().filter(is_allowed)
}

/// Whether a service of this name may have commands.
#[must_use]
pub fn is_allowed(service: &ServiceName) -> bool {
    !RESERVED.contains(&service.as_str())
}

/// The command that a subject of the work queue is about.
#[must_use]
pub fn command_of(subject: &str) -> Option<&str> {
    let mut tokens = subject.strip_prefix("commands.")?.split('.');
    tokens.nth(1)
}

/// Where the progress of a command is told.
#[must_use]
pub fn progress(namespace: &Namespace, id: &str) -> String {
    format!("{}.command.progress.{id}", namespace.as_str())
}

/// Where the end of a command is told.
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

/// How a command has ended. It is decided once: by the worker, or by whoever calls it off.
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
        let service = ServiceName::new("reports").unwrap();
        let lane = lane(&service, "build", Priority::High);
        assert_eq!(lane, "commands.reports.build.high");
        assert_eq!((service_of(&lane), command_of(&lane)), (Some(service.clone()), Some("build")));
        assert_eq!(waiting(&service, "build", Priority::Low, "7"), "commands.reports.build.low.7");
        for other in
            [super::super::legacy::progress_subject("x"), super::super::legacy::callback_subject("x")]
        {
            assert_eq!(service_of(&other), None, "{other}");
        }
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_str()), Some(priority));
        }
        assert_eq!((Priority::parse("HIGH"), Priority::parse("urgent")), (Some(Priority::High), None));
    }
}
