//! The status of all replicas: the replica that is asked sends a request on one subject, and each answers. Nothing is
//! stored, so a replica that is gone is not listed.

use std::sync::Arc;
use std::time::Duration;

use aegis_graphql::ports::{Health as _, ReplicaFacts, Verifier as _};
use aegis_nats::Connection;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Adapter;

/// How long answers are waited for, and how long after the last one.
const PATIENCE: Duration = Duration::from_millis(500);
const SPACING: Duration = Duration::from_millis(200);
/// After so long a subscription is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// So many answers are taken at most, and of each so many bytes: anybody may answer.
const ANSWERS: usize = 64;
const BYTES: usize = 4_096;
/// So many characters of a text are told.
const TEXT: usize = 200;

/// Who this replica is.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    id: Uuid,
    host: String,
    started_at: DateTime<Utc>,
}

/// What a replica answers.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    id: Uuid,
    #[serde(default)]
    host: String,
    version: String,
    started_at: DateTime<Utc>,
    position: u64,
    head: u64,
    #[serde(default)]
    rebuilding: Option<u64>,
    #[serde(default)]
    verifying: bool,
    #[serde(default)]
    nats_server: Option<String>,
    sees_heartbeats: bool,
    #[serde(default)]
    problems: u64,
}

impl Me {
    pub(crate) fn new() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
        Self { id: Uuid::new_v4(), host: host.trim().to_owned(), started_at: Utc::now() }
    }
}

/// Answers for this replica until stopped.
pub(crate) async fn answer(adapter: Arc<Adapter>, stop: CancellationToken) {
    let client = adapter.connection.client();
    let subject = adapter.connection.namespace().replicas_subject();
    loop {
        let Ok(mut asked) = client.subscribe(subject.clone()).await else {
            if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
                return;
            }
            continue;
        };
        while let Some(asked) = stop.run_until_cancelled(asked.next()).await {
            let Some(asked) = asked else { break };
            let Some(reply) = asked.reply.filter(|reply| !adapter.connection.namespace().is_reserved(reply))
            else {
                continue;
            };
            let told = serde_json::to_vec(&tell(&adapter)).unwrap_or_default();
            if let Err(error) = client.publish(reply, told.into()).await {
                tracing::debug!(%error, "an answer to another replica was not sent");
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

/// Those that answer, in order of their start.
pub(crate) async fn ask(adapter: &Adapter) -> Vec<ReplicaFacts> {
    let mut told = gather(&adapter.connection).await.unwrap_or_default();
    // It can tell of itself while NATS is away.
    told.retain(|it| it.id != adapter.me.id);
    told.push(tell(adapter));
    told.sort_by_key(|it| (it.started_at, it.id));
    let short = |text: String| text.chars().filter(|c| !c.is_control()).take(TEXT).collect();
    let facts = |told: Told| ReplicaFacts {
        mine: told.id == adapter.me.id,
        id: told.id.to_string(),
        host: short(told.host),
        version: short(told.version),
        started_at: told.started_at,
        position: told.position,
        head: told.head,
        rebuilding: told.rebuilding,
        verifying: told.verifying,
        nats_server: told.nats_server.map(short),
        sees_heartbeats: told.sees_heartbeats,
        problems: told.problems,
    };
    told.into_iter().map(facts).collect()
}

async fn gather(connection: &Connection) -> Option<Vec<Told>> {
    let client = connection.client();
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.ok()?;
    let subject = connection.namespace().replicas_subject();
    client.publish_with_reply(subject, inbox, "".into()).await.ok()?;
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut told: Vec<Told> = Vec::new();
    while told.len() < ANSWERS {
        let wait = if told.is_empty() { until } else { until.min(tokio::time::Instant::now() + SPACING) };
        let Ok(Some(answer)) = tokio::time::timeout_at(wait, answers.next()).await else { break };
        let read = (answer.payload.len() <= BYTES).then(|| serde_json::from_slice::<Told>(&answer.payload));
        if let Some(Ok(one)) = read
            && !told.iter().any(|known| known.id == one.id)
        {
            told.push(one);
        }
    }
    Some(told)
}

fn tell(adapter: &Adapter) -> Told {
    let [(_, registry), _] = &adapter.progress;
    let server = adapter.connection.client().server_info().server_name;
    Told {
        id: adapter.me.id,
        host: adapter.me.host.clone(),
        version: adapter.version(),
        started_at: adapter.me.started_at,
        position: registry.position().get(),
        head: registry.head().max(registry.position()).get(),
        rebuilding: registry.rebuilding().map(aegis_domain::Sequence::get),
        verifying: adapter.verification().is_some_and(|it| it.ended.is_none()),
        nats_server: Some(server).filter(|name| !name.is_empty()),
        sees_heartbeats: adapter.sees_heartbeats(),
        problems: adapter.problems().len() as u64,
    }
}
