//! The wire of the Python SDK: its registry, and the envelopes of its messages.
//!
//! The envelopes are data: which codec they come in is not their affair. All of them refuse unknown fields when
//! they are read, as the Python models do, and have exactly their own fields when they are written.

pub mod command;
pub mod envelope;
pub mod event;
pub mod registry;
pub mod rpc;

pub use command::{Command, Completion, Priority, Progress, callback_subject, progress_subject};
pub use envelope::{Head, is_message_pack};
pub use event::Event;
pub use registry::*;
pub use rpc::{ExclusiveError, ExclusiveResponse, RpcRequest, RpcResponse};
