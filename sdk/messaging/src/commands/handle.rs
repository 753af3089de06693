//! The sender's handle to a command: its progress, its result, and how to call it off.

use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::command::{self, Outcome, Progress};
use aegis_domain::wire::{header, subject};
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{Message, Subscriber};
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;

use super::options::Sending;
use super::register::{Of, Register};
use super::{CommandError, Commands};
use crate::legacy::Envelope;
use aegis_nats::Connection;

/// How often the register is asked for the result, in case the message that told it was lost.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// A command that was sent: its progress, its result, and the way to call it off. Dropping it changes nothing
/// of the command.
///
/// # Examples
/// ```no_run
/// # async fn example(commands: aegis_sdk::Commands, mut report: aegis_sdk::CommandHandle) -> Result<(), Box<dyn std::error::Error>> {
/// let id = report.id().to_owned();
/// let was_in_time = report.cancel("nobody reads it").await?;
/// // Whoever knows the id finds the command again, for an hour after its end.
/// let mut again = commands.attach(&"reports".parse()?, &id).await?;
/// let result = again.result::<String>().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CommandHandle {
    id: String,
    service: ServiceName,
    connection: Connection,
    register: Register,
    progress: Subscriber,
    result: Subscriber,
    envelope: Option<Envelope>,
    outcome: Option<Outcome>,
    pub(super) sequence: Option<u64>,
    pub(super) duplicate: bool,
}

impl CommandHandle {
    /// Listens before the command is sent, so that nothing of it is missed.
    pub(super) async fn listen(
        connection: &Connection,
        service: &ServiceName,
        sending: &Sending,
    ) -> Result<Self, CommandError> {
        Self::open(connection, service, &sending.id, sending.envelope).await
    }

    pub(super) async fn attach(
        connection: &Connection,
        service: &ServiceName,
        id: &str,
    ) -> Result<Self, CommandError> {
        if !subject::is_token(id, false) {
            return Err(CommandError::Invalid(format!("{id:?} is no id of a command")));
        }
        let mut handle = Self::open(connection, service, id, None).await?;
        handle.outcome = handle.register.read(Of { service, id }).await.map_err(CommandError::unavailable)?;
        Ok(handle)
    }

    async fn open(
        connection: &Connection,
        service: &ServiceName,
        id: &str,
        envelope: Option<Envelope>,
    ) -> Result<Self, CommandError> {
        let namespace = connection.namespace();
        let (progress, result) = match envelope {
            Some(envelope) => (envelope.progress_subject(id), envelope.result_subject(id)),
            None => (command::progress(namespace, id), command::result(namespace, id)),
        };
        let client = connection.client();
        let progress = client.subscribe(progress).await.map_err(CommandError::unavailable)?;
        let result = client.subscribe(result).await.map_err(CommandError::unavailable)?;
        Ok(Self {
            id: id.to_owned(),
            service: service.clone(),
            connection: connection.clone(),
            register: Register::new(connection),
            progress,
            result,
            envelope,
            outcome: None,
            sequence: None,
            duplicate: false,
        })
    }

