//! Without the wire of the Python SDK: its messages and its registry are unknown.

use std::time::Duration;

use aegis_domain::{Failure, MethodName, ServiceName};
use aegis_messaging::codec::{Codec, CodecError};
use aegis_nats::transport::Message;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Found;
use crate::Connection;

/// No registry is looked at.
pub(crate) const LOOK_EVERY: Option<Duration> = None;

/// None can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {}

/// None can be made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Envelope {}

/// None can be made.
#[derive(Debug)]
pub(crate) enum Called {}

/// Never read.
#[derive(Debug, Default)]
pub(crate) struct Registry {}

impl Registry {
    /// Nothing is asked of NATS.
    pub(crate) async fn look(&self, _: &Connection, _: &ServiceName) -> Option<(Wire, Vec<Found>)> {
        None
    }
}

impl Wire {
    /// Every instance is native.
    pub(crate) fn of(_: bool) -> Option<Self> {
        None
    }

    pub(crate) fn codec(self) -> Codec {
        match self {}
    }

    pub(crate) fn wrap<T: Serialize>(
        self,
        _: (&ServiceName, &MethodName),
        _: &T,
        _: (Duration, Codec),
    ) -> Result<Bytes, CodecError> {
        match self {}
    }

    pub(crate) fn unwrap(self, _: Message) -> Message {
        match self {}
    }

    pub(crate) fn result<T: DeserializeOwned>(self, _: &Message) -> Result<T, CodecError> {
        match self {}
    }
}

impl Envelope {
    pub(crate) fn around(_: &[u8]) -> Option<Self> {
        None
    }

    pub(crate) fn open(self, _: &[u8], _: bool) -> Result<Called, CodecError> {
        match self {}
    }
}

impl Called {
    pub(crate) fn id(&self) -> &str {
        match *self {}
    }

    pub(crate) fn timeout(&self) -> f64 {
        match *self {}
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, _: &[u8]) -> Result<T, CodecError> {
        match *self {}
    }

    pub(crate) fn write<T: Serialize>(&self, _: &T) -> Result<Bytes, CodecError> {
        match *self {}
    }

    pub(crate) fn fail(&self, _: &Failure) -> Bytes {
        match *self {}
    }
}
