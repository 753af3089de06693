//! Without the wire of the Python SDK: there are no envelopes.

use aegis_domain::ServiceName;
use aegis_domain::wire::command::{Outcome, Progress};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Label;
use crate::codec::{Codec, CodecError};

/// None can be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Envelope {}

impl Envelope {
    pub(crate) fn of_header(_: &str) -> Option<Self> {
        None
    }

    pub(crate) fn around_event(_: &[u8]) -> Option<Self> {
        None
    }

    pub(crate) fn around_command(_: &[u8]) -> Option<(Self, Label)> {
        None
    }

    pub(crate) fn codec(self) -> Codec {
        match self {}
    }

    pub(crate) fn event<T: Serialize>(
        self,
        _: (&str, &str),
        _: &str,
        _: &str,
        _: &T,
    ) -> Result<Bytes, CodecError> {
        match self {}
    }

    pub(crate) fn event_id(self, _: &[u8]) -> Option<String> {
        match self {}
    }

    pub(crate) fn read_event<T: DeserializeOwned>(self, _: &[u8]) -> Result<T, CodecError> {
        match self {}
    }

    pub(crate) fn command<T: Serialize>(
        self,
        _: (&ServiceName, &str),
        _: Label,
        _: &str,
        _: &T,
    ) -> Result<Bytes, CodecError> {
        match self {}
    }

    pub(crate) fn read_params<T: DeserializeOwned>(self, _: &[u8]) -> Result<T, CodecError> {
        match self {}
    }

    pub(crate) fn progress_subject(self, _: &str) -> String {
        match self {}
    }

    pub(crate) fn result_subject(self, _: &str) -> String {
        match self {}
    }

    pub(crate) fn progress(self, _: &str, _: f64, _: &str, _: DateTime<Utc>) -> Result<Bytes, CodecError> {
        match self {}
    }

    pub(crate) fn completion(self, _: &str, _: &Value) -> Result<Bytes, CodecError> {
        match self {}
    }

    pub(crate) fn read_progress(self, _: &[u8]) -> Option<Progress> {
        match self {}
    }

    pub(crate) fn read_outcome(self, _: &[u8]) -> Option<Outcome> {
        match self {}
    }
}
