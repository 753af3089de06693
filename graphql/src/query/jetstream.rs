//! The streams and consumers of JetStream, as its servers tell them now.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::error::{refused, require};
use crate::ports::{ConsumerFacts, Role, StorageFacts, StreamFacts, growth};
use crate::ports::{Status, Streams};
use crate::types::Long;

#[derive(Debug, Default)]
pub(super) struct JetStreamQuery;

/// A stream of JetStream.
#[derive(Debug, SimpleObject)]
struct JetStreamStream {
    name: String,
    messages: Long,
    bytes: Long,
    first_sequence: Long,
    last_sequence: Long,
    /// When its first message was stored; null while there is none.
    first_at: Option<DateTime<Utc>>,
    /// When its last message was stored; null while there was none.
    last_at: Option<DateTime<Utc>>,
    /// How many bytes a day it has taken from its first message to its last one; null before those are ten minutes apart.
    bytes_per_day: Option<f64>,
    /// After how many days it reaches its limit of bytes at this rate; null where it does not, or is not known to.
    days_left: Option<f64>,
    /// How many copies it is to have.
    replicas: Long,
    /// How many of them are there and current, the one that leads counted in.
    replicas_current: Long,
    /// The server that leads it, which has nothing to do with the owner of a group; null where there is no cluster, or nobody
    /// leads.
    jet_stream_leader: Option<String>,
    consumers: Long,
    /// Null without a limit.
    max_bytes: Option<Long>,
    /// Null without a limit.
    max_age_seconds: Option<Long>,
}

/// What the account stores in files.
#[derive(Debug, SimpleObject)]
struct Storage {
    used_bytes: Long,
    /// Null without a limit of the account: what the disk of a server holds is not known.
    limit_bytes: Option<Long>,
    /// How many bytes a day are added by the streams that still grow: not those that forget as much as they take.
    bytes_per_day: f64,
    /// After how many days the limit is reached at this rate; null without a limit, or where nothing grows.
    days_left: Option<f64>,
}

/// A consumer of a stream.
#[derive(Debug, SimpleObject)]
struct JetStreamConsumer {
    stream: String,
    name: String,
    created_at: Option<DateTime<Utc>>,
    /// Whose it is, where it says so: the SDK writes the service, the subscription, and the instance where each has its own.
    owner: Option<String>,
    /// The subjects that it takes; none means all of its stream.
    filters: Vec<String>,
    /// Whether the server sends by itself, instead of on request.
    push: bool,
    /// Whether it stays when nobody reads it.
    durable: bool,
    /// Whether it is one of the control plane, or of a service that reads its streams: those are never deleted by hand, and
    /// end with their readers.
    own: bool,
    /// Whether the server holds it back until later.
    paused: bool,
    /// Whether somebody reads it: asks for messages, listens for them, or works on some that it was given within the last minute.
    has_reader: bool,
    /// Messages that were not delivered to it yet: what it is behind.
    pending: Long,
    /// Those that were delivered and not acknowledged.
    ack_pending: Long,
    /// Those that were delivered again.
    redelivered: Long,
    /// Requests for messages that wait.
    waiting: Long,
    /// Whether somebody listens where a server that sends by itself sends to, or has a shared consumer for itself.
    bound: bool,
    /// Sequence of the last message that was delivered.
    delivered_sequence: Long,
    /// All up to this sequence are acknowledged.
    ack_floor_sequence: Long,
    /// When a message was delivered last; null while there was none.
    delivered_at: Option<DateTime<Utc>>,
    /// When one was acknowledged last; null while there was none.
    acknowledged_at: Option<DateTime<Utc>>,
    /// When the oldest message was stored that it has not processed; null when there is none. Told by `consumer`; null in lists.
    oldest_unprocessed_at: Option<DateTime<Utc>>,
    /// The server that leads it; null where there is no cluster, or nobody leads.
    jet_stream_leader: Option<String>,
}

