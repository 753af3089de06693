//! Lists dead letters from their stream, newest first.

use std::collections::BTreeMap;

use aegis_domain::LetterId;
use aegis_domain::wire::header;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use bytes::Bytes;
use chrono::DateTime;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::{DeadLetter, DeadLetterError, DeadLetters, Newest, PAGE_MAX, PREVIEW, Page};

/// How many are asked for at once.
const AT_ONCE: usize = 16;

impl DeadLetters {
    /// How many there are.
    ///
    /// # Errors
    /// When the stream does not answer.
    pub async fn count(&self) -> Result<u64, DeadLetterError> {
        Ok(self.stream().await?.cached_info().state.messages)
    }

    /// The newest of them: `letters.list(Newest::most(50).kind("event"))`.
    ///
    /// # Errors
    /// [`DeadLetterError::CursorReplaced`] when the letter that they come before is known to be of a stream that is gone; otherwise
    /// the stream does not answer.
    pub async fn list(&self, newest: Newest<'_>) -> Result<Page, DeadLetterError> {
        let Newest { count, before, kind } = newest;
        let stream = self.stream().await?;
        if let Some(before) = before {
            self.is_of(&stream, before).await?;
        }
        let state = &stream.cached_info().state;
        let count = count.min(PAGE_MAX);
        let last = before.map_or(state.last_sequence, |before| before.sequence.saturating_sub(1));
        let sequences = (state.first_sequence.max(1)..=last.min(state.last_sequence)).rev();
        let mut found =
            stream::iter(sequences).map(|sequence| self.read(&stream, sequence)).buffered(AT_ONCE);
        let mut letters = Vec::new();
        while let Some(letter) = found.next().await {
            let Some(mut letter) = letter? else { continue };
            if kind.is_some_and(|kind| kind != letter.kind) {
                continue;
            }
            if letters.len() == count {
                return Ok(Page { letters, more: true });
            }
            // A copy, so that a list of large letters is no large list.
            letter.body = Bytes::copy_from_slice(&letter.body[..letter.body.len().min(PREVIEW)]);
            letters.push(letter);
        }
        Ok(Page { letters, more: false })
    }

    /// This letter, whole.
    ///
    /// # Errors
    /// [`DeadLetterError::NotFound`] when there is none; [`DeadLetterError::Replaced`] when another one stands there by now;
    /// otherwise the stream does not answer.
    pub async fn get(&self, id: impl Into<LetterId>) -> Result<DeadLetter, DeadLetterError> {
        let id = id.into();
        let stream = self.stream().await?;
        let letter = self.read(&stream, id.sequence).await?;
        let letter = letter.ok_or(DeadLetterError::NotFound { sequence: id.sequence })?;
        if id.may_be_of(letter.at) {
            Ok(letter)
        } else {
            Err(DeadLetterError::Replaced { id, found: letter.at })
        }
    }

    /// Whether a letter is, or may have been, one of this stream. One that has gone since cannot be told for certain from
    /// one of a copy that was put back and has been written to beyond it.
    async fn is_of(&self, stream: &Stream, id: LetterId) -> Result<(), DeadLetterError> {
        let Some(at) = id.at else { return Ok(()) };
        let info = stream.cached_info();
        let made = i64::try_from(info.created.unix_timestamp_nanos().div_euclid(1000)).unwrap_or_default();
        let ended = id.sequence > info.state.last_sequence || at.timestamp_micros() < made;
        let stands = self.read(stream, id.sequence).await?;
        if ended || stands.is_some_and(|letter| !id.may_be_of(letter.at)) {
            return Err(DeadLetterError::CursorReplaced { id });
        }
        Ok(())
    }

    pub(super) async fn stream(&self) -> Result<Stream, DeadLetterError> {
        let name = self.connection.namespace().dead_letters_stream();
        self.connection.jetstream().get_stream(name).await.map_err(DeadLetterError::unavailable)
    }

    /// From the stream's leader: a letter that was just removed is not there any more.
    async fn read(&self, stream: &Stream, sequence: u64) -> Result<Option<DeadLetter>, DeadLetterError> {
        // Sequences begin at 1, and the server takes 0 for a malformed request.
        if sequence == 0 {
            return Ok(None);
        }
        match stream.get_raw_message(sequence).await {
            Ok(message) => Ok(Some(letter(message))),
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(DeadLetterError::unavailable(error)),
        }
    }
}

fn letter(message: StreamMessage) -> DeadLetter {
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned());
    let subject = message.subject.into_string();
    let kind = subject.split('.').nth(2).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    for (name, values) in message.headers.iter() {
        let name = name.to_string();
        let value = values.first().map(|value| value.as_str().to_owned()).unwrap_or_default();
        if is_original(&name) {
            headers.insert(name, value);
        }
    }
    let left_out = header(header::DEAD_SIZE).and_then(|text| text.parse().ok());
    let nanos = message.time.unix_timestamp_nanos();
    let micros = i64::try_from(nanos.div_euclid(1000)).unwrap_or_default();
    DeadLetter {
        sequence: message.sequence,
        kind,
        reason: header(header::DEAD_REASON),
        original_subject: header(header::DEAD_SUBJECT),
        original_stream: header(header::DEAD_STREAM),
        original_sequence: header(header::DEAD_SEQUENCE).and_then(|text| text.parse().ok()),
        at: DateTime::from_timestamp_micros(micros).unwrap_or_default(),
        headers: headers.into_iter().collect(),
        size: left_out.unwrap_or(message.payload.len()),
        body: message.payload,
        subject,
    }
}

/// Whether a header came with the message itself: not what says that it is dead, and not what was said to the
/// server of its putting aside.
fn is_original(name: &str) -> bool {
    let dead = [
        header::DEAD_REASON,
        header::DEAD_SUBJECT,
        header::DEAD_STREAM,
        header::DEAD_SEQUENCE,
        header::DEAD_SIZE,
    ];
    !dead.iter().any(|own| own.eq_ignore_ascii_case(name)) && !name.to_ascii_lowercase().starts_with("nats-")
}
