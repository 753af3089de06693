//! What the chart renders, run on this machine: NATS, the control plane and the trading floor as processes, each with the
//! arguments, environment and files of its pod.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};

use super::{
    chart::Chart,
    cluster::Cluster,
    floor::Floor,
    none_of,
    pods::{Binaries, Manifests},
    tools::scratch,
};
use crate::steps::Steps;

/// A volume of 50 GiB, of which JetStream takes 90 %.
const VOLUME: (&str, u64) = ("50Gi", 46_080 << 20);

pub(super) fn check(steps: &mut Steps, chart: &Chart, binaries: &Binaries) {
    let mut ready = None;
    if !steps.step("chart: rendered for a run", || prepare(chart).map(|all| ready = Some(all))) {
        return;
    }
    let Some((all, place)) = ready else { return };
    let mut cluster = None;
    steps.step("chart: NATS as three servers", || {
        let started = cluster.insert(Cluster::start(&all, binaries, &place)?);
        started.check_users()?;
        started.check_streams()?;
        ensure!(
            (started.volume()?, started.room()?) == VOLUME,
            "room for {} in {}",
            started.room()?,
            started.volume()?
        );
        Ok(())
    });
    let Some(mut cluster) = cluster else { return };
    let mut floor = None;
    steps.step("chart: control plane and trading floor", || {
        floor = Some(Floor::start(&all, binaries, &place, &cluster)?);
        Ok(())
    });
    let Some(mut floor) = floor else { return };
    steps.step("chart: sign-in with the drawn tokens", || floor.check_tokens());
    steps.step("chart: helm test", || floor.helm_test());
    steps.step("chart: a rolling upgrade of the control plane", || floor.roll_control_plane());
    steps.step("chart: a node lost and a node rolled, under orders", || {
        let orders = floor.orders()?;
        cluster.lose_and_return(1, Duration::from_secs(10))?;
        cluster.roll(2)?;
        floor.check_orders(orders)
    });
    steps.step("chart: permissions", || none_of("denials", &cluster.denied()?));
}

fn prepare(chart: &Chart) -> Result<(Manifests, PathBuf)> {
    let all = Manifests::read(&chart.render(&[Chart::folder().join("ci/trading.yaml")])?)?;
    Ok((all, scratch("installation")?))
}
