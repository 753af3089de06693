//! The rendered NATS, as real servers.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{
    pods::{Binaries, Manifests, Moves, Pod, text},
    wire::Client,
};
use crate::{deploy::http::get, output::say};

pub(super) const NATS: &str = "aegis-nats";
pub(super) const PASSWORDS: &str = "aegis-nats-passwords";
pub(super) const CLIENTS: u64 = 4222;
pub(super) const ROUTES: u64 = 6222;
const MONITOR: u64 = 8222;
/// How long a majority may take to agree.
const PATIENCE: Duration = Duration::from_secs(60);
/// What lame duck mode takes at most: the grace period of the pod.
const GRACE: Duration = Duration::from_secs(60);
/// How soon after a hook the kubelet sends SIGTERM. Within microseconds, it would overtake the signal for lame duck mode.
const KUBELET: Duration = Duration::from_millis(50);

/// What services try though they may not, and why that does no harm.
const EXPECTED_DENIALS: [(&str, &str); 1] = [(
    "$JS.API.CONSUMER.DELETE.KV_aegis_leases.",
    "a watch that is no longer read ends by itself after a while",
)];
/// What the control plane makes. A service that starts before all of it is there is denied to make the first that it misses;
/// it ends, and is started again.
const MADE_BY_CONTROL_PLANE: [&str; 9] = [
    "AEGIS_EVENTS",
    "KV_aegis_snapshots",
    "AEGIS_HEARTBEATS",
    "AEGIS_DEAD_LETTERS",
    "EVENTS",
    "KV_aegis_instances",
    "KV_aegis_definitions",
    "KV_aegis_leaders",
    "KV_aegis_leases",
];

/// The nodes, with what they were made of.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    all: &'a Manifests,
    spec: &'a Value,
    binaries: &'a Binaries,
    pub(super) nodes: Vec<Pod>,
    /// Where on this machine the names of nodes lead to.
    pub(super) names: Moves,
}

impl<'a> Cluster<'a> {
    /// Starts all nodes at once, as the StatefulSet says, and waits until they have agreed.
    pub(super) fn start(all: &'a Manifests, binaries: &'a Binaries, place: &Path) -> Result<Self> {
        let set = all.get("StatefulSet", NATS)?;
        let spec = &set["spec"]["template"]["spec"];
        let size = set["spec"]["replicas"].as_u64().context("a number of nodes")?;
        let nodes = (0..size).map(|index| Pod::new(&format!("{NATS}-{index}"), spec, place));
        let nodes = nodes.collect::<Result<Vec<_>>>()?;
        let mut names = vec![];
        for node in &nodes {
            for port in [CLIENTS, ROUTES] {
                names.push((format!("{}.{NATS}-headless:{port}", node.name), node.address(port)?));
            }
        }
        let mut cluster = Self { all, spec, binaries, nodes, names };
        for node in &mut cluster.nodes {
            node.start(spec, all, binaries, &cluster.names)?;
        }
        cluster.healthy()?;
        Ok(cluster)
    }

    /// Waits until every node is healthy and follows the same leader of as many nodes as there are.
    pub(super) fn healthy(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.wait_for("startupProbe")?;
            node.wait_for("readinessProbe")?;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.leader() {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context("the cluster does not form"));
                }
                Err(_) => thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    fn leader(&self) -> Result<String> {
        let mut leaders = vec![];
        for (index, node) in self.nodes.iter().enumerate() {
            let meta = self.monitored(index, "jsz")?["meta_cluster"].take();
            ensure!(meta["cluster_size"] == self.nodes.len(), "{}: {meta}", node.name);
            leaders.push(
                meta["leader"].as_str().filter(|leader| !leader.is_empty()).context("no leader")?.to_owned(),
            );
        }
        leaders.dedup();
        ensure!(leaders.len() == 1, "{leaders:?}");
        Ok(leaders.swap_remove(0))
    }

    /// Each user of the Secret gets in with its own password, and nobody else does.
    pub(super) fn check_users(&self) -> Result<()> {
        let passwords = self.all.secret(PASSWORDS)?;
        let address = self.nodes[0].address(CLIENTS)?;
        let mut users = 0;
        for (key, password) in &passwords {
            let Some(user) = key.strip_prefix("NATS_PASSWORD_") else { continue };
            let user = user.to_lowercase().replace('_', "-");
            Client::connect(&address, Some((&user, password))).with_context(|| format!("the user {user}"))?;
            let wrong = Client::connect(&address, Some((&user, "wrong")));
            ensure!(wrong.is_err(), "{user} gets in with another password");
            users += 1;
        }
        ensure!(users >= 10, "there are {users} users");
        let nobody = Client::connect(&address, None);
        let refusal = format!("{:#}", nobody.err().context("it lets in who has no password")?);
        ensure!(refusal.contains("Authorization Violation"), "{refusal}");
        say(format_args!("{users} users get in with their passwords, and nobody without: {refusal}"));
        Ok(())
    }

