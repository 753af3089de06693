//! What the chart has from elsewhere, and what is made from it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    chart::Chart,
    pods::{Manifests, text},
    tools::scratch,
};
use crate::{
    command::{capture, run as run_command},
    workspace::{files, root},
};

/// Makes all copies anew, and answers those that were stale.
pub(super) fn update(chart: &Chart) -> Result<Vec<String>> {
    let mut stale = alerts()?;
    stale.extend(base(chart)?);
    build_example(chart)?;
    check_nats(chart)?;
    Ok(stale)
}

/// The chart's NATS has every setting of the one that is described and tried outside of it.
fn check_nats(chart: &Chart) -> Result<()> {
    let described = fs::read_to_string(root().join("deploy/nats/nats-server.conf"))?;
    let all = Manifests::read(&chart.render(&[])?)?;
    let config = text(&all.get("ConfigMap", "aegis-nats-config")?["data"]["nats-server.conf"])?;
    let missing = missing_settings(&described, config);
    ensure!(missing.is_empty(), "the NATS of the chart lacks {missing:?} of deploy/nats/nats-server.conf");
    Ok(())
}

/// Lines of one configuration that the other lacks. Sizes are the chart's own.
fn missing_settings<'a>(described: &'a str, config: &str) -> Vec<&'a str> {
    let of_chart: BTreeSet<_> = config.lines().map(str::trim).collect();
    let described =
        described.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_size = |line: &str| line.starts_with("max_file_store:") || line.starts_with("max_memory_store:");
    described.filter(|line| !is_size(line) && !of_chart.contains(line)).collect()
}

/// A chart cannot have files from beside it.
fn alerts() -> Result<Vec<String>> {
    let (from, to) =
        (root().join("deploy/observability/prometheus/rules"), Chart::folder().join("files/rules"));
    let mut stale = vec![];
    let wanted = files(&from, &[]).context("the alerts")?;
    for file in files(&to, &[])? {
        if !wanted.iter().any(|wanted| wanted.file_name() == file.file_name()) {
            fs::remove_file(&file)?;
            stale.push(shown(&file));
        }
    }
    for file in wanted {
        let copy = to.join(file.file_name().context("a file has a name")?);
        stale.extend(write_changed(&copy, &fs::read_to_string(&file)?)?);
    }
    Ok(stale)
}

/// The base for kustomize is the chart, rendered once.
fn base(chart: &Chart) -> Result<Vec<String>> {
    let mut helm = chart.template(&[kustomize("base/values.yaml")]);
    let text = capture(helm.arg("--skip-tests"))?;
    let text = text.replace("app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kustomize");
    let head =
        "# Made from the chart with values.yaml. Do not edit it: `cargo xtask deploy helm` makes it anew.\n";
    write_changed(&kustomize("base/aegis.yaml"), &format!("{head}{text}"))
}

/// Builds the example with files as `aegis init` makes them.
fn build_example(chart: &Chart) -> Result<()> {
    let place = scratch("kustomize")?;
    for folder in ["base", "example"] {
        fs::create_dir(place.join(folder))?;
        for file in files(&kustomize(folder), &[])? {
            fs::copy(&file, place.join(folder).join(file.file_name().context("a file has a name")?))?;
        }
    }
    let secrets = place.join("example/secrets");
    fs::create_dir(&secrets)?;
    for (name, text) in [
        ("nats.env", "NATS_CLUSTER_USER=route\nNATS_CLUSTER_PASS=p1\nNATS_PASSWORD_CONTROL_PLANE=p2\n"),
        ("aegis.toml", "listen = \"0.0.0.0:8080\"\n"),
        ("admin.token", "a"),
        ("metrics.token", "b"),
    ] {
        fs::write(secrets.join(name), text)?;
    }
    let built = capture(chart.tools.kubectl().arg("kustomize").arg(place.join("example")))?;
    let file = place.join("built.yaml");
    fs::write(&file, built)?;
    let mut validate = chart.tools.python("kubernetes-validate");
    run_command(validate.args(["--strict", "--quiet"]).arg(&file))
}

fn kustomize(file: &str) -> PathBuf {
    root().join("deploy/kustomize").join(file)
}

fn write_changed(file: &Path, text: &str) -> Result<Vec<String>> {
    if fs::read_to_string(file).is_ok_and(|there| there == text) {
        return Ok(vec![]);
    }
    fs::create_dir_all(file.parent().context("a file has a folder")?)?;
    fs::write(file, text).with_context(|| format!("write {}", file.display()))?;
    Ok(vec![shown(file)])
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::missing_settings;

    #[test]
    fn a_setting_that_the_chart_lacks_is_named() {
        let described =
            "# why\nlisten: 1\njetstream {\n  max_file_store: 50GB\n  sync_interval: \"10s\"\n}\n";
        assert!(missing_settings(described, "listen: 1\njetstream {\n sync_interval: \"10s\"\n}").is_empty());
        assert_eq!(missing_settings(described, "listen: 1\njetstream {\n}"), ["sync_interval: \"10s\""]);
    }
}
