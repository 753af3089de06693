//! Durable consumers: supervised reading, order, retries, dead letters.

mod bury;
mod delivery;
mod dispatch;
pub(crate) mod figures;
mod order;
mod puller;
mod retry;

pub(crate) use bury::{Letter, cut};
pub(crate) use delivery::Held;
pub(crate) use dispatch::{CRASHES, Dispatcher, Plan};
pub(crate) use puller::{Arrival, LOOK, PIN_GROUP, PIN_TIMEOUT, Puller, Spec};
pub use retry::{Failure, RetryPolicy};
pub(crate) use retry::{Next, jittered};
