//! Dashboards, rules and their tests.

mod collector;
mod dashboards;
mod promql;
mod promtool;
mod rules;
mod scraped;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{steps::Steps, workspace::root};

pub(super) fn check(steps: &mut Steps) {
    steps.step("dashboards", || none_of("faults of dashboards", &dashboards::faults(&dashboards::read()?)));
    steps.step("runbooks and tests of rules", || none_of("faults of rules", &rules::faults(&rules::read()?)));
    steps.step("collector, its pipelines", || {
        none_of("faults of the collector's configuration", &collector::faults(&collector::read()?))
    });
    match promtool::find() {
        Ok(promtool) => {
            let folder = folder().join("prometheus");
            steps.step("rules", || promtool.check_rules(&rules::files("rules")?));
            steps.step("tests of rules", || promtool.test_rules(&rules::files("tests")?));
            steps.step("scrape configuration", || promtool.check_config(&folder.join("prometheus.yml")));
            steps.step("expressions of dashboards", || {
                promtool.check_expressions(&dashboards::expressions(&dashboards::read()?))
            });
        }
        Err(error) => steps.unable("rules and expressions by promtool", &format!("{error:#}")),
    }
    steps.step("metrics of rules and dashboards", || {
        let rules = rules::read()?;
        let mut wanted = promql::metrics(rules.expressions());
        wanted.extend(promql::metrics(
            dashboards::expressions(&dashboards::read()?).values().map(String::as_str),
        ));
        none_of("metrics that no control plane tells", &scraped::missing(&wanted)?)
    });
}

fn folder() -> PathBuf {
    root().join("deploy/observability")
}

fn none_of(what: &str, found: &[String]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    bail!("{} {what}:\n  {}", found.len(), found.join("\n  "))
}
