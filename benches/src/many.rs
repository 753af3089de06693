//! The loss of an instance that owns ten thousand groups: until every one of them is owned again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::kv;
use futures_util::StreamExt as _;

use crate::measure::Latencies;
use crate::member::{SERVICE, member, name};
use crate::report::{Bar, Row};

const GROUPS: usize = 10_000;
const SETTLE: Duration = Duration::from_secs(60);

pub(crate) async fn row(policy: &str, aggressive: bool, trials: u64) -> anyhow::Result<Row> {
    let server = NatsServer::start().await;
    let mut times = Latencies::default();
    for _ in 0..trials {
        times.record(trial(&server, aggressive).await?);
    }
    let limit = if aggressive { 2_000.0 } else { 3_000.0 };
    let values = (times.micros(0.99) / 1000.0, limit);
    let metric = format!("kill -9 of {GROUPS}, {policy}");
    Ok(Row::new(metric, "all owned", values, "ms", Bar::AtMost(1.0), trials))
}

/// One member takes all groups, two others join, and the first is killed.
async fn trial(server: &NatsServer, aggressive: bool) -> anyhow::Result<Duration> {
    let first = member(0, &server.url(), aggressive, GROUPS)?;
    let leases = wait_until("the lease bucket", SETTLE, || async {
        let jetstream = async_nats::jetstream::new(server.client().await);
        jetstream.get_key_value("aegis_leases").await.map_err(|e| e.to_string())
    })
    .await;
    owned_by(&leases, &|owner| owner == name(0)).await?;
    let others =
        [member(1, &server.url(), aggressive, GROUPS)?, member(2, &server.url(), aggressive, GROUPS)?];
    wait_until("the others", SETTLE, || async {
        for index in 1..=2 {
            let key = format!("session.{SERVICE}.{}", name(index));
            if leases.get(&key).await.map_err(|e| e.to_string())?.is_none() {
                return Err(format!("{key} is missing"));
            }
        }
        Ok(())
    })
    .await;
    let begun = Instant::now();
    first.kill();
    owned_by(&leases, &|owner| owner != name(0)).await?;
    let took = begun.elapsed();
    for other in &others {
        other.kill();
    }
    Ok(took)
}

/// Waits until the owner of every group is one of these.
async fn owned_by(leases: &kv::Store, wanted: &(dyn Fn(&str) -> bool + Sync)) -> anyhow::Result<()> {
    let mut changes = leases.watch_with_history(format!("owner.{SERVICE}.*")).await?;
    let mut owned: HashMap<String, bool> = HashMap::new();
    let mut count = 0;
    let all = async {
        while let Some(change) = changes.next().await {
            let change = change?;
            let record: serde_json::Value = serde_json::from_slice(&change.value)?;
            let now = record["holder"]["instance"].as_str().is_some_and(wanted);
            let before = owned.insert(change.key, now).unwrap_or_default();
            count += usize::from(now);
            count -= usize::from(before);
            if count == GROUPS {
                return Ok(());
            }
        }
        anyhow::bail!("the watch ended")
    };
    tokio::time::timeout(SETTLE, all).await?
}
