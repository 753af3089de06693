//! Calls from clients of the Python SDK.

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, Failure};
use aegis_legacy::{ExclusiveError, ExclusiveResponse, Head, Kind, RpcRequest, RpcResponse};
use aegis_messaging::codec::{Codec, CodecError, legacy::detect};
use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use aegis_domain::failure::{CODE_MAX, TEXT_MAX};

/// The envelope that a call came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    codec: Codec,
}

/// A call of the Python SDK.
#[derive(Debug)]
pub(crate) struct Called {
    codec: Codec,
    head: Head,
    timeout: f64,
    exclusive: bool,
}

impl Envelope {
    /// That around a call, if there is one. Ask only for messages that carry no Aegis header.
    pub(crate) fn around(body: &[u8]) -> Option<Self> {
        match detect(body)? {
            (Kind::Rpc, codec) => Some(Self { codec }),
            (Kind::Event | Kind::Command, _) => None,
        }
    }

    /// What it says. Whether the method is `exclusive`, one that only an owner serves, gives the answer another form.
    pub(crate) fn open(self, body: &[u8], exclusive: bool) -> Result<Called, CodecError> {
        let request: RpcRequest<IgnoredAny> = self.codec.decode(body)?;
        let (codec, head, timeout) = (self.codec, request.head(), request.timeout);
        Ok(Called { codec, head, timeout, exclusive })
    }
}

impl Called {
    /// The id of the call.
    pub(crate) fn id(&self) -> &str {
        &self.head.message_id
    }

    /// How long the caller waits, in seconds.
    pub(crate) fn timeout(&self) -> f64 {
        self.timeout
    }

    /// The parameters.
    pub(crate) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, CodecError> {
        self.codec.decode::<RpcRequest<T>>(body).map(|request| request.params)
    }

    /// The reply.
    pub(crate) fn write<T: Serialize>(&self, reply: &T) -> Result<Bytes, CodecError> {
        let head = self.head.answer_now();
        match self.exclusive {
            true => self.codec.encode(&ExclusiveResponse::new(head, true, reply, None, None)),
            false => self.codec.encode(&RpcResponse::new(head, true, reply, None)),
        }
    }

    /// The answer when it failed.
    pub(crate) fn fail(&self, failure: &Failure) -> Bytes {
        let head = self.head.answer_now();
        let encoded = if self.exclusive {
            let not_active = failure.code == ErrorCode::NotActive.as_str();
            let error = if not_active { ExclusiveError::NotActive } else { ExclusiveError::ExecutionError };
            let words = if not_active { header::text(&failure.message, TEXT_MAX) } else { words(failure) };
            self.codec.encode(&ExclusiveResponse::new(head, false, (), Some(error), Some(words)))
        } else {
            self.codec.encode(&RpcResponse::new(head, false, (), Some(words(failure))))
        };
        encoded.unwrap_or_default()
    }
}

fn words(failure: &Failure) -> String {
    format!("{}: {}", header::text(&failure.code, CODE_MAX), header::text(&failure.message, TEXT_MAX))
}
