//! With the wire of the Python SDK.

use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::command::{Outcome, Progress};
use aegis_legacy::{
    Command, Completion, Event, Head, Kind, Progress as Told, callback_subject, event, progress_subject,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::Label;
use crate::codec::{Codec, CodecError, legacy::detect};

/// The envelope that a message is in, or is to go out in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    codec: Codec,
}

impl Envelope {
    /// That of events and commands of this side.
    pub(crate) fn new() -> Self {
        Self { codec: Codec::MessagePack }
    }

    /// That which the content type in the header of a lane means.
    pub(crate) fn of_header(content_type: &str) -> Option<Self> {
        Some(Self { codec: Codec::of_content_type(content_type).unwrap_or_default() })
    }

    /// That around an event, if there is one.
    pub(crate) fn around_event(body: &[u8]) -> Option<Self> {
        match detect(body)? {
            (Kind::Event, codec) => Some(Self { codec }),
            (Kind::Rpc | Kind::Command, _) => None,
        }
    }

    /// That around a command, if there is one, and what it says.
    pub(crate) fn around_command(body: &[u8]) -> Option<(Self, Label)> {
        match detect(body)? {
            (Kind::Command, codec) => {
                let found: Command<IgnoredAny> = codec.decode(body).ok()?;
                let Command { message_id: id, priority, max_retries, timeout, .. } = found;
                Some((Self { codec }, Label { id, priority, max_retries, timeout }))
            }
            (Kind::Rpc | Kind::Event, _) => None,
        }
    }

    /// The codec of what is in it.
    pub(crate) fn codec(self) -> Codec {
        self.codec
    }

    /// An event in it.
    pub(crate) fn event<T: Serialize>(
        self,
        (domain, event_type): (&str, &str),
        id: &str,
        source: &str,
        event: &T,
    ) -> Result<Bytes, CodecError> {
        let head = Head { message_id: id.to_owned(), ..Head::from_source(Some(source)) };
        let version = event::default_version();
        self.codec.encode(&Event::new(head, domain.to_owned(), event_type.to_owned(), event, version))
    }

    /// The id of the event in it.
    pub(crate) fn event_id(self, body: &[u8]) -> Option<String> {
        let event: Event<IgnoredAny> = self.codec.decode(body).ok()?;
        Some(event.message_id)
    }

    /// The fields of the event in it.
    pub(crate) fn read_event<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, CodecError> {
        self.codec.decode(body).map(|event: Event<T>| event.payload)
    }

    /// A command in it.
    pub(crate) fn command<T: Serialize>(
        self,
        (service, name): (&ServiceName, &str),
        label: Label,
        source: &str,
        params: &T,
    ) -> Result<Bytes, CodecError> {
        let Label { id, priority, max_retries, timeout } = label;
        let target = Some(service.to_string());
        let head = Head { message_id: id, target, ..Head::from_source(Some(source)) };
        self.codec.encode(&Command::new(head, name.to_owned(), params, priority, max_retries, timeout))
    }

    /// The parameters of the command in it.
    pub(crate) fn read_params<T: DeserializeOwned>(self, body: &[u8]) -> Result<T, CodecError> {
        self.codec.decode(body).map(|command: Command<T>| command.payload)
    }

    /// Where the progress of a command that came in it is told.
    pub(crate) fn progress_subject(self, id: &str) -> String {
        progress_subject(id)
    }

    /// Where the end of a command that came in it is told.
    pub(crate) fn result_subject(self, id: &str) -> String {
        callback_subject(id)
    }

    /// Progress, as it is told there.
    pub(crate) fn progress(
        self,
        id: &str,
        percent: f64,
        message: &str,
        at: DateTime<Utc>,
    ) -> Result<Bytes, CodecError> {
        self.codec.encode(&Told {
            command_id: id.to_owned(),
            progress: percent,
            status: message.to_owned(),
            timestamp: seconds(at.timestamp_micros()),
        })
    }

    /// The end, as it is told there.
    pub(crate) fn completion(self, id: &str, result: &Value) -> Result<Bytes, CodecError> {
        self.codec.encode(&Completion::new(id.to_owned(), result))
    }

    /// Reads progress that was told there, in either codec.
    pub(crate) fn read_progress(self, body: &[u8]) -> Option<Progress> {
        let told: Told = Codec::of_first_byte(body).decode(body).ok()?;
        Some(Progress { percent: told.progress, message: told.status, attempt: 1, at: time(told.timestamp) })
    }

    /// Reads the end that was told there, in either codec.
    pub(crate) fn read_outcome(self, body: &[u8]) -> Option<Outcome> {
        let told: Completion<Value> = Codec::of_first_byte(body).decode(body).ok()?;
        Some(Outcome::Completed { result: told.result, attempts: 1 })
    }
}

/// As Python counts them.
#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 stay below 2^53 until the year 2255")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Seconds since 1970 as Python counts them.
fn time(seconds: f64) -> DateTime<Utc> {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    DateTime::UNIX_EPOCH + chrono::TimeDelta::from_std(since).unwrap_or_default()
}
