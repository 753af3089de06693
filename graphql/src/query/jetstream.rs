//! The streams and consumers of JetStream, as its servers tell them now.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::{refused, require};
use crate::ports::{ConsumerFacts, Role, StorageFacts, StreamFacts};
use crate::schema::Streams;
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
    /// Whether it stays when nobody reads it.
    durable: bool,
    /// Messages that were not delivered to it yet: what it is behind.
    pending: Long,
    /// Those that were delivered and not acknowledged.
    ack_pending: Long,
    /// Those that were delivered again.
    redelivered: Long,
    /// Requests for messages that wait: none means that nobody reads it.
    waiting: Long,
    /// Sequence of the last message that was delivered.
    delivered_sequence: Long,
    /// All up to this sequence are acknowledged.
    ack_floor_sequence: Long,
    /// When a message was delivered last; null while there was none.
    delivered_at: Option<DateTime<Utc>>,
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
        let StorageFacts { used, limit } = port.storage().await.map_err(refused)?;
        let streams = port.streams().await.map_err(refused)?;
        let growing = streams.iter().filter(|stream| grows(stream));
        let bytes_per_day = growing.filter_map(bytes_per_day).fold(0.0, |sum, rate| sum + rate);
        let days_left = limit.and_then(|limit| until(used, limit, bytes_per_day));
        Ok(Storage { used_bytes: used.into(), limit_bytes: limit.map(Into::into), bytes_per_day, days_left })
    }

    /// The consumers of a stream, 2,000 at most, in order of name; `NOT_FOUND` when there is no such stream. NATS is asked.
    async fn consumers(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_length = 200))] stream: String,
    ) -> Result<Vec<JetStreamConsumer>> {
        require(context, Role::Auditor)?;
        let consumers = context.data::<Streams>()?.consumers(stream).await.map_err(refused)?;
        Ok(consumers.into_iter().map(Into::into).collect())
    }
}

/// A rate over less than this is none.
const RATE_OVER: TimeDelta = TimeDelta::minutes(10);
const DAY: f64 = 86_400.0;

fn span(facts: &StreamFacts) -> Option<TimeDelta> {
    let span = facts.last_at?.signed_duration_since(facts.first_at?);
    (span >= RATE_OVER).then_some(span)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn bytes_per_day(facts: &StreamFacts) -> Option<f64> {
    Some(facts.bytes as f64 * DAY / span(facts)?.as_seconds_f64())
}

/// Whether it does not yet forget as much as it takes.
fn grows(facts: &StreamFacts) -> bool {
    let held = |most: u64| facts.bytes >= most / 100 * 95;
    let aged = |most: u64| {
        let kept = i64::try_from(most / 100 * 95).map_or(TimeDelta::MAX, TimeDelta::seconds);
        span(facts).is_some_and(|span| span >= kept)
    };
    !facts.max_bytes.is_some_and(held) && !facts.max_age_seconds.is_some_and(aged)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn days_left(facts: &StreamFacts) -> Option<f64> {
    let (most, rate) = (facts.max_bytes?, bytes_per_day(facts)?);
    // What is older is gone by then.
    let held = facts.max_age_seconds.map(|age| rate * age as f64 / DAY);
    if held.is_some_and(|held| held <= most as f64) { None } else { until(facts.bytes, most, rate) }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn until(used: u64, limit: u64, per_day: f64) -> Option<f64> {
    (per_day > 0.0).then(|| limit.saturating_sub(used) as f64 / per_day)
}

impl From<StreamFacts> for JetStreamStream {
    fn from(facts: StreamFacts) -> Self {
        let (bytes_per_day, days_left) = (bytes_per_day(&facts), days_left(&facts));
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

impl From<ConsumerFacts> for JetStreamConsumer {
    fn from(facts: ConsumerFacts) -> Self {
        Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(bytes: u64, hours: i64) -> StreamFacts {
        let at = |hour: i64| DateTime::from_timestamp(1_700_000_000 + 3_600 * hour, 0);
        StreamFacts {
            name: "S".into(),
            messages: 10,
            bytes,
            first: 1,
            last: 10,
            first_at: at(0),
            last_at: at(hours),
            replicas: 1,
            current: 1,
            leader: None,
            consumers: 0,
            max_bytes: None,
            max_age_seconds: None,
        }
    }

    #[test]
    fn a_rate_is_over_ten_minutes_at_least_and_ends_where_the_limit_is() {
        assert_eq!(bytes_per_day(&stream(1_000, 0)), None);
        let half = stream(1_000, 12);
        assert_eq!((bytes_per_day(&half), days_left(&half)), (Some(2_000.0), None), "without a limit");
        let limited = StreamFacts { max_bytes: Some(7_000), ..stream(1_000, 12) };
        assert_eq!(days_left(&limited), Some(3.0));
        let aged = StreamFacts { max_age_seconds: Some(24 * 3_600), ..limited.clone() };
        assert_eq!(days_left(&aged), None, "a day of it is less than the limit");
        let short = StreamFacts { max_bytes: Some(1_500), ..aged };
        assert_eq!(days_left(&short), Some(0.25));
        assert!(grows(&limited) && !grows(&StreamFacts { max_bytes: Some(1_010), ..stream(1_000, 12) }));
        assert!(!grows(&StreamFacts { max_age_seconds: Some(12 * 3_600), ..stream(1_000, 12) }));
    }
}
