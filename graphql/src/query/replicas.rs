//! The replicas of the control plane, the lease store, and how the leases of instances are doing.

use std::collections::BTreeMap;

use aegis_domain::{ErrorCode, InstanceName, ServiceName};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::error::{error, refused, require};
use crate::ports::{Feed, Others};
use crate::ports::{LeaseStoreFacts, ReplicaFacts, Role};
use crate::types::Long;

#[derive(Debug, Default)]
pub(super) struct ReplicasQuery;

/// A replica of the control plane, as it tells itself.
#[derive(Debug, SimpleObject)]
struct Replica {
    /// Which start of which process it is.
    id: ID,
    /// The name of its host; empty where it has none.
    host: String,
    version: String,
    /// When it started, by its own clock.
    started_at: DateTime<Utc>,
    /// Sequence of the last event that its registry has applied.
    as_of_sequence: Long,
    /// Events in the log that its registry has not applied yet, as far as it knows.
    projection_lag: Long,
    /// While its registry is made anew: sequence of the last event that this has applied.
    rebuild_sequence: Option<Long>,
    /// Whether it verifies the log.
    verifying: bool,
    /// The NATS server that it is connected to.
    nats_server: Option<String>,
    /// Whether it can read the heartbeats.
    heartbeats_visible: bool,
    /// How many problems it has: its own `system { problems }` tells them.
    problems: Long,
    /// Whether it is the one that answers.
    mine: bool,
}

/// The store that decides who owns what.
#[derive(Debug, SimpleObject)]
struct LeaseStore {
    /// What it is: `KV`, one replicated bucket.
    kind: String,
    /// Its stream.
    stream: String,
    /// How many copies it is to have.
    replicas: Long,
    /// How many of them are there and current, the one that leads counted in.
    replicas_current: Long,
    /// The server that leads it, which has nothing to do with the owner of a group; null where there is no cluster, or nobody
    /// leads.
    jet_stream_leader: Option<String>,
    /// How long a read from its leader has just taken, in milliseconds; null when it did not answer within a second.
    read_ms: Option<f64>,
    /// Which NATS servers the instances are connected to that take part in elections, in order of name.
    nodes: Vec<LeaseNode>,
}

/// A NATS server, and who is connected to it.
#[derive(Debug, SimpleObject)]
struct LeaseNode {
    /// Null for those of which it is not known.
    nats_server: Option<String>,
    /// Instances that take part in elections.
    instances: Long,
    /// The groups that they own.
    groups: Long,
    /// What was left of a lease at worst when one of them renewed it, over the last minute, in percent; null where nobody says.
    lowest_percent: Option<i32>,
}

/// How the lease of an instance is doing.
#[derive(Debug, SimpleObject)]
struct InstanceLease {
    /// `<service>/<instance>`
    id: ID,
    /// How long it is, in milliseconds.
    ms: Long,
    /// What was left of it at worst when a renewal was acknowledged, over the last minute, in percent.
    lowest_percent: i32,
    /// The NATS server that the instance is connected to.
    nats_server: Option<String>,
}

#[Object]
impl ReplicasQuery {
    /// The replicas of the control plane that answer within half a second, in order of their start.
    async fn replicas(&self, context: &Context<'_>) -> Result<Vec<Replica>> {
        require(context, Role::Viewer)?;
        Ok(context.data::<Others>()?.replicas().await.into_iter().map(Into::into).collect())
    }

    /// The store that decides who owns what. NATS is asked.
    async fn lease_store(&self, context: &Context<'_>) -> Result<LeaseStore> {
        require(context, Role::Viewer)?;
        let facts = context.data::<Others>()?.lease_store().await.map_err(refused)?;
        let nodes = nodes(context)?;
        let LeaseStoreFacts { kind, stream, replicas, current, leader, read_ms } = facts;
        Ok(LeaseStore {
            kind: kind.to_owned(),
            stream,
            replicas: replicas.into(),
            replicas_current: current.into(),
            jet_stream_leader: leader,
            read_ms,
            nodes,
        })
    }

    /// How the leases of these instances (`<service>/<instance>`, 500 at most) are doing. Those that say nothing of it are left
    /// out.
    async fn leases(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_items = 500, list, max_length = 400))] ids: Vec<String>,
    ) -> Result<Vec<InstanceLease>> {
        require(context, Role::Viewer)?;
        let contents = context.data::<Feed>()?.contents();
        let mut leases = Vec::with_capacity(ids.len());
        for id in ids {
            let named = id.split_once('/').and_then(|(service, instance)| {
                Some((ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?))
            });
            let key = named.ok_or_else(|| error(ErrorCode::InvalidInput, "an id is <service>/<instance>"))?;
            let alive = contents.state.instances.get(&key).is_some_and(|view| view.state.is_alive());
            let Some(beat) = contents.beats.get(&key).filter(|_| alive) else { continue };
            let metrics = &beat.heartbeat.metrics;
            let Some(lease) = metrics.lease else { continue };
            leases.push(InstanceLease {
                id: ID(id),
                ms: lease.ms.into(),
                lowest_percent: i32::from(lease.lowest_percent),
                nats_server: metrics.nats_server.clone(),
            });
        }
        Ok(leases)
    }
}

fn nodes(context: &Context<'_>) -> Result<Vec<LeaseNode>> {
    let contents = context.data::<Feed>()?.contents();
    let mut nodes = BTreeMap::<Option<&str>, LeaseNode>::new();
    for (key, beat) in &contents.beats {
        let alive = contents.state.instances.get(key).is_some_and(|view| view.state.is_alive());
        let groups = contents.owned_count(key) as u64;
        let metrics = &beat.heartbeat.metrics;
        if !alive || (metrics.lease.is_none() && groups == 0) {
            continue;
        }
        let server = metrics.nats_server.as_deref();
        let node = nodes.entry(server).or_insert_with(|| LeaseNode {
            nats_server: server.map(str::to_owned),
            instances: 0_u64.into(),
            groups: 0_u64.into(),
            lowest_percent: None,
        });
        node.instances = (node.instances.0 + 1).into();
        node.groups = (node.groups.0 + groups).into();
        let told = metrics.lease.map(|lease| i32::from(lease.lowest_percent));
        node.lowest_percent = [node.lowest_percent, told].into_iter().flatten().min();
    }
    Ok(nodes.into_values().collect())
}

impl From<ReplicaFacts> for Replica {
    fn from(facts: ReplicaFacts) -> Self {
        Self {
            id: ID(facts.id),
            host: facts.host,
            version: facts.version,
            started_at: facts.started_at,
            as_of_sequence: facts.position.into(),
            projection_lag: facts.head.saturating_sub(facts.position).into(),
            rebuild_sequence: facts.rebuilding.map(Into::into),
            verifying: facts.verifying,
            nats_server: facts.nats_server,
            heartbeats_visible: facts.sees_heartbeats,
            problems: facts.problems.into(),
            mine: facts.mine,
        }
    }
}
