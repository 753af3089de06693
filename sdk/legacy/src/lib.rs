//! The wire of the Python SDK: the envelopes of its messages, its registry, and how its instances are adopted.
//!
//! The envelopes are data: they are independent of the codec. All of them refuse unknown fields when
//! they are read, as the Python models do, and have exactly their own fields when they are written.
//!
//! Only the feature `legacy` of `aegis-messaging`, `aegis-sdk` and `aegis-control-plane` names this crate.

pub mod adoption;
pub mod announced;
pub mod command;
pub mod envelope;
pub mod event;
pub mod kind;
pub mod records;
pub mod registry;
pub mod rpc;

pub use announced::Announced;
pub use command::{Command, Completion, Progress, callback_subject, progress_subject};
pub use envelope::Head;
pub use event::Event;
pub use kind::{Kind, Probe};
pub use records::{Known, Records};
pub use registry::*;
pub use rpc::{ExclusiveError, ExclusiveResponse, RpcRequest, RpcResponse};
