//! Detects messages of the Python SDK.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a message of the Python SDK is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call.
    Rpc,
    /// An event.
    Event,
    /// A command.
    Command,
}

/// The fields by which a message is told; read it from the body in the codec of its first byte.
#[derive(Debug, Deserialize)]
pub struct Probe {
    message_id: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
    domain: Option<IgnoredAny>,
    event_type: Option<IgnoredAny>,
    command: Option<IgnoredAny>,
}

impl Probe {
    /// Whether the body is worth reading: false is certain. Cheap, since it is asked of every native message that some
    /// other NATS client sent.
    #[must_use]
    #[inline]
    pub fn is_worth_reading(body: &[u8]) -> bool {
        const MARK: &[u8] = b"message_id";
        body.windows(MARK.len()).any(|part| part == MARK)
    }

    /// What the message is, if it is one of the Python SDK.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        self.message_id?;
        match (self.method, self.domain.and(self.event_type), self.command) {
            (Some(_), _, _) => Some(Kind::Rpc),
            (None, Some(_), _) => Some(Kind::Event),
            (None, None, Some(_)) => Some(Kind::Command),
            (None, None, None) => None,
        }
    }
}
