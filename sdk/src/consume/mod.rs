//! Durable consumers: supervised reading, order, retries, dead letters.

mod bury;
mod consumer;
mod delivery;
mod dispatch;
pub(crate) mod figures;
mod order;
mod puller;
mod retry;

pub(crate) use bury::{Letter, cut};
pub use consumer::ConsumerTaken;
pub(crate) use consumer::{OpenError, Spec, owned_by};
pub(crate) use delivery::Held;
pub(crate) use dispatch::{CRASHES, Dispatcher, Plan};
pub(crate) use puller::{Arrival, LOOK, PIN_GROUP, PIN_TIMEOUT, Puller};
pub use retry::{Failure, RetryPolicy};
pub(crate) use retry::{Next, jittered};
