//! Copies of undecodable messages of the log to the dead letters. One that cannot be written does not block the fold: it is
//! noted in the file, reported as a problem, and written later.

use aegis_domain::Sequence;
use aegis_domain::wire::header;
use aegis_nats::Connection;
use aegis_nats::follow::Message;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::RawMessageErrorKind;
use bytes::Bytes;
use sqlx::Row as _;

use crate::engine::checkpoint::{integer, sequence};
use crate::engine::{Database, ProblemCode, Progress};

/// The longest reason on a dead letter, in characters.
const REASON_MAX: usize = 500;
/// So many are looked up at a time.
const PAGE: i64 = 100;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A message that is no event, and why.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    sequence: u64,
    subject: String,
    body: Bytes,
    reason: String,
}

/// The letters that could not be written when their messages were read: the file knows of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct UnwrittenLetters {
    connection: Connection,
    database: Database,
    progress: Progress,
}

impl Letter {
    pub(super) fn of(message: Message, reason: &str) -> Self {
        Self {
            sequence: message.sequence,
            subject: message.subject,
            body: message.body,
            reason: line(reason),
        }
    }
}

/// One line, of bounded length.
pub(super) fn line(reason: &str) -> String {
    reason.chars().take(REASON_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Copies the message to the dead letters. Its subject names its position, and expects to be the first there:
/// of any number of replicas and repetitions, one writes it.
pub(super) async fn put_aside(connection: &Connection, letter: Letter) -> Result<(), PublishError> {
    let namespace = connection.namespace();
    let Letter { sequence, subject: original, mut body, reason } = letter;
    loop {
        let message = PublishMessage::build()
            .payload(body.clone())
            .header(header::DEAD_REASON, reason.as_str())
            .header(header::DEAD_SUBJECT, original.as_str())
            .header(header::DEAD_STREAM, namespace.events_stream())
            .header(header::DEAD_SEQUENCE, sequence.to_string())
            .expected_last_subject_sequence(0);
        let subject = namespace.dead_event_subject(sequence);
        let sent = async { connection.jetstream().send_publish(subject, message).await?.await };
        match sent.await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => return Ok(()),
            // A message as large as the server allows has no room for our headers. It stays in the log, and
            // the headers say where.
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded && !body.is_empty() => {
                body.clear();
            }
            Err(error) => {
                tracing::warn!(%error, sequence, "a dead letter cannot be written now; it is written later");
                return Err(error);
            }
        }
    }
}

impl UnwrittenLetters {
    pub(crate) fn new(connection: Connection, database: Database, progress: Progress) -> Self {
        Self { connection, database, progress }
    }

    /// Writes those that are owed now, and answers how many there were. To be done every second or so.
    ///
    /// # Errors
    /// When one of them cannot be written: that is told as a problem until they can be.
    ///
    /// # Cancel safety
    /// Cancel-safe: a letter that was written is not written again.
    pub async fn settle(&self) -> Result<usize, Error> {
        match self.write().await {
            Ok(written) => {
                self.progress.solved(ProblemCode::DeadLettersUnwritable);
                Ok(written)
            }
            Err(error) => {
                let message = format!(
                    "messages of the log that are no events cannot be copied to the dead letters, and are copied later: {error}"
                );
                if self.progress.met(ProblemCode::DeadLettersUnwritable, message) {
                    tracing::error!(%error, "dead letters cannot be written");
                }
                // The stream may be gone.
                self.connection.restore_installation();
                Err(error)
            }
        }
    }

    async fn write(&self) -> Result<usize, Error> {
        let (connection, database) = (&self.connection, &self.database);
        let mut written = 0;
        loop {
            let owed = owed(database).await?;
            if owed.is_empty() {
                return Ok(written);
            }
            let stream =
                connection.jetstream().get_stream_no_info(connection.namespace().events_stream()).await?;
            for (at, reason) in owed {
                match stream.get_raw_message(at.get()).await {
                    Ok(message) => {
                        let (subject, body) = (message.subject.to_string(), message.payload);
                        put_aside(connection, Letter { sequence: at.get(), subject, body, reason }).await?;
                        written += 1;
                    }
                    // The log has lost it, and there is nothing to be copied.
                    Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                    Err(error) => return Err(error.into()),
                }
                let pool = database.pool().await;
                let done = sqlx::query("DELETE FROM owed_letters WHERE sequence = ?").bind(integer(at.get()));
                done.execute(&*pool).await?;
            }
        }
    }
}

async fn owed(database: &Database) -> Result<Vec<(Sequence, String)>, sqlx::Error> {
    let pool = database.pool().await;
    let rows = sqlx::query("SELECT sequence, reason FROM owed_letters ORDER BY sequence LIMIT ?").bind(PAGE);
    let rows = rows.fetch_all(&*pool).await?;
    rows.iter().map(|row| Ok((sequence(row.try_get("sequence")?), row.try_get("reason")?))).collect()
}