#[Object]
impl JetStreamQuery {
    /// The streams of the account, 2,000 at most, in order of name, those of the server itself aside. NATS is asked.
    async fn streams(&self, context: &Context<'_>) -> Result<Vec<JetStreamStream>> {
        require(context, Role::Auditor)?;
        let streams = context.data::<Streams>()?.streams().await.map_err(refused)?;
        Ok(streams.into_iter().map(Into::into).collect())
    }

    /// What the account stores in files, and how that grows. NATS is asked.
    async fn storage(&self, context: &Context<'_>) -> Result<Storage> {
        require(context, Role::Auditor)?;
        let port = context.data::<Streams>()?;
        let storage = port.storage().await.map_err(refused)?;
        let streams = port.streams().await.map_err(refused)?;
        let (bytes_per_day, days_left) = (growth(&streams), storage.days_left(&streams));
        let StorageFacts { used, limit } = storage;
        Ok(Storage { used_bytes: used.into(), limit_bytes: limit.map(Into::into), bytes_per_day, days_left })
    }

    /// The consumers of a stream, 2,000 at most, in order of name; `NOT_FOUND` when there is no such stream. Without one, the
    /// durable consumers of all streams of the installation. NATS is asked.
    async fn consumers(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_length = 200))] stream: Option<String>,
    ) -> Result<Vec<JetStreamConsumer>> {
        require(context, Role::Auditor)?;
        let consumers = context.data::<Streams>()?.consumers(stream).await.map_err(refused)?;
        let now = context.data::<Status>()?.time();
        Ok(consumers.into_iter().map(|facts| JetStreamConsumer::new(facts, now)).collect())
    }

    /// One consumer of a stream; `NOT_FOUND` when there is no such stream or consumer. NATS is asked.
    async fn consumer(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_length = 200))] stream: String,
        #[graphql(validator(max_length = 200))] name: String,
    ) -> Result<JetStreamConsumer> {
        require(context, Role::Auditor)?;
        let facts = context.data::<Streams>()?.consumer(stream, name).await.map_err(refused)?;
        Ok(JetStreamConsumer::new(facts, context.data::<Status>()?.time()))
    }
}

impl From<StreamFacts> for JetStreamStream {
    fn from(facts: StreamFacts) -> Self {
        let (bytes_per_day, days_left) = (facts.bytes_per_day(), facts.days_left());
        Self {
            first_at: facts.first_at,
            bytes_per_day,
            days_left,
            name: facts.name,
            messages: facts.messages.into(),
            bytes: facts.bytes.into(),
            first_sequence: facts.first.into(),
            last_sequence: facts.last.into(),
            last_at: facts.last_at,
            replicas: facts.replicas.into(),
            replicas_current: facts.current.into(),
            jet_stream_leader: facts.leader,
            consumers: facts.consumers.into(),
            max_bytes: facts.max_bytes.map(Into::into),
            max_age_seconds: facts.max_age_seconds.map(Into::into),
        }
    }
}

impl JetStreamConsumer {
    fn new(facts: ConsumerFacts, now: DateTime<Utc>) -> Self {
        Self {
            has_reader: facts.has_reader(now),
            created_at: facts.created_at,
            owner: facts.owner,
            filters: facts.filters,
            push: facts.push,
            own: facts.own,
            paused: facts.paused,
            bound: facts.bound,
            acknowledged_at: facts.acknowledged_at,
            oldest_unprocessed_at: facts.oldest_at,
            stream: facts.stream,
            name: facts.name,
            durable: facts.durable,
            pending: facts.pending.into(),
            ack_pending: facts.ack_pending.into(),
            redelivered: facts.redelivered.into(),
            waiting: facts.waiting.into(),
            delivered_sequence: facts.delivered.into(),
            ack_floor_sequence: facts.ack_floor.into(),
            delivered_at: facts.delivered_at,
            jet_stream_leader: facts.leader,
        }
    }
}