    /// Streams of three copies can be made, and those of one copy where their tag says.
    pub(super) fn check_streams(&self) -> Result<()> {
        let passwords = self.all.secret(PASSWORDS)?;
        let password = passwords.get("NATS_PASSWORD_CONTROL_PLANE").context("no control plane")?;
        let mut client =
            Client::connect(&self.nodes[0].address(CLIENTS)?, Some(("control-plane", password)))?;
        let mut make = |name: &str, more: Value| {
            let mut config = json!({"name": name, "subjects": [format!("chart.{name}")], "storage": "file"});
            for (key, value) in more.as_object().into_iter().flatten() {
                config[key] = value.clone();
            }
            let made = client.request(&format!("$JS.API.STREAM.CREATE.{name}"), &config)?;
            ensure!(made["error"].is_null(), "{name}: {made}");
            let removed = client.request(&format!("$JS.API.STREAM.DELETE.{name}"), &json!({}))?;
            ensure!(removed["success"] == true, "{name}: {removed}");
            Ok(made["cluster"]["leader"].as_str().unwrap_or_default().to_owned())
        };
        make("three-copies", json!({"num_replicas": 3}))?;
        make("in-memory", json!({"storage": "memory"}))?;
        for node in &self.nodes {
            let tags = json!({"placement": {"tags": [format!("node:{}", node.name)]}});
            let leader = make(&format!("on-{}", node.name), tags)?;
            ensure!(leader == node.name, "a stream for {} is on {leader}", node.name);
        }
        say("streams of three copies, in memory, and of one copy on each named node");
        Ok(())
    }

    /// As when its host is gone, and is there again.
    pub(super) fn lose_and_return(&mut self, index: usize, away: Duration) -> Result<()> {
        self.nodes[index].kill()?;
        thread::sleep(away);
        self.start_again(index)
    }

    /// Ends a node, and starts it with other files. It may be of no use then.
    pub(super) fn restart_with(&mut self, index: usize, all: &Manifests) -> Result<()> {
        let node = &mut self.nodes[index];
        node.kill()?;
        node.start(self.spec, all, self.binaries, &self.names)
    }

    /// As the kubelet and the reloader do when a Secret has changed: new files, and a signal where one that is watched has changed.
    pub(super) fn renew(&self, all: &Manifests) -> Result<()> {
        let containers = self.spec["containers"].as_array().into_iter().flatten();
        let reloader = containers.into_iter().find(|one| one["name"] == "reloader").context("no reloader")?;
        let args = reloader["args"].as_array().context("the reloader has arguments")?;
        let watched = args.windows(2).filter(|pair| pair[0] == "-config").map(|pair| text(&pair[1]));
        let watched = watched.collect::<Result<Vec<_>>>()?;
        let read = |node: &Pod| watched.iter().map(|path| node.read(path)).collect::<Result<Vec<_>>>();
        for node in &self.nodes {
            let before = read(node)?;
            node.fill(self.spec, all)?;
            if read(node)? != before {
                node.signal(Signal::HUP)?;
            }
        }
        Ok(())
    }

    /// As a rolling update does: the preStop hook, SIGTERM at once after it, and the new pod once the old one is gone.
    pub(super) fn roll(&mut self, index: usize) -> Result<()> {
        let node = &mut self.nodes[index];
        node.pre_stop(self.binaries)?;
        // The kubelet sends it once the hook has ended, by way of the container runtime.
        thread::sleep(KUBELET);
        node.signal(Signal::TERM)?;
        thread::sleep(Duration::from_secs(2));
        if !node.is_running() {
            bail!("{} ended at SIGTERM, with the lame duck mode under way", node.name);
        }
        let (_, took) = node.ended(GRACE)?;
        say(format_args!("{} left {:.0} s after its preStop hook", node.name, took.as_secs_f64() + 2.0));
        self.start_again(index)
    }

    fn start_again(&mut self, index: usize) -> Result<()> {
        self.nodes[index].start(self.spec, self.all, self.binaries, &self.names)?;
        self.healthy()
    }

    /// What a user asked for and may not, from the logs of all nodes.
    pub(super) fn denied(&self) -> Result<Vec<String>> {
        let mut found = BTreeSet::new();
        for node in &self.nodes {
            let log = fs::read_to_string(node.log())?;
            let denied = log.lines().filter(|line| line.contains(" Violation - Subject "));
            let too_early = |line: &str| {
                let made = |name: &&str| line.ends_with(&format!("\"$JS.API.STREAM.CREATE.{name}\""));
                MADE_BY_CONTROL_PLANE.iter().any(made)
            };
            let expected = |line: &&str| {
                too_early(line) || EXPECTED_DENIALS.iter().any(|(subject, _)| line.contains(subject))
            };
            let denied = denied.filter(|line| !expected(line));
            // Without the time and the client.
            found.extend(denied.filter_map(|line| line.splitn(4, " - ").nth(3)).map(str::to_owned));
        }
        Ok(found.into_iter().collect())
    }

    /// What JetStream may store, as the server has it.
    pub(super) fn room(&self) -> Result<u64> {
        self.monitored(0, "jsz")?["config"]["max_storage"].as_u64().context("max_storage")
    }

    /// What a node says of itself.
    pub(super) fn monitored(&self, index: usize, page: &str) -> Result<Value> {
        let body = get(&format!("http://{}/{page}", self.nodes[index].address(MONITOR)?), None)?;
        Ok(serde_json::from_str(&body)?)
    }

    /// That of the manifest, in words.
    pub(super) fn volume(&self) -> Result<&str> {
        let claims = &self.all.get("StatefulSet", NATS)?["spec"]["volumeClaimTemplates"][0];
        text(&claims["spec"]["resources"]["requests"]["storage"])
    }
}
