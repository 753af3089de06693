//! Serving calls: subscriptions, admission, handlers, replies and streams.

mod admission;
mod call;
mod cancel;
pub(super) mod dispatch;
mod execution;
mod form;
pub(super) mod gates;
pub(super) mod handler;
mod job;
pub(super) mod method;
pub(super) mod micro;
mod replies;
mod response;
pub(super) mod routes;
pub(super) mod server;
mod stream;
mod turns;

pub(super) use aegis_domain::failure::{CODE_MAX, TEXT_MAX};
pub use call::Call;
pub(super) use call::Handle;
pub(crate) use call::{CallParts, now};
pub use execution::LeftCall;
