//! What is sent and what arrives, whichever adapter carries it.

use std::sync::Arc;

use async_nats::Subject;
use bytes::Bytes;

use super::headers::{self, Headers};

/// The most bytes that wait to be written. Calls wait for their replies, so there is more only when the server takes
/// nothing.
pub(super) const WAITING_MAX: usize = 8 << 20;
/// A server takes lines of 4096 bytes, and ends the connection over longer ones.
const SUBJECT_MAX: usize = 1_900;

/// Gets each message of a subscription. It must not block, and may spawn.
pub type Sink = Arc<dyn Fn(Message) + Send + Sync>;

/// What arrives.
#[derive(Debug, Clone)]
pub struct Message {
    pub subject: Subject,
    pub reply: Option<Subject>,
    pub headers: Headers,
    pub payload: Bytes,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    pub subject: &'a str,
    pub reply: Option<&'a str>,
    pub headers: &'a Headers,
    pub payload: &'a [u8],
}

/// Who writes a message to the socket, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushMode {
    /// The write loop sends it with whatever else is sent at the time.
    Batched,
    /// The caller writes it to the socket, if nothing else is on its way: no other thread has to wake up for it. Not for one
    /// of many. An adapter whose socket only one task may write to treats it as [`FlushMode::Batched`].
    Immediate,
}

/// Why something was not sent. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The server takes no message of that size.
    #[error("it has {size} bytes, and the NATS server takes {most} at most")]
    TooLarge { size: usize, most: usize },
    /// The subject has spaces in it, or nothing.
    #[error("its subject is not valid")]
    BadSubject,
    /// There is no connection now, and nothing is kept for the next ([`OnDisconnect::Discard`]).
    #[error("NATS cannot be reached now")]
    Lost,
    /// The server has not taken what was sent before.
    #[error("the NATS server takes nothing now, and no more may wait to be sent")]
    Full,
}

/// What happens to messages that wait to be written when the connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisconnect {
    /// They go out when it is back, but for those that were being written. For replies: whoever asked may still wait.
    Buffer,
    /// They are dropped, and no others are taken until it is back. For calls: they would be done long after their callers
    /// have gone.
    Discard,
}

impl<'a> Outgoing<'a> {
    /// A message that has nothing but a payload.
    pub fn plain(subject: &'a str, payload: &'a [u8]) -> Self {
        Self { subject, reply: None, headers: &headers::NONE, payload }
    }

    /// Refuses what no server would take, before any of it is written.
    pub(super) fn check(&self, max_payload: usize) -> Result<(), PublishError> {
        let (size, most) = (self.size(), max_payload);
        if size > most {
            return Err(PublishError::TooLarge { size, most });
        }
        if !is_subject(self.subject) || !self.reply.is_none_or(is_subject) {
            return Err(PublishError::BadSubject);
        }
        Ok(())
    }

    pub(super) fn size(&self) -> usize {
        let headers = if self.headers.is_empty() { 0 } else { self.headers.block_len() };
        headers + self.payload.len()
    }
}

/// Whether it can stand in a line of the protocol, with another.
pub(super) fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_MAX).contains(&text.len()) && text.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}
