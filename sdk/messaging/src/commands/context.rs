//! The context that a handler of commands is given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_domain::wire::TraceParent;
use aegis_domain::wire::command::{self, Progress};
use aegis_domain::{GroupName, ServiceName};
use chrono::Utc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::register::Of;
use crate::codec::Codec;
use crate::legacy::Envelope;
use aegis_nats::Connection;

use crate::{Commands, Events};

/// How long a try may take where its sender has said nothing.
pub(super) const TIMEOUT: Duration = Duration::from_secs(300);

/// What a handler knows of a command beside its parameters, and the way to tell of its progress.
///
/// # Examples
/// ```
/// use aegis_sdk::{CommandContext, Fault};
///
/// async fn build(context: CommandContext, pages: u32) -> Result<String, Fault> {
///     for page in 1..=pages {
///         if context.is_stopped() {
///             return Err(Fault::never("called off"));
///         }
///         context.progress(f64::from(page) / f64::from(pages) * 100.0, &format!("page {page}")).await;
///     }
///     Ok(format!("command {} in try {}", context.id, context.attempt))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CommandContext {
    /// The id of the command: the same on every try. Effects that carry it count once.
    pub id: String,
    /// Its name.
    pub command: String,
    /// The subject that it came on.
    pub subject: String,
    /// Its position in the queue.
    pub sequence: u64,
    /// Which try this is, from 1 on: those that have failed count, on whichever instance, and one that was cut off
    /// with its worker does not.
    pub attempt: u32,
    /// When this try is stopped.
    pub deadline: Instant,
    /// After how long a silence of the handler this try is stopped, if its sender has said so.
    pub heartbeat: Option<Duration>,
    /// Who sent it, if that was said.
    pub actor: Option<String>,
    /// The group whose owner it is for.
    pub group: Option<GroupName>,
    pub(super) service: ServiceName,
    pub(super) stop: CancellationToken,
    pub(super) beats: Beats,
    pub(super) trace: TraceParent,
    pub(super) connection: Connection,
    pub(super) events: Events,
    pub(super) commands: Commands,
    pub(super) envelope: Option<Envelope>,
}

impl CommandContext {
    /// Of a command that is in no queue, for a test of its handler: its progress is told, and nobody calls it off.
    #[must_use]
    pub fn detached(
        service: ServiceName,
        command: &str,
        id: &str,
        (events, commands): (&Events, &Commands),
    ) -> Self {
        let connection = events.connection.clone();
        let lane = command::lane(connection.namespace(), &service, command, command::Priority::Normal);
        let trace = aegis_telemetry::trace::of(None);
        Self {
            id: id.to_owned(),
            command: command.to_owned(),
            subject: lane,
            sequence: 1,
            attempt: 1,
            deadline: Instant::now() + TIMEOUT,
            heartbeat: None,
            actor: None,
            group: None,
            service,
            stop: CancellationToken::new(),
            beats: Beats::default(),
            trace,
            connection,
            events: events.within(trace),
            commands: commands.within(trace),
            envelope: None,
        }
    }

    /// The same, in this trace, and told to stop by this token.
    #[must_use]
    pub fn within(self, trace: TraceParent, stop: CancellationToken) -> Self {
        let (events, commands) = (self.events.within(trace), self.commands.within(trace));
        Self { trace, stop, events, commands, ..self }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.service
    }

    /// W3C trace context of the command; a new trace when it says none. What is called, published and sent by way of
    /// this context belongs to it.
    #[must_use]
    pub fn trace(&self) -> TraceParent {
        self.trace
    }

    /// The service's connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The service's own events, in the trace of the command.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The way to send commands, in the trace of this one.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// Says that the handler goes on, where the sender asks for that ([`SendOptions::heartbeat`](super::SendOptions::heartbeat)); nobody else is told.
    pub fn heartbeat(&self) {
        self.beats.note();
    }

    /// Waits until the handler has been silent for longer than its sender allows; for ever where nothing is said of that.
    pub async fn silent(&self) {
        match self.heartbeat {
            Some(every) => self.beats.stopped(every).await,
            None => std::future::pending().await,
        }
    }

    /// Publishes how far the command has come. It is not kept: only who listens at the time receives it. Counts as a
    /// [heartbeat](CommandContext::heartbeat).
    ///
    /// # Cancel safety
    /// Cancel-safe: it is told, or it is not.
    pub async fn progress(&self, percent: f64, message: &str) {
        self.heartbeat();
        let now = Utc::now();
        let (subject, body) = match self.envelope {
            None => {
                let told = Progress { percent, message: message.to_owned(), attempt: self.attempt, at: now };
                (command::progress(self.connection.namespace(), &self.id), Codec::Json.encode(&told))
            }
            Some(envelope) => {
                (envelope.progress_subject(&self.id), envelope.progress(&self.id, percent, message, now))
            }
        };
        let Ok(body) = body else { return };
        let command = Of { service: &self.service, id: &self.id };
        if let Err(error) =
            self.connection.client().publish_with_headers(subject, command.headers(), body).await
        {
            tracing::debug!(id = self.id, %error, "progress was not told");
        }
    }

    /// Waits until this try is to stop: the command was called off, or its time is over. A handler that does not
    /// listen is stopped at its next await a moment later.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether this try is to stop; for work that does not wait.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// When the handler has last said that it goes on.
#[derive(Debug, Clone)]
pub(super) struct Beats(Arc<Mutex<Instant>>);

impl Default for Beats {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Beats {
    fn last(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self) {
        *self.last() = Instant::now();
    }

    /// Waits until nothing was said for so long.
    async fn stopped(&self, every: Duration) {
        loop {
            let until = *self.last() + every;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}
