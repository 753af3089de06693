//! What is rendered, held to checkov's policies.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::chart::Chart;
use crate::output::say;

/// Policy, where («resource of set», in part; everywhere where there is none), and why it does not hold there. One that is not
/// needed any more is a finding itself.
const EXCEPTIONS: [(&str, &[&str], &str); 8] = [
    ("CKV_K8S_8", &FLOOR, "a service has no HTTP to ask: it ends by itself when it cannot go on"),
    ("CKV_K8S_9", &FLOOR, "a service has no HTTP to ask: callers find those that are ready over NATS"),
    ("CKV_K8S_8", &SIDECARS, "reloader and exporter end by themselves when they cannot go on"),
    ("CKV_K8S_9", &SIDECARS, "a node of NATS is ready without its metrics"),
    ("CKV_K8S_11", &[], "a limit of cpu stops an owner in the midst of its lease, and others take over"),
    (
        "CKV_K8S_15",
        &[],
        "images are named by version or digest, and a restart must not depend on the registry",
    ),
    ("CKV_K8S_35", &[], "nats-server and NATS_URL take passwords from the environment"),
    (
        "CKV_K8S_43",
        &[],
        "the digest of an image is not known before it is pushed: see the set images-by-digest",
    ),
];
/// Services of the example, and what `helm test` runs to its end.
const FLOOR: [&str; 6] = [
    "-market-data of ",
    "-calculation of ",
    "-trading of ",
    "-algo of ",
    "-test-failover of ",
    "-test-control-plane of ",
];
/// The only sets that have any.
const SIDECARS: [&str; 2] = ["aegis-nats of monitoring.yaml", "aegis-nats of nats-tls-cert-manager.yaml"];

#[derive(Debug, Deserialize)]
struct Report {
    results: Results,
    summary: Summary,
}

#[derive(Debug, Deserialize)]
struct Results {
    failed_checks: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
struct Summary {
    passed: u64,
    parsing_errors: u64,
}

#[derive(Debug, Deserialize)]
struct Failed {
    check_id: String,
    check_name: String,
    file_path: String,
    resource: String,
}

/// What checkov finds and no exception is for, and exceptions that are for nothing.
pub(super) fn findings(chart: &Chart, sets: &[PathBuf]) -> Result<Vec<String>> {
    let folder = sets.first().and_then(|set| set.parent()).context("nothing is rendered")?;
    let mut checkov = chart.tools.python("checkov");
    checkov.args([
        "--framework",
        "kubernetes",
        "--output",
        "json",
        "--compact",
        "--quiet",
        "--skip-download",
    ]);
    // It looks for settings where it is started, and ends badly when it finds anything: its report says what.
    checkov.current_dir(folder).arg("--directory").arg(folder);
    let output = checkov.output().context("checkov")?;
    let report: Report = serde_json::from_slice(&output.stdout).with_context(|| {
        format!("the report of checkov: {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    let Report { results, summary } = report;
    ensure!(summary.passed > 0 && summary.parsing_errors == 0, "checkov could not read it: {summary:?}");
    say(format_args!("checkov: {} passed, {} by exception", summary.passed, results.failed_checks.len()));
    Ok(judge(&results.failed_checks))
}

fn judge(failed: &[Failed]) -> Vec<String> {
    let mut unused: BTreeSet<_> = (0..EXCEPTIONS.len()).collect();
    let mut found = vec![];
    for Failed { check_id, check_name, file_path, resource } in failed {
        let place = format!("{resource} of {}", file_path.trim_start_matches('/'));
        let covers = |(id, places, _): &(&str, &[&str], &str)| {
            id == check_id && (places.is_empty() || places.iter().any(|part| place.contains(part)))
        };
        match EXCEPTIONS.iter().position(covers) {
            Some(index) => drop(unused.remove(&index)),
            None => found.push(format!("{check_id} {check_name}: {place}")),
        }
    }
    let unused = unused.into_iter().map(|index| {
        let (id, places, _) = EXCEPTIONS[index];
        format!("the exception for {id} {places:?} is not needed any more")
    });
    found.extend(unused);
    found
}

#[cfg(test)]
mod tests {
    use super::{EXCEPTIONS, Failed, judge};

    fn failed(check: &str, resource: &str) -> Failed {
        Failed {
            check_id: check.to_owned(),
            check_name: "a policy".to_owned(),
            file_path: "/trading.yaml".to_owned(),
            resource: resource.to_owned(),
        }
    }

    #[test]
    fn what_no_exception_is_for_is_found() {
        let place = |places: &[&str]| {
            places.first().map_or("Pod.floor.a".to_owned(), |part| format!("Pod.floor.a{part}"))
        };
        let mut all: Vec<_> = EXCEPTIONS.iter().map(|(id, places, _)| failed(id, &place(places))).collect();
        assert!(judge(&all).is_empty(), "{:?}", judge(&all));
        all.push(failed("CKV_K8S_8", "Deployment.floor.aegis-control-plane"));
        all.push(failed("CKV_K8S_16", "Deployment.floor.aegis-algo"));
        let found = judge(&all);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("aegis-control-plane of trading.yaml"), "{found:?}");
    }

    #[test]
    fn an_exception_for_nothing_is_found() {
        assert_eq!(judge(&[]).len(), EXCEPTIONS.len());
    }
}
