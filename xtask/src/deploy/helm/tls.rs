//! The chart's NATS with TLS, run on this machine with certificates as cert-manager would issue them.

mod authority;
mod refusals;
mod setup;

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    chart::Chart,
    cluster::Cluster,
    floor::Floor,
    pods::{Binaries, Container},
};
use crate::{command::capture, output::say, steps::Steps};
use authority::Authority;
use setup::Setup;

/// How long a certificate may take to be taken up or refused.
const PATIENCE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(200);
/// What a client says of a server whose authority it does not know.
const UNTRUSTED: &str = "UnknownIssuer";

pub(super) fn check(steps: &mut Steps, chart: &Chart, binaries: &Binaries) {
    let mut ready = None;
    if !steps.step("chart: NATS with TLS, rendered", || Setup::new(chart).map(|setup| ready = Some(setup))) {
        return;
    }
    let Some(setup) = ready else { return };
    let mut cluster = None;
    steps.step("chart: NATS with TLS as three servers", || {
        let started = cluster.insert(Cluster::start(&setup.all, binaries, &setup.place)?);
        check_settings(started)
    });
    let Some(mut cluster) = cluster else { return };
    steps.step("chart: refusals of NATS with TLS", || {
        refusals::plain_client(&cluster, &setup)?;
        refusals::plain_node(&cluster, &setup)?;
        refusals::stranger(&mut cluster, &setup)
    });
    let mut floor = None;
    steps.step("chart: control plane and trading floor over TLS", || {
        floor = Some(Floor::start(&setup.all, binaries, &setup.place, &cluster)?);
        Ok(())
    });
    let Some(floor) = floor else { return };
    steps.step("chart: helm test over TLS", || floor.helm_test());
    steps.step("chart: another certificate of NATS", || {
        let next = Authority::new(&setup.place, "next")?;
        let connect = |authority: &Authority| leaders(&setup, binaries, &cluster, authority);
        connect(&setup.authority)?;
        cluster.renew(&setup.signed(&next, &[&setup.authority, &next])?)?;
        wait_until(|| connect(&next))?;
        let former = connect(&setup.authority).err().context("the former certificate is still shown")?;
        let former = format!("{former:#}");
        ensure!(former.contains(UNTRUSTED), "a client was refused for another reason: {former}");
        ensure!(floor.is_ready(), "a renewed certificate makes a replica unready");
        say("taken up; a client that does not know its authority refuses it");
        Ok(())
    });
}

/// Every node has TLS for clients and between nodes, and demands a certificate of nodes.
fn check_settings(cluster: &Cluster<'_>) -> Result<()> {
    for index in 0..cluster.nodes.len() {
        let settings = cluster.monitored(index, "varz")?;
        for path in ["/tls_required", "/cluster/tls_required", "/cluster/tls_verify"] {
            ensure!(settings.pointer(path) == Some(&Value::Bool(true)), "node {index}: no {path}");
        }
    }
    Ok(())
}

/// Asks NATS as a pod of `helm test` does, knowing this authority alone.
fn leaders(
    setup: &Setup,
    binaries: &Binaries,
    cluster: &Cluster<'_>,
    authority: &Authority,
) -> Result<String> {
    let test = setup.all.get("Pod", "aegis-test-control-plane")?;
    let container = &test["spec"]["containers"][0];
    ensure!(container["name"] == "leaders", "the test ends with {}", container["name"]);
    let mut run = Container::new(container, "leaders", &setup.all)?.command(binaries, &cluster.names)?;
    capture(run.env("SSL_CERT_FILE", authority.file()))
}

fn wait_until<T>(mut condition: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match condition() {
            Err(_) if Instant::now() < deadline => thread::sleep(TICK),
            outcome => return outcome,
        }
    }
}
