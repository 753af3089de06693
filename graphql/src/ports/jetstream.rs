//! The port to the streams and consumers of JetStream.

use aegis_domain::Sequence;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::{Principal, Refused};

/// A rate over less than this is none.
const RATE_OVER: TimeDelta = TimeDelta::minutes(10);
const DAY: f64 = 86_400.0;
/// A reader that was given a message so lately, and has not acknowledged it, is taken to work on it.
const AT_WORK: TimeDelta = TimeDelta::minutes(1);

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

impl StreamFacts {
    /// How many bytes a day it has taken from its first message to its last one; none before those are ten minutes apart.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn bytes_per_day(&self) -> Option<f64> {
        Some(self.bytes as f64 * DAY / self.span()?.as_seconds_f64())
    }

    /// After how many days it reaches its limit of bytes at this rate; none where it does not, or is not known to.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn days_left(&self) -> Option<f64> {
        let (most, rate) = (self.max_bytes?, self.bytes_per_day()?);
        // What is older is gone by then.
        let held = self.max_age_seconds.map(|age| rate * age as f64 / DAY);
        if held.is_some_and(|held| held <= most as f64) { None } else { until(self.bytes, most, rate) }
    }

    /// Whether it does not yet forget as much as it takes.
    fn grows(&self) -> bool {
        let held = |most: u64| self.bytes >= most / 100 * 95;
        let aged = |most: u64| {
            let kept = i64::try_from(most / 100 * 95).map_or(TimeDelta::MAX, TimeDelta::seconds);
            self.span().is_some_and(|span| span >= kept)
        };
        !self.max_bytes.is_some_and(held) && !self.max_age_seconds.is_some_and(aged)
    }

    fn span(&self) -> Option<TimeDelta> {
        let span = self.last_at?.signed_duration_since(self.first_at?);
        (span >= RATE_OVER).then_some(span)
    }
}

/// How many bytes a day are added by the streams that still grow.
#[must_use]
pub fn growth(streams: &[StreamFacts]) -> f64 {
    let growing = streams.iter().filter(|stream| stream.grows());
    growing.filter_map(StreamFacts::bytes_per_day).fold(0.0, |sum, rate| sum + rate)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn until(used: u64, limit: u64, per_day: f64) -> Option<f64> {
    (per_day > 0.0).then(|| limit.saturating_sub(used) as f64 / per_day)
}

/// What the account stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageFacts {
    /// Bytes of all streams in files.
    pub used: u64,
    /// The most that the account may store; none without a limit.
    pub limit: Option<u64>,
}

impl StorageFacts {
    /// After how many days the limit is reached at the rate of these streams; none without a limit, or where nothing grows.
    #[must_use]
    pub fn days_left(&self, streams: &[StreamFacts]) -> Option<f64> {
        until(self.used, self.limit?, growth(streams))
    }
}

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerFacts {
    /// Its stream.
    pub stream: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// Whose it is, where it says so: the SDK writes the service, the subscription and the instance.
    pub owner: Option<String>,
    /// The subjects that it takes; none means all of its stream.
    pub filters: Vec<String>,
    /// Whether the server sends by itself, instead of on request.
    pub push: bool,
    /// Whether it stays when nobody reads it.
    pub durable: bool,
    /// Whether it is one of the control plane, or of a service that reads its streams: those come and go with their readers.
    pub own: bool,
    /// Whether the server holds it back until later.
    pub paused: bool,
    /// Messages that were not delivered to it yet.
    pub pending: u64,
    /// Those that were delivered and not acknowledged.
    pub ack_pending: u64,
    /// Those that were delivered again.
    pub redelivered: u64,
    /// Requests for messages that wait.
    pub waiting: u64,
    /// Whether somebody listens where a server that sends by itself sends to, or has a shared consumer for itself.
    pub bound: bool,
    /// The last message that was delivered.
    pub delivered: u64,
    /// All up to this message are acknowledged.
    pub ack_floor: u64,
    /// When a message was delivered last; none while there was none.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When one was acknowledged last; none while there was none.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When the oldest message was stored that it has not processed, where that was asked; none when there is no such message.
    pub oldest_at: Option<DateTime<Utc>>,
    /// The server that leads it; none where there is no cluster, or nobody leads.
    pub leader: Option<String>,
}

