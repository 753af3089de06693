//! Streams and consumers, as the servers of JetStream tell them.

use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_domain::wire::subject;
use aegis_graphql::ports::{ConsumerFacts, JetStream, LeaseStoreFacts, Refused, StorageFacts, StreamFacts};
use aegis_nats::bucket::Bucket;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::{self, consumer, stream};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::{Stream, TryStreamExt as _};

use super::Adapter;

/// How long NATS may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a read of the lease store may take.
const READ: Duration = Duration::from_secs(1);
/// So many are told at most.
const MOST: usize = 2_000;

impl JetStream for Adapter {
    fn streams(&self) -> BoxFuture<'_, Result<Vec<StreamFacts>, Refused>> {
        Box::pin(async move {
            let found = all(self.connection.jetstream().streams()).await?;
            let mut facts: Vec<_> = found.into_iter().map(stream_facts).collect();
            // Names of the servers' own.
            facts.retain(|stream| !stream.name.starts_with('$'));
            facts.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(facts)
        })
    }

    fn storage(&self) -> BoxFuture<'_, Result<StorageFacts, Refused>> {
        Box::pin(async move {
            let asked = tokio::time::timeout(PATIENCE, self.connection.jetstream().query_account()).await;
            let account = asked.map_err(away)?.map_err(away)?;
            let limit =
                account.limits.max_storage.and_then(|most| u64::try_from(most).ok()).filter(|most| *most > 0);
            Ok(StorageFacts { used: account.storage, limit })
        })
    }

    fn consumers(&self, stream: String) -> BoxFuture<'_, Result<Vec<ConsumerFacts>, Refused>> {
        Box::pin(async move {
            let opened = self.connection.jetstream().get_stream(&stream);
            let opened = match tokio::time::timeout(PATIENCE, opened).await {
                Ok(opened) => opened.map_err(|error| unopened(error, &stream))?,
                Err(elapsed) => return Err(away(elapsed)),
            };
            let found = all(opened.consumers()).await?;
            let mut facts: Vec<_> = found.into_iter().map(consumer_facts).collect();
            facts.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(facts)
        })
    }
}

impl Adapter {
    pub(crate) async fn lease_store_facts(&self) -> Result<LeaseStoreFacts, Refused> {
        let bucket = self.connection.namespace().leases_bucket();
        let stream = subject::kv_stream(&bucket);
        let opened = self.connection.jetstream().get_stream(&stream);
        let opened = match tokio::time::timeout(PATIENCE, opened).await {
            Ok(opened) => opened.map_err(|error| unopened(error, &stream))?,
            Err(elapsed) => return Err(away(elapsed)),
        };
        let StreamFacts { name, replicas, current, leader, .. } = stream_facts(opened.cached_info().clone());
        let begun = Instant::now();
        // No key is named so, and the leader says that.
        let read = Bucket::new(&self.connection, bucket).within(&self.connection, READ).read("probe").await;
        let read_ms = read.ok().map(|_| begun.elapsed().as_secs_f64() * 1e3);
        Ok(LeaseStoreFacts { kind: "KV", stream: name, replicas, current, leader, read_ms })
    }
}

async fn all<T, E>(pages: impl Stream<Item = Result<T, E>>) -> Result<Vec<T>, Refused>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut pages = std::pin::pin!(pages);
    let mut all = Vec::new();
    let read = async {
        while let Some(one) = pages.try_next().await? {
            all.push(one);
            if all.len() == MOST {
                break;
            }
        }
        Ok::<_, E>(())
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(())) => Ok(all),
        Ok(Err(error)) => Err(away(error)),
        Err(elapsed) => Err(away(elapsed)),
    }
}

fn unopened(error: GetStreamError, stream: &str) -> Refused {
    let is_absent = match error.kind() {
        GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => true,
        GetStreamErrorKind::JetStream(told) => told.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND,
        GetStreamErrorKind::Request => false,
    };
    if is_absent {
        return Refused { code: ErrorCode::NotFound, message: format!("there is no stream {stream:?}") };
    }
    away(error)
}

fn away(error: impl std::error::Error) -> Refused {
    tracing::debug!(%error, "JetStream was not told of");
    Refused { code: ErrorCode::Unavailable, message: "JetStream does not tell it now: try again".to_owned() }
}

fn stream_facts(info: stream::Info) -> StreamFacts {
    let stream::Info { config, state, cluster, .. } = info;
    let followers = cluster.iter().flat_map(|cluster| &cluster.replicas);
    let current = followers.filter(|replica| replica.current && !replica.offline).count() as u64;
    let leader = cluster.as_ref().and_then(|cluster| cluster.leader.clone());
    // Without a cluster there is the one copy.
    let leading = u64::from(cluster.is_none() || leader.is_some());
    StreamFacts {
        name: config.name,
        messages: state.messages,
        bytes: state.bytes,
        first: state.first_sequence,
        last: state.last_sequence,
        first_at: time(state.first_timestamp.unix_timestamp_nanos()).filter(|_| state.messages > 0),
        last_at: time(state.last_timestamp.unix_timestamp_nanos()).filter(|_| state.last_sequence > 0),
        replicas: u64::try_from(config.num_replicas).unwrap_or_default().max(1),
        current: current + leading,
        leader: leader.filter(|_| config.num_replicas > 1),
        consumers: state.consumer_count as u64,
        max_bytes: u64::try_from(config.max_bytes).ok().filter(|most| *most > 0),
        max_age_seconds: (!config.max_age.is_zero()).then_some(config.max_age.as_secs()),
    }
}

fn consumer_facts(info: consumer::Info) -> ConsumerFacts {
    ConsumerFacts {
        stream: info.stream_name,
        name: info.name,
        durable: info.config.durable_name.is_some(),
        pending: info.num_pending,
        ack_pending: info.num_ack_pending as u64,
        redelivered: info.num_redelivered as u64,
        waiting: info.num_waiting as u64,
        delivered: info.delivered.stream_sequence,
        ack_floor: info.ack_floor.stream_sequence,
        delivered_at: info.delivered.last_active.and_then(|at| time(at.unix_timestamp_nanos())),
        leader: info.cluster.and_then(|cluster| cluster.leader),
    }
}

fn time(nanos: i128) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(i64::try_from(nanos.div_euclid(1000)).ok()?)
}
