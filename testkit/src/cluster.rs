use std::time::Duration;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::{
    config::Member,
    fail::or_fail,
    http,
    server::{NatsServer, connect},
    wait::{free_port, try_wait_until, wait_until},
};

const FORMED: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 5;

/// A cluster of real servers with JetStream: names `n1`, `n2`, …, tags `node:n1`, `node:n2`, ….
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts `size` nodes and waits until they have a meta leader and every node is current.
    ///
    /// # Panics
    /// When the cluster does not form within 60 s.
    pub async fn start(size: usize) -> Self {
        Self::start_with(size, "").await
    }

    /// Like [`start`](Self::start), with extra top-level configuration lines on every node.
    ///
    /// # Panics
    /// When the cluster does not form within 60 s.
    pub async fn start_with(size: usize, config: &str) -> Self {
        let cluster = or_fail(Self::launch(size, config).await);
        cluster.formed().await;
        cluster
    }

    /// The node with this index, from 0.
    ///
    /// # Panics
    /// When there is no such node.
    #[must_use]
    pub fn node(&self, index: usize) -> &NatsServer {
        &self.nodes[index]
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[NatsServer] {
        &self.nodes
    }

    /// Client URLs of all nodes, with commas between.
    #[must_use]
    pub fn urls(&self) -> String {
        self.nodes.iter().map(NatsServer::url).collect::<Vec<_>>().join(",")
    }

    /// A fresh connection that knows all nodes.
    ///
    /// # Panics
    /// When no node accepts it.
    pub async fn client(&self) -> async_nats::Client {
        or_fail(connect(&self.urls()).await)
    }

    /// Index of the node named by NATS as a leader, such as `n2`.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        (0..self.nodes.len()).find(|index| node_name(*index) == name)
    }

    /// SIGKILL to one node.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn kill(&self, index: usize) {
        self.node(index).kill();
    }

    /// SIGSTOP to one node.
    ///
    /// # Panics
    /// When there is no such node, or it does not run.
    pub fn pause(&self, index: usize) {
        self.node(index).pause();
    }

    /// SIGCONT to one node.
    ///
    /// # Panics
    /// When there is no such node, or it does not run.
    pub fn resume(&self, index: usize) {
        self.node(index).resume();
    }

    /// Brings one node back on its ports and data. Needs a majority of the others to be up.
    ///
    /// # Panics
    /// When the node does not become ready again.
    pub async fn restart(&self, index: usize) {
        self.node(index).restart().await;
    }

    /// Brings all nodes back at once, and waits as [`start`](Self::start) does.
    ///
    /// # Panics
    /// When the cluster does not form again.
    pub async fn restart_all(&self) {
        for node in &self.nodes {
            node.kill();
        }
        for node in &self.nodes {
            or_fail(node.launch().await);
        }
        self.formed().await;
    }

    /// Waits until all nodes are up, agree on a meta leader, and are current.
    ///
    /// # Panics
    /// When that does not happen within 60 s.
    pub async fn formed(&self) {
        wait_until("the NATS cluster to form", FORMED, async || {
            let mut leaders = Vec::new();
            for (index, node) in self.nodes.iter().enumerate() {
                leaders.push(
                    followed(node, &node_name(index), self.nodes.len())
                        .await
                        .map_err(|e| format!("{e:#}"))?,
                );
            }
            leaders.dedup();
            if leaders.len() == 1 { Ok(()) } else { Err(format!("leaders {leaders:?}")) }
        })
        .await;
    }

    /// Index of the node that leads the meta group, once there is one.
    ///
    /// # Panics
    /// When no running node reports a leader within 60 s.
    pub async fn meta_leader(&self) -> usize {
        wait_until("a meta leader", FORMED, async || {
            for node in self.nodes.iter().filter(|node| node.pid().is_some()) {
                let leader = jsz(node).await.map_err(|error| format!("{error:#}"))?.leader;
                let running = self.index_of(&leader).filter(|index| self.node(*index).pid().is_some());
                if let Some(index) = running {
                    return Ok(index);
                }
            }
            Err("no node reports a leader that runs".to_owned())
        })
        .await
    }

    /// Another process may take a picked port before its server binds it, hence the attempts.
    async fn launch(size: usize, config: &str) -> Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Self::launch_once(size, config).await {
                Ok(cluster) => return Ok(cluster),
                Err(error) => last = Some(error),
            }
        }
        bail!("no cluster after {ATTEMPTS} attempts: {:#}", last.expect("at least one attempt failed"))
    }

    async fn launch_once(size: usize, config: &str) -> Result<Self> {
        let all_routes: Vec<u16> = (0..size).map(|_| free_port()).collect();
        let mut nodes = Vec::new();
        for (index, &route_port) in all_routes.iter().enumerate() {
            let member = Member { name: node_name(index), route_port, all_routes: all_routes.clone() };
            let node = NatsServer::builder().member(member).config(config).build().await?;
            // A server whose route port is taken logs a fatal error and exits after its ports file.
            let settled = try_wait_until(Duration::from_secs(10), async || {
                if node.pid().is_none() {
                    return Ok(Err(format!("node {index} ended:\n{}", node.log())));
                }
                match http::get(&format!("{}/varz", node.monitor_url())).await {
                    Ok(answer) if answer.body.contains(&format!("\"cluster_port\": {route_port}")) => {
                        Ok(Ok(()))
                    }
                    Ok(answer) => Err(format!("status {}", answer.status)),
                    Err(error) => Err(format!("{error:#}")),
                }
            });
            if let Err(status) | Ok(Err(status)) = settled.await {
                bail!("{status}");
            }
            nodes.push(node);
        }
        Ok(Self { nodes })
    }
}

#[derive(Deserialize)]
struct Jsz {
    meta_cluster: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    leader: String,
    cluster_size: usize,
    #[serde(default)]
    replicas: Vec<Replica>,
}

#[derive(Deserialize)]
struct Replica {
    current: bool,
}

async fn jsz(node: &NatsServer) -> Result<Meta> {
    let answer = http::get(&format!("{}/jsz", node.monitor_url())).await?;
    let jsz: Jsz = serde_json::from_str(&answer.body)?;
    match jsz.meta_cluster {
        Some(meta) => Ok(meta),
        None => bail!("no meta cluster yet"),
    }
}

/// The leader this node follows, once the node is healthy and sees `size` members.
async fn followed(node: &NatsServer, name: &str, size: usize) -> Result<String> {
    let health = http::get(&format!("{}/healthz", node.monitor_url())).await?;
    if health.status != 200 {
        bail!("{} {}", health.status, health.body);
    }
    let meta = jsz(node).await?;
    if meta.leader.is_empty() || meta.cluster_size != size {
        bail!("leader {:?}, {} of {size} members", meta.leader, meta.cluster_size);
    }
    // A follower knows how current its leader is, but not its fellow followers.
    if meta.leader == name && !meta.replicas.iter().all(|replica| replica.current) {
        bail!("a member is not current");
    }
    Ok(meta.leader)
}

fn node_name(index: usize) -> String {
    format!("n{}", index + 1)
}
