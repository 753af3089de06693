//! Streams and consumers, as the servers of JetStream tell them.

use std::time::{Duration, Instant};

use aegis_domain::Actor;
use aegis_domain::wire::subject;
use aegis_graphql::ports::{
    ConsumerDeleted, ConsumerFacts, JetStream, LeaseStoreFacts, Principal, Refused, StorageFacts, StreamFacts,
};
use aegis_nats::bucket::Bucket;
use async_nats::jetstream::stream;
use futures_util::future::BoxFuture;

use super::Adapter;
use crate::consumers::{self, Deletion};
use crate::jetstream::{PATIENCE, all, away, opened, time};

/// How long a read of the lease store may take.
const READ: Duration = Duration::from_secs(1);

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

    fn consumers(&self, stream: Option<String>) -> BoxFuture<'_, Result<Vec<ConsumerFacts>, Refused>> {
        Box::pin(async move {
            match stream {
                Some(stream) => consumers::of_stream(&self.connection, &stream).await,
                None => consumers::of_installation(&self.connection).await?.whole(),
            }
        })
    }

    fn consumer(&self, stream: String, name: String) -> BoxFuture<'_, Result<ConsumerFacts, Refused>> {
        Box::pin(async move { consumers::one(&self.connection, &stream, &name).await })
    }

    fn delete_consumer(
        &self,
        by: Principal,
        stream: String,
        consumer: String,
        reason: String,
        force: bool,
    ) -> BoxFuture<'_, Result<ConsumerDeleted, Refused>> {
        Box::pin(async move {
            let asked = Deletion { stream, consumer, reason, force };
            consumers::delete(&self.connection, asked, Actor::user(&by.name), self.clock.now()).await
        })
    }
}

impl Adapter {
    pub(crate) async fn lease_store_facts(&self) -> Result<LeaseStoreFacts, Refused> {
        let bucket = self.connection.namespace().leases_bucket();
        let stream = subject::kv_stream(&bucket);
        let opened = opened(&self.connection, &stream).await?;
        let StreamFacts { name, replicas, current, leader, .. } = stream_facts(opened.cached_info().clone());
        let begun = Instant::now();
        // No key is named so, and the leader says that.
        let read = Bucket::new(&self.connection, bucket).within(&self.connection, READ).read("probe").await;
        let read_ms = read.ok().map(|_| begun.elapsed().as_secs_f64() * 1e3);
        Ok(LeaseStoreFacts { kind: "KV", stream: name, replicas, current, leader, read_ms })
    }
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
