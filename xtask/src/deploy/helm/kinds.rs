//! Custom resources, validated against the schemas of their projects.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::pods::Manifests;
use crate::{
    command::{command, run as run_command},
    output::say,
    workspace::{root, target},
};

/// The groups of these kinds.
const GROUPS: [&str; 3] = ["cert-manager.io/", "gateway.networking.k8s.io/", "monitoring.coreos.com/"];
/// So many kinds the chart has of them.
const KINDS: usize = 5;

/// All such manifests in these files.
pub(super) fn check(files: &[PathBuf]) -> Result<()> {
    let mut found = vec![];
    for file in files {
        let all = Manifests::read(&fs::read_to_string(file)?)?;
        found.extend(all.into_all().filter(is_of_others));
    }
    let answer = validate(&install()?, &Value::Array(found))?;
    let names: Vec<_> = answer.lines().collect();
    let mut kinds: Vec<_> = names.iter().filter_map(|name| name.split('/').next()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    ensure!(kinds.len() == KINDS, "the sets have only {kinds:?}");
    say(format_args!("{} manifests of {}", names.len(), kinds.join(", ")));
    Ok(())
}

fn is_of_others(manifest: &Value) -> bool {
    let version = manifest["apiVersion"].as_str().unwrap_or_default();
    GROUPS.iter().any(|group| version.starts_with(group))
}

/// Answers the names of those that are valid; the others are the error.
fn validate(place: &Path, manifests: &Value) -> Result<String> {
    let mut node = command("node");
    let child = node
        .arg("check.mjs")
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = child.spawn().context("node")?;
    child.stdin.take().context("a pipe")?.write_all(manifests.to_string().as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).context("names")
}

/// The packages that carry the schemas, pinned by their lock file.
fn install() -> Result<PathBuf> {
    let (from, place) = (root().join("deploy/helm/kinds"), target().join("tools/deploy/kinds"));
    fs::create_dir_all(&place)?;
    let lock = "package-lock.json";
    let is_there = fs::read(place.join("node_modules/.installed"))
        .is_ok_and(|there| Some(there) == fs::read(from.join(lock)).ok());
    for file in ["package.json", lock, "check.mjs"] {
        fs::copy(from.join(file), place.join(file))?;
    }
    if !is_there {
        // Some of them ask for a newer Node than they need.
        let npm = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        run_command(command("npm").args(npm).current_dir(&place))?;
        fs::copy(from.join(lock), place.join("node_modules/.installed"))?;
    }
    Ok(place.canonicalize()?)
}