impl ConsumerFacts {
    /// Whether somebody reads it: asks for messages, listens for them, or works on some that it was given a moment ago.
    #[must_use]
    pub fn has_reader(&self, now: DateTime<Utc>) -> bool {
        let lately = |at: Option<DateTime<Utc>>| at.is_some_and(|at| now.signed_duration_since(at) < AT_WORK);
        let works = self.ack_pending > 0 && (lately(self.delivered_at) || lately(self.acknowledged_at));
        self.waiting > 0 || self.bound || works
    }

    /// How many messages are not processed: those that it was not given yet, and those that nobody has acknowledged.
    #[must_use]
    pub fn unprocessed(&self) -> u64 {
        self.pending.saturating_add(self.ack_pending)
    }
}

/// A consumer that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerDeleted {
    /// As it stood before.
    pub facts: ConsumerFacts,
    /// The position of the record in the log.
    pub sequence: Sequence,
}

/// The streams and consumers of the account.
pub trait JetStream: Send + Sync {
    /// The streams in order of name, those of the server itself aside; 2,000 at most.
    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamFacts>, Refused>>;
    /// What the account stores.
    fn storage(&self) -> BoxFuture<'_, Result<StorageFacts, Refused>>;
    /// The consumers of a stream in order of name, 2,000 at most; `NOT_FOUND` when there is no such stream. Without one, the
    /// durable consumers of all streams of the installation, in order of stream and name.
    fn consumers(&self, stream: Option<String>) -> BoxFuture<'_, Result<Vec<ConsumerFacts>, Refused>>;
    /// One consumer of a stream, with its oldest message; `NOT_FOUND` when there is no such stream or consumer.
    fn consumer(&self, stream: String, name: String) -> BoxFuture<'_, Result<ConsumerFacts, Refused>>;
    /// Deletes a durable consumer of a stream of the installation, and records who did and why. One that somebody reads only
    /// by `force`.
    fn delete_consumer(
        &self,
        by: Principal,
        stream: String,
        consumer: String,
        reason: String,
        force: bool,
    ) -> BoxFuture<'_, Result<ConsumerDeleted, Refused>>;
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
    fn a_consumer_is_read_by_whoever_asks_listens_or_works() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let idle = ConsumerFacts {
            stream: "EVENTS".into(),
            name: "desk-trades".into(),
            created_at: None,
            owner: None,
            filters: vec![],
            push: false,
            durable: true,
            own: false,
            paused: false,
            pending: 5,
            ack_pending: 0,
            redelivered: 0,
            waiting: 0,
            bound: false,
            delivered: 3,
            ack_floor: 3,
            delivered_at: Some(now),
            acknowledged_at: None,
            oldest_at: None,
            leader: None,
        };
        assert!(!idle.has_reader(now), "it was read a moment ago, and nobody works on what it gave");
        assert!(ConsumerFacts { waiting: 1, ..idle.clone() }.has_reader(now));
        assert!(ConsumerFacts { bound: true, ..idle.clone() }.has_reader(now));
        let busy = ConsumerFacts { ack_pending: 1, ..idle.clone() };
        assert!(busy.has_reader(now + TimeDelta::seconds(59)) && !busy.has_reader(now + AT_WORK));
        let slow = ConsumerFacts { acknowledged_at: Some(now + AT_WORK), ..busy };
        assert!(slow.has_reader(now + AT_WORK));
        assert_eq!((idle.unprocessed(), slow.unprocessed()), (5, 6));
    }

    #[test]
    fn a_rate_is_over_ten_minutes_at_least_and_ends_where_the_limit_is() {
        assert_eq!(stream(1_000, 0).bytes_per_day(), None);
        let half = stream(1_000, 12);
        assert_eq!((half.bytes_per_day(), half.days_left()), (Some(2_000.0), None), "without a limit");
        let limited = StreamFacts { max_bytes: Some(7_000), ..stream(1_000, 12) };
        assert_eq!(limited.days_left(), Some(3.0));
        let aged = StreamFacts { max_age_seconds: Some(24 * 3_600), ..limited.clone() };
        assert_eq!(aged.days_left(), None, "a day of it is less than the limit");
        let short = StreamFacts { max_bytes: Some(1_500), ..aged };
        assert_eq!(short.days_left(), Some(0.25));
        assert!(limited.grows() && !StreamFacts { max_bytes: Some(1_010), ..stream(1_000, 12) }.grows());
        assert!(!StreamFacts { max_age_seconds: Some(12 * 3_600), ..stream(1_000, 12) }.grows());
    }
}
