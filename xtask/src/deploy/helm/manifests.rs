//! What is rendered, held to the schemas of Kubernetes.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};

use super::{chart::Chart, tools::scratch};
use crate::output::say;

/// The oldest that the chart takes and has a schema here, one in the midst, and the newest.
const VERSIONS: [&str; 3] = ["1.30", "1.34", "1.37"];

/// Options that go with each other: of each line one, `-` being none. Later ones stand above earlier ones.
const CHOICES: [&[&str]; 6] = [
    &["-", "secrets-of-your-own"],
    &["-", "single-node", "your-nats", "nats-tls-cert-manager"],
    &[
        "-",
        "ingress-own-certificate",
        "ingress-cert-manager",
        "ingress-plain",
        "gateway",
        "tls-in-the-replica",
        "tls-in-the-replica-own-certificate",
    ],
    &["-", "trading"],
    &["-", "monitoring"],
    &["-", "no-network-policies"],
];

/// Every set of options, against three versions.
pub(super) fn check_sets(chart: &Chart, sets: &[PathBuf]) -> Result<()> {
    VERSIONS.iter().try_for_each(|version| validate(chart, version, sets))
}

/// Every combination of options, against the newest version. Each manifest is looked at once, however many have it.
pub(super) fn check_combinations(chart: &Chart) -> Result<()> {
    let combinations = combinations(&CHOICES);
    let mut manifests = BTreeSet::new();
    for names in &combinations {
        let files = names.iter().map(|name| Chart::folder().join(format!("ci/{name}.yaml")));
        let text = chart.render(&files.collect::<Vec<_>>())?;
        manifests.extend(text.split("\n---\n").map(without_secrets));
    }
    say(format_args!("{} combinations, {} manifests", combinations.len(), manifests.len()));
    let file = scratch("combinations")?.join("all.yaml");
    fs::write(&file, manifests.into_iter().collect::<Vec<_>>().join("\n---\n"))?;
    validate(chart, VERSIONS[2], &[file])
}

fn validate(chart: &Chart, version: &str, files: &[PathBuf]) -> Result<()> {
    let mut validate = chart.tools.python("kubernetes-validate");
    let output =
        validate.args(["--strict", "-k", version]).args(files).output().context("kubernetes-validate")?;
    let answer = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let wrong: Vec<_> =
        answer.lines().filter(|line| !line.starts_with("INFO ") && !line.starts_with("WARN ")).collect();
    ensure!(output.status.success(), "Kubernetes {version}:\n{}", wrong.join("\n"));
    let passed = answer.lines().filter(|line| line.contains(" passed for resource ")).count();
    ensure!(passed > 0, "kubernetes-validate looked at nothing:\n{answer}");
    say(format_args!("Kubernetes {version}: {passed} manifests are valid"));
    Ok(())
}

/// All ways to take one of each.
fn combinations(choices: &[&[&'static str]]) -> Vec<Vec<&'static str>> {
    let Some((first, rest)) = choices.split_first() else { return vec![vec![]] };
    let rest = combinations(rest);
    let with = |choice: &'static str| {
        rest.iter().map(move |rest| {
            let own = (choice != "-").then_some(choice);
            own.into_iter().chain(rest.iter().copied()).collect()
        })
    };
    first.iter().flat_map(|choice| with(choice)).collect()
}

/// Without the lines that are drawn anew each time.
fn without_secrets(manifest: &str) -> String {
    let drawn = |line: &&str| {
        let line = line.trim_start();
        let drawn = ["NATS_", "admin.token: ", "metrics.token: ", "aegis.toml: ", "checksum/"];
        !drawn.iter().any(|begin| line.starts_with(begin))
    };
    manifest.lines().filter(drawn).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{combinations, without_secrets};

    #[test]
    fn every_choice_meets_every_other() {
        let all = combinations(&[&["-", "a"], &["b", "c"]]);
        assert_eq!(all, [vec!["b"], vec!["c"], vec!["a", "b"], vec!["a", "c"]]);
    }

    #[test]
    fn what_is_drawn_makes_no_manifest_another_one() {
        let manifest = |token: &str| format!("kind: Secret\ndata:\n  admin.token: {token}\n");
        assert_eq!(without_secrets(&manifest("a")), without_secrets(&manifest("b")));
        assert_ne!(without_secrets("kind: Secret"), without_secrets("kind: Pod"));
    }
}
