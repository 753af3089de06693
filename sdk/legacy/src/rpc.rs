//! Calls of the Python SDK, and what answers them.

use serde::{Deserialize, Serialize};

use super::envelope::message;

message! {
    /// A call, on `rpc.<service>.<method>`.
    RpcRequest<T> {
        /// What is called.
        method: String,
        /// Its parameters, a map.
        params: T,
        /// How long the caller waits, in seconds.
        #[serde(default = "default_timeout")]
        timeout: f64,
    }
}

message! {
    /// The answer to a call. Its `correlation_id` is the call's `message_id`.
    RpcResponse<T> {
        /// Whether it worked.
        success: bool,
        /// What the handler returned; null when it failed.
        result: T,
        /// What went wrong, in words; null when nothing did.
        error: Option<String>,
    }
}

message! {
    /// The answer to a call of a method that only the active instance serves.
    ExclusiveResponse<T> {
        /// Whether it worked.
        success: bool,
        /// What the handler returned; null when it failed.
        result: T,
        /// What went wrong; null when nothing did.
        error: Option<ExclusiveError>,
        /// The same in words; null when nothing went wrong.
        message: Option<String>,
    }
}

/// How a call of an exclusive method fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExclusiveError {
    /// The instance is not the active one, and has done nothing: ask another.
    NotActive,
    /// The handler failed.
    ExecutionError,
}

/// How long a caller waits that does not say so, in seconds.
fn default_timeout() -> f64 {
    5.0
}
