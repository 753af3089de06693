//! What the schema needs to know of the streams and consumers of JetStream.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::Refused;

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// Its name.
    pub name: String,
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sequence of the first message.
    pub first: u64,
    /// The sequence of the last one.
    pub last: u64,
    /// When the first one was stored; none while there is none.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last one was stored; none while there was none.
    pub last_at: Option<DateTime<Utc>>,
    /// How many copies it is to have.
    pub replicas: u64,
    /// How many of them are there and current, the one that leads counted in.
    pub current: u64,
    /// The server that leads it; none where there is no cluster, or nobody leads.
    pub leader: Option<String>,
    /// How many consumers it has.
    pub consumers: u64,
    /// The most bytes that it takes; none without a limit.
    pub max_bytes: Option<u64>,
    /// For how many seconds it keeps a message; none without a limit.
    pub max_age_seconds: Option<u64>,
}

/// What the account stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageFacts {
    /// Bytes of all streams in files.
    pub used: u64,
    /// The most that the account may store; none without a limit.
    pub limit: Option<u64>,
}

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerFacts {
    /// Its stream.
    pub stream: String,
    /// Its name.
    pub name: String,
    /// Whether it stays when nobody reads it.
    pub durable: bool,
    /// Messages that were not delivered to it yet.
    pub pending: u64,
    /// Those that were delivered and not acknowledged.
    pub ack_pending: u64,
    /// Those that were delivered again.
    pub redelivered: u64,
    /// Requests for messages that wait.
    pub waiting: u64,
    /// The last message that was delivered.
    pub delivered: u64,
    /// All up to this message are acknowledged.
    pub ack_floor: u64,
    /// When a message was delivered last; none while there was none.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The server that leads it; none where there is no cluster, or nobody leads.
    pub leader: Option<String>,
}

/// The streams and consumers of the account.
pub trait JetStream: Send + Sync {
    /// The streams in order of name, those of the server itself aside; 2,000 at most.
    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamFacts>, Refused>>;
    /// What the account stores.
    fn storage(&self) -> BoxFuture<'_, Result<StorageFacts, Refused>>;
    /// The consumers of a stream in order of name, 2,000 at most; `NOT_FOUND` when there is no such stream.
    fn consumers(&self, stream: String) -> BoxFuture<'_, Result<Vec<ConsumerFacts>, Refused>>;
}