    /// Its id: the same on every try.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the queue had a command with this id before, so that this one counts as that one.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.duplicate
    }

    /// What its worker tells of its progress, until its end. A word that was told while the connection was lost
    /// does not come again.
    pub fn progress(&mut self) -> impl Stream<Item = Progress> + Unpin {
        Box::pin(futures_util::stream::unfold(self, |handle| async move {
            let next = handle.next_progress().await?;
            Some((next, handle))
        }))
    }

    /// The next word on its progress; none once it has ended.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn next_progress(&mut self) -> Option<Progress> {
        let mut asks = tokio::time::interval_at(tokio::time::Instant::now() + ASK_EVERY, ASK_EVERY);
        while self.outcome.is_none() {
            tokio::select! {
                biased;
                Some(message) = self.progress.next() => match self.read_progress(&message) {
                    Some(progress) => return Some(progress),
                    None => tracing::debug!(id = self.id, "a word on progress cannot be read"),
                },
                Some(message) = self.result.next() => self.outcome = self.read_outcome(&message),
                _ = asks.tick() => self.ask().await,
            }
        }
        // What was told before the end is said before it.
        while let Ok(Some(message)) = tokio::time::timeout(Duration::ZERO, self.progress.next()).await {
            if let Some(progress) = self.read_progress(&message) {
                return Some(progress);
            }
        }
        None
    }

    /// What came of it; waits for its end, however long that takes.
    ///
    /// # Errors
    /// [`CommandError::Failed`], [`CommandError::Cancelled`], or [`CommandError::Result`] when the result is of
    /// another type.
    ///
    /// # Cancel safety
    /// Cancel-safe: dropped and called again, it goes on waiting.
    pub async fn result<T: DeserializeOwned>(&mut self) -> Result<T, CommandError> {
        let mut asks = tokio::time::interval(ASK_EVERY);
        let outcome = loop {
            if let Some(outcome) = &self.outcome {
                break outcome.clone();
            }
            tokio::select! {
                Some(message) = self.result.next() => self.outcome = self.read_outcome(&message),
                _ = asks.tick() => self.ask().await,
            }
        };
        match outcome {
            Outcome::Completed { result, .. } => serde_json::from_value(result).map_err(CommandError::Result),
            Outcome::Failed { code, message, details, .. } => {
                Err(CommandError::Failed { code, message, details })
            }
            Outcome::Cancelled { reason } => Err(CommandError::Cancelled { reason }),
        }
    }

    /// Calls it off. See [`Commands::cancel`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn cancel(&mut self, reason: &str) -> Result<bool, CommandError> {
        let won = Commands::new(&self.connection).cancel(&self.service, &self.id, reason).await?;
        if won && let Some(sequence) = self.sequence {
            // It need not wait in the queue any longer. A worker that gets it all the same lets it be.
            if let Err(error) = self.take_from_queue(sequence).await {
                tracing::debug!(id = self.id, %error, "a command that was called off is still in the queue");
            }
        }
        Ok(won)
    }

    /// Takes it out, if it still stands there: the queue may have been made anew, and have another at the sequence.
    async fn take_from_queue(&self, sequence: u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let name = self.connection.namespace().commands_stream();
        let stream = self.connection.jetstream().get_stream_no_info(name).await?;
        let found = stream.get_raw_message(sequence).await?;
        let id = found.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str());
        if id == Some(command::message_id(&self.service, &self.id).as_str()) {
            stream.delete_message(sequence).await?;
        }
        Ok(())
    }

    async fn ask(&mut self) {
        if self.envelope.is_some() {
            return;
        }
        match self.register.read(Of { service: &self.service, id: &self.id }).await {
            Ok(outcome) => self.outcome = outcome,
            Err(error) => {
                tracing::debug!(id = self.id, %error, "the register of commands cannot be read now")
            }
        }
    }

    /// Whether it is told of a command of the same id that was sent to another service.
    fn is_foreign(&self, message: &Message) -> bool {
        let service = message.headers.as_ref().and_then(|headers| headers.get(header::SERVICE));
        service.is_some_and(|service| service.as_str() != self.service.as_str())
    }

    fn read_progress(&self, message: &Message) -> Option<Progress> {
        if self.is_foreign(message) {
            return None;
        }
        match self.envelope {
            Some(envelope) => envelope.read_progress(&message.payload),
            None => serde_json::from_slice(&message.payload).ok(),
        }
    }

    fn read_outcome(&self, message: &Message) -> Option<Outcome> {
        if self.is_foreign(message) {
            return None;
        }
        match self.envelope {
            Some(envelope) => envelope.read_outcome(&message.payload),
            None => serde_json::from_slice(&message.payload).ok(),
        }
    }
}
