//! The writer of one group's subject.
//!
//! Its last known sequence of the subject is only an assumption, so nothing has to be repaired after a lost
//! acknowledgement or a dropped future: the server refuses a wrong one, and the writer reads the right one.

use std::error::Error as _;
use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{GroupName, Term};
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;

use super::{FenceError, StaleTerm, Token, TokenError};
use aegis_nats::Connection;
use aegis_nats::backoff::backoff;
use aegis_nats::denial;

/// How often an append is tried whose sequence was taken by another. Only writers of the same term, or
/// one of an older term that is not refused yet, can take it.
const TRIES: usize = 16;
/// How often an append without an answer is sent. Sent again it can be written only once, since it
/// expects the same sequence.
///
/// NOTE: not a read after the first silence. The server takes messages of a stream one after another, but
/// answers reads beside them: a read that is sent after a write may be answered before it.
const SENDS: usize = 2;
/// The longest pause before an append is tried again whose id the server is still at work on. A replicated
/// stream says so while another owner's message of this id is being agreed on.
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// A message that the stream has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its stream sequence.
    pub sequence: u64,
    /// The body that stands there, when the stream had the id already. Answer the caller from it: a
    /// successor that executes a call again learns from it what the first execution did.
    pub first: Option<Bytes>,
}

pub(super) struct Writer {
    group: GroupName,
    subject: String,
    /// The stream that covers the subject, once it was looked up.
    stream: Option<Stream<()>>,
    tail: Option<Tail>,
}

/// The end of the subject as this writer believes it to be.
#[derive(Clone, Copy)]
struct Tail {
    /// The sequence of the last message; zero when there is none.
    sequence: u64,
    /// The highest term seen, this writer's own included.
    term: Term,
}

/// The last message of the subject.
struct Last {
    tail: Tail,
    id: Option<String>,
    body: Bytes,
}

/// What came of sending a message.
enum Sent {
    Written(PublishAck),
    /// Another message stands where this one was to go.
    Conflict,
    /// The server is still at work on another message of this id.
    Busy,
    Unclear,
}

impl Writer {
    pub(super) fn new(group: &GroupName, subject: String) -> Self {
        Self { group: group.clone(), subject, stream: None, tail: None }
    }

    pub(super) async fn append(
        &mut self,
        (connection, jetstream): (&Connection, &jetstream::Context),
        term: Term,
        id: &str,
        body: &Bytes,
    ) -> Result<Appended, FenceError> {
        let mut unanswered = 0;
        let outcome = self.try_append((connection, jetstream), term, id, body, &mut unanswered).await;
        match outcome {
            // What was refused now may have been written by the send before, or may still be.
            Err(FenceError::StaleTerm(_) | FenceError::Unavailable { .. } | FenceError::Contended { .. })
                if unanswered > 0 =>
            {
                Err(FenceError::Unclear { id: id.to_owned() })
            }
            outcome => outcome,
        }
    }

    async fn try_append(
        &mut self,
        (connection, jetstream): (&Connection, &jetstream::Context),
        term: Term,
        id: &str,
        body: &Bytes,
        unanswered: &mut usize,
    ) -> Result<Appended, FenceError> {
        let mut tail = match self.tail {
            // A term of one's own is opened at what stands there now, not at what stood there once.
            Some(tail) if tail.term >= term => tail,
            Some(_) | None => self.look(jetstream).await?.tail,
        };
        let mut busy = 0;
        for _ in 0..TRIES {
            // No election can have made a term so far ahead: whoever wrote it, this writer's own is not over.
            if tail.term > term && !tail.term.may_follow(term) {
                self.tail = None;
                return Err(FenceError::Foreign {
                    subject: self.subject.clone(),
                    sequence: tail.sequence,
                    source: Some(TokenError::Term { value: tail.term.to_string() }),
                });
            }
            if tail.term > term {
                self.tail = Some(tail);
                return Err(StaleTerm { group: self.group.clone(), term, current: tail.term }.into());
            }
            tail.term = term;
            self.tail = Some(tail);
            match self.send((connection, jetstream), tail, id, body).await? {
                Sent::Written(ack) if ack.duplicate => return self.first_of(id, ack.sequence).await,
                Sent::Written(ack) => {
                    self.tail = Some(Tail { sequence: ack.sequence, term });
                    return Ok(Appended { sequence: ack.sequence, first: None });
                }
                Sent::Unclear => {
                    *unanswered += 1;
                    if *unanswered == SENDS {
                        return Err(FenceError::Unclear { id: id.to_owned() });
                    }
                }
                Sent::Busy => {
                    busy += 1;
                    tokio::time::sleep(backoff(busy + 1).min(BUSY_PAUSE)).await;
                }
                Sent::Conflict => {
                    let last = self.look(jetstream).await?;
                    if last.id.as_deref() == Some(id) {
                        self.tail = Some(last.tail);
                        return Ok(Appended { sequence: last.tail.sequence, first: Some(last.body) });
                    }
                    tail = last.tail;
                }
            }
        }
        Err(if busy > 0 {
            FenceError::Unclear { id: id.to_owned() }
        } else {
            FenceError::Contended { tries: TRIES }
        })
    }

