//! Commands: work that is to be done once, by whichever instance of a service has room, the most urgent first.
//!
//! # What is promised
//!
//! A command that was sent is kept until it is done, has failed for good, or is called off. It is handled at
//! least once; each try that fails is followed by another, up to its number, and the last by a dead letter. How it
//! has ended is decided once, by compare-and-set: when a handler runs a second time because its first result was
//! lost, the recorded result stays. Effects of a handler outside of Aegis are not deduplicated: they should carry
//! the command's id, so that they count once.

mod context;
mod error;
mod handle;
mod options;
mod queue;
mod register;
mod worker;

use std::sync::Arc;
use std::time::Instant;

use aegis_domain::wire::command::{self, Outcome};
use aegis_domain::wire::{Namespace, TraceParent};
use aegis_domain::{Actor, ServiceName};
use serde::Serialize;

use crate::consume::metrics::MessageMetrics;
use aegis_nats::Connection;
use aegis_telemetry::metrics::Role;

pub(crate) use register::ended;

pub use aegis_domain::wire::command::{Priority, Progress};
pub use context::CommandContext;
pub use error::CommandError;
pub use handle::CommandHandle;
pub use options::SendOptions;
pub use queue::QueueError;
use register::{Of, Register, Verdict};
pub use worker::{CommandHandler, WorkerOptions, Workers};

/// Sends commands. Cheap to clone.
///
/// # Examples
/// ```no_run
/// # async fn example(commands: aegis_sdk::Commands) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::SendOptions;
///
/// let reports = "reports".parse()?;
/// let mut report = commands.send(&reports, "build", &12_u32, SendOptions::default()).await?;
/// while let Some(told) = report.next_progress().await {
///     println!("{} %: {}", told.percent, told.message);
/// }
/// let result: String = report.result().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Commands {
    connection: Connection,
    register: Register,
    actor: Arc<str>,
    metrics: Arc<MessageMetrics>,
    /// The trace that commands belong to which say none.
    trace: Option<TraceParent>,
}

impl Commands {
    /// On this connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self::counted(connection, &format!("client:{}", connection.options().name), Arc::default())
    }

    pub fn counted(connection: &Connection, actor: &str, metrics: Arc<MessageMetrics>) -> Self {
        let register = Register::new(connection);
        Self { connection: connection.clone(), register, actor: actor.into(), metrics, trace: None }
    }

    /// The same, in the name of somebody.
    #[must_use]
    pub fn by(&self, actor: &Actor) -> Self {
        Self { actor: actor.as_str().into(), ..self.clone() }
    }

    /// The same, whose commands belong to this trace unless their options say otherwise.
    #[must_use]
    pub fn within(&self, trace: TraceParent) -> Self {
        Self { trace: Some(trace), ..self.clone() }
    }

    /// Sends a command, and answers once the work queue has it. Progress and result are heard from then on,
    /// whoever takes it.
    ///
    /// # Errors
    /// See [`CommandError`]. Only after [`CommandError::Unconfirmed`] may it have been sent: send it again under
    /// the same id.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the command was sent.
    pub async fn send<T: Serialize + Sync>(
        &self,
        service: &ServiceName,
        command: &str,
        params: &T,
        mut options: SendOptions,
    ) -> Result<CommandHandle, CommandError> {
        let namespace = self.connection.namespace();
        let own = || self.trace.as_ref().map(|trace| trace.as_str().to_owned());
        options.traceparent = options.traceparent.or_else(own);
        let sending = options.into_message(namespace, (service, command), params, &self.actor)?;
        let handle = CommandHandle::listen(&self.connection, service, &sending).await?;
        let begun = Instant::now();
        let sent = queue::send(&self.connection, service, sending, handle).await;
        let meter = self
            .connection
            .telemetry()
            .meters
            .of(Role::Publish, &command::plain(&Namespace::default(), service, command));
        // Both at once: whoever gives it up in between leaves none that is under way for ever.
        meter.begin();
        match sent {
            Ok(handle) => {
                meter.end(begun.elapsed(), None);
                self.metrics.published();
                Ok(handle)
            }
            Err(error) => {
                meter.end(begun.elapsed(), Some((error.code(), &error.to_string())));
                Err(error)
            }
        }
    }

    /// A command that was sent by somebody, or before. Its result is kept for an hour after its end, and heard by
    /// any number of handles.
    ///
    /// # Errors
    /// [`CommandError::Invalid`] when this is no id; otherwise NATS cannot be reached.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn attach(&self, service: &ServiceName, id: &str) -> Result<CommandHandle, CommandError> {
        CommandHandle::attach(&self.connection, service, id).await
    }

    /// Whether a command was called off, as far as that can be read now.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn is_called_off(&self, service: &ServiceName, id: &str) -> bool {
        matches!(ended(&self.connection, service, id).await, Some(Outcome::Cancelled { .. }))
    }

    /// Calls a command off: one that waits is not begun, and one that runs is stopped. Answers whether this call
    /// came before its end; if not, it has ended otherwise.
    ///
    /// # Errors
    /// [`CommandError::Invalid`] when this is no id, or the reason is too large. Otherwise it could not be decided:
    /// nothing was done then, or all of it; repeat it.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future may leave the command called off. Repeat it.
    pub async fn cancel(&self, service: &ServiceName, id: &str, reason: &str) -> Result<bool, CommandError> {
        if !aegis_domain::wire::subject::is_token(id, false) {
            return Err(CommandError::Invalid(format!("{id:?} is no id of a command")));
        }
        let outcome = Outcome::Cancelled { reason: reason.to_owned() };
        let called_off = Of { service, id };
        let verdict = self.register.decide(called_off, &outcome).await.map_err(CommandError::unavailable)?;
        let won = match &verdict {
            Verdict::Ours => true,
            Verdict::Theirs(Outcome::Cancelled { .. }) => true,
            Verdict::Theirs(Outcome::Completed { .. } | Outcome::Failed { .. }) => false,
            Verdict::TooLarge => {
                return Err(CommandError::Invalid("the reason is larger than NATS takes".to_owned()));
            }
        };
        if won {
            let client = self.connection.client();
            let stop = command::cancel(self.connection.namespace(), service);
            // Workers that do not hear it look at the register themselves, a while later.
            client.publish(stop, id.to_owned().into()).await.map_err(CommandError::unavailable)?;
            self.register.announce(called_off, &outcome).await;
        }
        Ok(won)
    }

    /// Lets commands to this service be sent although no instance of it has ever run on this SDK: one of the
    /// Python SDK takes them, say.
    ///
    /// # Errors
    /// See [`QueueError`].
    ///
    /// # Cancel safety
    /// Cancel-safe, and idempotent.
    pub async fn admit(&self, service: &ServiceName) -> Result<(), QueueError> {
        queue::admit(&self.connection, service).await
    }
}
