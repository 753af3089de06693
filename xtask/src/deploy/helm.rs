//! The Helm chart: rendered with many sets of options, held to the schemas of Kubernetes and to policies, and what it describes
//! run as processes of this machine.

mod chart;
mod cluster;
mod copies;
mod floor;
mod installation;
mod kinds;
mod manifests;
mod pods;
mod policies;
mod refusals;
mod secrets;
mod tls;
mod tools;
mod values;
mod wire;

use anyhow::{Result, bail};

use crate::steps::Steps;
use chart::Chart;
use pods::Binaries;
use tools::Tools;

pub(super) fn check(steps: &mut Steps) {
    if let Some(why) = Tools::lacking() {
        steps.unable("chart", &why);
        return;
    }
    let mut chart = None;
    if !steps.step("tools of the chart", || Tools::install().map(|tools| chart = Some(Chart::new(tools)))) {
        return;
    }
    let Some(chart) = chart else { return };
    steps.step("chart: copies of other files", || {
        none_of("stale copies (now made anew; commit them)", &copies::update(&chart)?)
    });
    steps.step("chart: lint", || chart.lint());
    steps.step("chart: descriptions of values", || none_of("faults of values", &values::faults()?));
    let mut rendered = vec![];
    if steps.step("chart: sets of options", || chart.render_sets().map(|sets| rendered = sets)) {
        steps.step("chart: schemas of other kinds", || kinds::check(&rendered));
        steps.step("chart: schemas of Kubernetes", || manifests::check_sets(&chart, &rendered));
        steps.step("chart: policies", || none_of("findings", &policies::findings(&chart, &rendered)?));
    }
    steps.step("chart: combinations of options", || manifests::check_combinations(&chart));
    steps.step("chart: bad values", || none_of("bad values taken", &refusals::taken(&chart)?));
    steps.step("chart: secrets on a cluster", || none_of("faults of secrets", &secrets::faults(&chart)?));
    let mut binaries = None;
    if steps.step("chart: what the images have in them", || Binaries::build().map(|all| binaries = Some(all)))
    {
        let Some(binaries) = binaries else { return };
        installation::check(steps, &chart, &binaries);
        tls::check(steps, &chart, &binaries);
    }
}

fn none_of(what: &str, found: &[String]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    bail!("{} {what}:\n  {}", found.len(), found.join("\n  "))
}