    async fn send(
        &self,
        (connection, jetstream): (&Connection, &jetstream::Context),
        tail: Tail,
        id: &str,
        body: &Bytes,
    ) -> Result<Sent, FenceError> {
        let message = PublishMessage::build()
            .payload(body.clone())
            .message_id(id)
            .header(header::GROUP, self.group.as_str())
            .header(header::TERM, tail.term.to_string())
            .expected_last_subject_sequence(tail.sequence);
        let sent = async { jetstream.send_publish(self.subject.clone(), message).await?.await };
        match connection.acknowledged(&self.subject, sent).await {
            Ok(ack) => Ok(Sent::Written(ack)),
            Err(error) if denial::cause(&error).is_some() => Err(FenceError::unavailable(error)),
            Err(error) => match error.kind() {
                PublishErrorKind::WrongLastSequence => Ok(Sent::Conflict),
                PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => Ok(Sent::Unclear),
                PublishErrorKind::Other => match answer(&error) {
                    Some(ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT) => Ok(Sent::Busy),
                    Some(_) => Err(FenceError::unavailable(error)),
                    None => Ok(Sent::Unclear),
                },
                PublishErrorKind::StreamNotFound
                | PublishErrorKind::WrongLastMessageId
                | PublishErrorKind::MaxAckPending
                | PublishErrorKind::MaxPayloadExceeded => Err(FenceError::unavailable(error)),
            },
        }
    }

    /// Reads the end of the subject from the leader of its stream.
    async fn look(&mut self, jetstream: &jetstream::Context) -> Result<Last, FenceError> {
        let stream = self.stream(jetstream).await?;
        match stream.get_last_raw_message_by_subject(&self.subject).await {
            Ok(message) => {
                let tail = Tail { sequence: message.sequence, term: self.term_of(&message)? };
                let id = message.headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned());
                Ok(Last { tail, id, body: message.payload })
            }
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => {
                Ok(Last { tail: Tail { sequence: 0, term: Term::ZERO }, id: None, body: Bytes::new() })
            }
            Err(error) => Err(FenceError::unavailable(error)),
        }
    }

    fn term_of(&self, message: &StreamMessage) -> Result<Term, FenceError> {
        let foreign = |source: Option<TokenError>| FenceError::Foreign {
            subject: self.subject.clone(),
            sequence: message.sequence,
            source,
        };
        let token = Token::of(Some(&message.headers)).map_err(|error| foreign(Some(error)))?;
        if token.group == self.group { Ok(token.term) } else { Err(foreign(None)) }
    }

    async fn stream(&mut self, jetstream: &jetstream::Context) -> Result<Stream<()>, FenceError> {
        if let Some(stream) = &self.stream {
            return Ok(stream.clone());
        }
        let name = jetstream.stream_by_subject(&self.subject).await.map_err(FenceError::unavailable)?;
        let stream = jetstream.get_stream_no_info(name).await.map_err(FenceError::unavailable)?;
        self.stream = Some(stream.clone());
        Ok(stream)
    }

    /// The server has the id already, and answers where. Ids are the stream's, so it may be another
    /// group's: that append would be lost in silence.
    async fn first_of(&self, id: &str, sequence: u64) -> Result<Appended, FenceError> {
        let unclear = || FenceError::Unclear { id: id.to_owned() };
        let stream = self.stream.as_ref().ok_or_else(unclear)?;
        let first = stream.get_raw_message(sequence).await.map_err(|_unreadable| unclear())?;
        if first.subject.as_str() == self.subject {
            return Ok(Appended { sequence, first: Some(first.payload) });
        }
        Err(FenceError::Id { id: id.to_owned(), why: "the stream has it already, on another subject" })
    }
}

/// The server's own answer, if it was the server that refused: then nothing was written.
fn answer(error: &PublishError) -> Option<ErrorCode> {
    Some(error.source()?.downcast_ref::<jetstream::Error>()?.error_code())
}
