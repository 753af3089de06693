//! Kills each container once, while orders go on.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::floor::{Floor, SERVICES};
use crate::{
    command::run,
    deploy::{http, images::engine::Engine},
    output::say,
};

const TICK: Duration = Duration::from_millis(250);
/// A NATS node that dies takes the leaders of streams with it: 5 to 8 s, and as much again on a machine that does it all.
const ORDERS_AGAIN: Duration = Duration::from_secs(45);
const WELL_AGAIN: Duration = Duration::from_secs(90);
/// So many orders in a row, and the loss counts as overcome.
const IN_A_ROW: usize = 20;
const ORDERS: &str = "aegis-check-orders";
const AEGIS: usize = 0;
const TRADING: usize = 1;

pub(super) fn check(engine: &Engine) -> Result<()> {
    let floor = Floor::up(engine)?;
    for service in SERVICES {
        floor.await_well(service, WELL_AGAIN)?;
    }
    say("all containers are well");
    scraped(&floor)?;
    http::get(&format!("http://127.0.0.1:{}/api/system", floor.port), Some(&floor.token("admin.token")?))?;
    let order = ["order", "--account", "ACC-7", "--price", "1.1", "--timeout", "20s"];
    run(floor.script(&["trader"]).args(order))?;
    let orders = ["trader", "loop", "--account", "ACC-7", "--price", "1.1"];
    floor.run_as("trader", &["--detach", "--name", ORDERS], TRADING, &orders)?;
    let outcome = kill_each(&floor).and_then(|()| settle(&floor));
    floor.ask(&["rm", "--force", ORDERS]).ok();
    outcome?;
    run(&mut floor.script(&["down"]))
}

fn kill_each(floor: &Floor<'_>) -> Result<()> {
    flow(floor, executed(floor)?)?;
    for service in SERVICES {
        let (before, killed) = (executed(floor)?, Instant::now());
        floor.crash(service)?;
        flow(floor, before).with_context(|| format!("after {service} was killed"))?;
        let orders = killed.elapsed();
        floor.await_well(service, WELL_AGAIN)?;
        say(format_args!(
            "{service}: {IN_A_ROW} orders executed {:.1} s after it was killed, well again after {:.1} s",
            orders.as_secs_f64(),
            killed.elapsed().as_secs_f64()
        ));
    }
    Ok(())
}

/// How many orders were executed.
fn executed(floor: &Floor<'_>) -> Result<usize> {
    Ok(floor.ask(&["logs", ORDERS])?.lines().filter(|line| line.starts_with("ok ")).count())
}

/// Until orders are executed again.
fn flow(floor: &Floor<'_>, before: usize) -> Result<()> {
    let deadline = Instant::now() + ORDERS_AGAIN;
    loop {
        let now = executed(floor)?;
        if now >= before + IN_A_ROW {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let tail = floor.ask(&["logs", "--tail", "10", ORDERS])?;
            bail!("{} orders were executed within {ORDERS_AGAIN:?}: {tail}", now - before);
        }
        thread::sleep(TICK);
    }
}

/// What became of all orders, and whether the record is whole.
fn settle(floor: &Floor<'_>) -> Result<()> {
    floor.ask(&["stop", "--time", "30", ORDERS])?;
    let log = floor.ask(&["logs", ORDERS])?;
    // The engine mixes standard output with what is logged, which may come after it.
    let summary = log
        .lines()
        .rev()
        .find(|line| line.starts_with("sent="))
        .with_context(|| format!("the orders did not end with a summary: {log}"))?;
    say(format_args!("orders: {summary}"));
    let verified = floor.run_as("auditor", &["--rm"], AEGIS, &["verify"])?;
    say(format_args!("verify: {}", verified.lines().last().unwrap_or_default()));
    Ok(())
}

/// Prometheus has both replicas, and its rules.
fn scraped(floor: &Floor<'_>) -> Result<()> {
    let api = |path: &str| -> Result<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", floor.prometheus_port);
        Ok(serde_json::from_str(&http::get(&url, None)?)?)
    };
    let deadline = Instant::now() + WELL_AGAIN;
    loop {
        let targets = api("targets")?;
        let targets = targets.pointer("/data/activeTargets").and_then(Value::as_array).context("targets")?;
        let up = targets.iter().filter(|target| target.get("health") == Some(&"up".into())).count();
        if up == 2 {
            break;
        }
        ensure!(Instant::now() < deadline, "Prometheus reaches {up} of two replicas: {targets:?}");
        thread::sleep(TICK);
    }
    let groups = api("rules")?;
    let groups = groups.pointer("/data/groups").and_then(Value::as_array).context("groups of rules")?;
    let rules: usize = groups.iter().filter_map(|it| it.get("rules")?.as_array()).map(Vec::len).sum();
    ensure!(rules > 0, "Prometheus has no rules");
    say(format_args!("Prometheus reaches both replicas, and has {rules} rules"));
    Ok(())
}
