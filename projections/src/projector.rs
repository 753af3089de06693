//! Reads the log, applies it batch by batch, and keeps each batch with its position in one transaction.

use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{AggregateId, Recorded, Sequence};
use aegis_sdk::nats::follow::{Followed, Follower, Message};
use aegis_sdk::{Connection, Journal, journal};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::store::{Batch, DeadLetter, StoreError};
use crate::view::EventView;
use crate::{Live, State, Store, kv};

/// The most messages that are applied in one transaction.
const BATCH: usize = 1024;
/// The longest reason on a dead letter, in characters.
const REASON_MAX: usize = 500;
/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The projector could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log does not answer.
    #[error("the events stream does not answer")]
    Log(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads the log into the store and into memory.
#[derive(Debug)]
pub struct Projector {
    connection: Connection,
    store: Store,
    live: Live,
    state: State,
    kv: mpsc::Sender<AggregateId>,
}

impl Projector {
    /// Restores what the store holds of this log. Run it with [`Projector::run`], and beside it
    /// [`kv::project`] with the receiver that comes back.
    ///
    /// # Errors
    /// See [`ProjectorError`].
    pub async fn restore(
        connection: &Connection,
        store: Store,
    ) -> Result<(Self, Live, mpsc::Receiver<AggregateId>), ProjectorError> {
        let name = connection.namespace().events_stream();
        let stream =
            connection.jetstream().get_stream(&name).await.map_err(|e| ProjectorError::Log(e.into()))?;
        let info = stream.cached_info();
        // A stream that was removed and made again is another log, although it has the same name.
        let log = format!("{name} created {}", info.created);
        let state = store.restore(&log, Sequence(info.state.last_sequence)).await?;
        tracing::info!(position = %state.position, head = info.state.last_sequence, "projection restored");
        let live = Live::new(state.clone());
        let (kv, changes) = mpsc::channel(kv::QUEUE);
        let projector = Self { connection: connection.clone(), store, live: live.clone(), state, kv };
        Ok((projector, live, changes))
    }

    /// Follows the log until stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let work = async {
            let journal = Journal::new(&self.connection);
            let mut follower = journal.follow(self.state.position.next());
            loop {
                if let Followed::Message(message) = follower.next().await {
                    let mut messages = vec![message];
                    drain(&mut follower, &mut messages);
                    self.apply(&messages).await;
                }
            }
        };
        let _stopped: Option<std::convert::Infallible> = stop.run_until_cancelled(work).await;
    }

    async fn apply(&mut self, messages: &[Message]) {
        let mut batch = Batch::default();
        let mut applied = Vec::with_capacity(messages.len());
        for message in messages {
            let sequence = Sequence(message.sequence);
            if sequence <= self.state.position {
                continue;
            }
            if sequence > self.state.position.next() {
                tracing::error!(after = %self.state.position, found = %sequence, "the log has a gap");
            }
            match self.decode(message) {
                Ok(recorded) => {
                    self.state.apply(&recorded);
                    batch.touched.insert(recorded.envelope.aggregate.clone());
                    batch.events.push(EventView::of(&recorded));
                    applied.push(recorded);
                }
                Err(reason) => {
                    tracing::warn!(%sequence, subject = message.subject, reason, "an event cannot be read");
                    self.put_aside(message, &reason).await;
                    self.state.skip(sequence);
                    let subject = message.subject.clone();
                    batch.dead.push(DeadLetter { sequence, subject, reason });
                }
            }
        }
        while let Err(error) = self.store.commit(&self.state, &batch).await {
            tracing::error!(error = %Chain(&error), "the projection cannot be written; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        self.live.advance(&applied, self.state.position);
        for id in batch.touched {
            // The receiver ends only with the process.
            let _ignored = self.kv.send(id).await;
        }
    }

    fn decode(&self, message: &Message) -> Result<Recorded, String> {
        let Message { sequence, subject, headers, body, .. } = message;
        journal::decode(self.connection.namespace(), *sequence, subject, headers.as_ref(), body)
            .map_err(|error| error.to_string())
    }

    /// Copies the message to the dead letters. Its subject names its position, and expects to be the
    /// first there: of any number of replicas and repetitions, one writes it.
    async fn put_aside(&self, message: &Message, reason: &str) {
        let namespace = self.connection.namespace();
        let reason: String =
            reason.chars().take(REASON_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let original = message.subject.as_str();
        let dead = |body| {
            PublishMessage::build()
                .payload(body)
                .header(header::DEAD_REASON, reason.as_str())
                .header(header::DEAD_SUBJECT, original)
                .header(header::DEAD_STREAM, namespace.events_stream())
                .header(header::DEAD_SEQUENCE, message.sequence.to_string())
                .expected_last_subject_sequence(0)
        };
        let mut body = message.body.clone();
        loop {
            let subject = namespace.dead_event_subject(message.sequence);
            let dead = dead(body.clone());
            let sent = async { self.connection.jetstream().send_publish(subject, dead).await?.await };
            match sent.await {
                Ok(_) => return,
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => return,
                // A message as large as the server allows has no room for our headers. It stays in the
                // log, and the headers say where.
                Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded && !body.is_empty() => {
                    body.clear();
                }
                Err(error) => {
                    tracing::warn!(%error, "a dead letter cannot be written; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

fn drain(follower: &mut Follower, messages: &mut Vec<Message>) {
    while messages.len() < BATCH {
        match follower.try_next() {
            Some(Followed::Message(message)) => messages.push(message),
            Some(Followed::Idle | Followed::Blind) => {}
            None => return,
        }
    }
}

/// An error with its causes on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
