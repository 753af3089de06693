//! Durable consumers: supervised reading, order, retries, dead letters.

mod consumer;
mod dead_letter;
mod delivery;
mod dispatch;
mod lost;
pub mod metrics;
mod order;
mod puller;
mod retry;

pub use consumer::ConsumerTaken;
pub(crate) use consumer::{OpenError, Spec, owned_by};
pub(crate) use dead_letter::{DeadLetter, cut};
pub(crate) use delivery::Held;
pub(crate) use dispatch::{CRASHES, Dispatcher, Plan};
pub(crate) use lost::Losses;
pub use lost::{Lost, OnLost};
pub(crate) use puller::{Arrival, LOOK, PIN_GROUP, PIN_TIMEOUT, Puller};
pub use retry::RetryPolicy;
pub(crate) use retry::{for_others, jittered};
