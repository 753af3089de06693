//! For auditors: `aegis verify`, `replay` and `events`. Straight to NATS, so that they work while every control
//! plane is down, and trust none; `replay` and `events tail` over the API as well.

mod dump;
mod events;
mod export;
mod finding;
mod import;
mod journals;
mod past;
mod place;
mod replay;
mod tables;
mod tail;
mod verify;

pub(crate) use events::{EventsArgs, events};
pub(crate) use replay::{ReplayArgs, replay};
pub(crate) use verify::{VerifyArgs, verify};
