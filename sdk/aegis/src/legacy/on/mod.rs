//! With the wire of the Python SDK.

mod called;
mod caller;
mod registry;

pub(crate) use called::{Called, Envelope};
pub(crate) use caller::Wire;
pub(crate) use registry::{LOOK_EVERY, Registry};
