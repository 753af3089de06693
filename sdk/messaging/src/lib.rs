//! Durable messaging over JetStream: events, commands and streams. Publishers have an outbox for the time in which
//! JetStream is away; consumers have order, retries and dead letters.

pub mod codec;
pub mod commands;
mod consume;
pub mod dead_letters;
pub mod event_handlers;
pub mod events;
mod legacy;
pub mod provision;
mod publish;
pub mod streams;

pub use codec::Codec;
pub use commands::{CommandContext, CommandError, CommandHandle, Commands, Priority, Progress, SendOptions};
pub use consume::{ConsumerTaken, RetryPolicy, metrics};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub use event_handlers::EventContext;
pub use events::{Event, EventError, EventOptions, Events, Mode, Start, Subscribe};
pub use publish::{OutboxLimits, Pending, PublishError, Published};
