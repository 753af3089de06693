//! Commands of the Python SDK, and what is heard of them until they are done.

use aegis_domain::wire::command::Priority;
use serde::{Deserialize, Serialize};

use super::envelope::message;

message! {
    /// A command, on `commands.<service>.<command>`.
    Command<T> {
        /// What is to be done.
        command: String,
        /// Its parameters, a map.
        payload: T,
        /// How urgent it is.
        #[serde(default)]
        priority: Priority,
        /// How often it is tried again.
        #[serde(default = "default_retries")]
        max_retries: u32,
        /// How long one try may take, in seconds.
        #[serde(default = "default_timeout")]
        timeout: f64,
    }
}

/// How far a command has come, on [`progress_subject`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The command's `message_id`.
    pub command_id: String,
    /// How much of it is done, in percent.
    pub progress: f64,
    /// What it does now, in words.
    pub status: String,
    /// When, in seconds since 1970.
    pub timestamp: f64,
}

/// That a command is done, on [`callback_subject`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion<T> {
    /// The command's `message_id`.
    pub command_id: String,
    /// `completed`.
    pub status: String,
    /// What came of it.
    pub result: T,
}

impl<T> Completion<T> {
    /// The status of a command that is done.
    pub const COMPLETED: &'static str = "completed";

    /// That this command is done.
    #[must_use]
    pub fn new(command_id: String, result: T) -> Self {
        Self { command_id, status: Self::COMPLETED.to_owned(), result }
    }
}

/// Where the progress of a command is told.
#[must_use]
pub fn progress_subject(command_id: &str) -> String {
    format!("commands.progress.{command_id}")
}

/// Where the end of a command is told.
#[must_use]
pub fn callback_subject(command_id: &str) -> String {
    format!("commands.callback.{command_id}")
}

fn default_retries() -> u32 {
    3
}

fn default_timeout() -> f64 {
    300.0
}
