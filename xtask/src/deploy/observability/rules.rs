//! Alerts: that each can be acted on, and that tests show it to fire and to keep quiet.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, de::DeserializeOwned};

use super::folder;
use crate::workspace::{files as files_under, root};

const RUNBOOKS: &str = "docs/runbooks";
/// Where the pages are served: whoever deploys puts a place of their own here.
const SERVED: &str = "https://aegis.example/runbooks/";

#[derive(Debug, Default)]
pub(super) struct Pack {
    alerts: Vec<Alert>,
    tried: Vec<Tried>,
    /// Pages by name, and what they begin with.
    pages: Vec<(String, String)>,
}

#[derive(Debug, Clone, Deserialize)]
struct Alert {
    alert: String,
    expr: String,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Labels {
    #[serde(default)]
    severity: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Annotations {
    #[serde(default)]
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    runbook_url: String,
}

/// One time at which a test looks at an alert.
#[derive(Debug, Clone, Deserialize)]
struct Tried {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<Fired>,
}

#[derive(Debug, Clone, Deserialize)]
struct Fired {
    exp_labels: Labels,
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Alert>,
}

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    alert_rule_test: Vec<Tried>,
}

impl Pack {
    pub(super) fn expressions(&self) -> impl Iterator<Item = &str> {
        self.alerts.iter().map(|alert| alert.expr.as_str())
    }
}

/// The files of a folder of `prometheus`.
pub(super) fn files(of: &str) -> Result<Vec<PathBuf>> {
    files_under(&folder().join("prometheus").join(of), &[])
}

pub(super) fn read() -> Result<Pack> {
    let mut pack = Pack::default();
    for file in files("rules")? {
        let RuleFile { groups } = parse(&file)?;
        pack.alerts.extend(groups.into_iter().flat_map(|group| group.rules));
    }
    for file in files("tests")? {
        let TestFile { tests } = parse(&file)?;
        pack.tried.extend(tests.into_iter().flat_map(|test| test.alert_rule_test));
    }
    for file in files_under(&root().join(RUNBOOKS), &["README.md"])? {
        let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        let text = fs::read_to_string(&file)?;
        pack.pages.push((name, text.lines().next().unwrap_or_default().to_owned()));
    }
    Ok(pack)
}

fn parse<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    serde_norway::from_str(&text).with_context(|| file.display().to_string())
}

pub(super) fn faults(pack: &Pack) -> Vec<String> {
    let mut faults = Vec::new();
    let mut linked = BTreeSet::new();
    for Alert { alert, labels, annotations, .. } in &pack.alerts {
        let mut fault = |what: &str| faults.push(format!("{alert}: {what}"));
        if !["critical", "warning"].contains(&labels.severity.as_str()) {
            fault("its severity is neither critical nor warning");
        }
        if annotations.summary.is_empty() || annotations.description.is_empty() {
            fault("it lacks a summary or a description");
        }
        let page = annotations.runbook_url.strip_prefix(SERVED).unwrap_or_default();
        match pack.pages.iter().find(|(name, _)| name == page) {
            Some((_, title)) if title.trim_start_matches("# ").split(", ").any(|name| name == alert) => {}
            Some(_) => fault(&format!("{page} is not entitled with its name")),
            None => fault(&format!("its runbook_url leads to no page of {RUNBOOKS}")),
        }
        linked.insert(page);
        let of_it = || pack.tried.iter().filter(|tried| tried.alertname == *alert);
        if !of_it().any(|tried| tried.exp_alerts.iter().any(|fired| fired.exp_labels == *labels)) {
            fault(&format!("no test has it fire with the severity {}", labels.severity));
        }
        if !of_it().any(|tried| tried.exp_alerts.is_empty()) {
            fault("no test has it keep quiet");
        }
    }
    let unlinked = pack.pages.iter().filter(|(name, _)| !linked.contains(name.as_str()));
    faults.extend(unlinked.map(|(name, _)| format!("no alert leads to {RUNBOOKS}/{name}")));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Pack {
        let severity = |severity: &str| Labels { severity: severity.to_owned() };
        let annotations = Annotations {
            summary: "s".to_owned(),
            description: "d".to_owned(),
            runbook_url: format!("{SERVED}a.md"),
        };
        let alert =
            Alert { alert: "A".to_owned(), expr: "1".to_owned(), labels: severity("warning"), annotations };
        let fired = vec![Fired { exp_labels: severity("warning") }];
        let tried = [fired, vec![]].map(|exp_alerts| Tried { alertname: "A".to_owned(), exp_alerts });
        let pages = vec![("a.md".to_owned(), "# A, B".to_owned())];
        Pack { alerts: vec![alert], tried: tried.into(), pages }
    }

    #[test]
    fn a_sound_alert_has_no_faults() {
        assert_eq!(faults(&sound()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_named() {
        type Breakage = fn(&mut Pack);
        let breakages: [(Breakage, &str); 7] = [
            (|pack| pack.alerts[0].labels.severity = "bad".to_owned(), "severity"),
            (|pack| pack.alerts[0].annotations.summary.clear(), "summary"),
            (
                |pack| pack.alerts[0].annotations.runbook_url = "https://elsewhere.example/a.md".to_owned(),
                "no page",
            ),
            (|pack| pack.pages[0].1 = "# C".to_owned(), "entitled"),
            (|pack| drop(pack.tried.remove(0)), "fire"),
            (|pack| drop(pack.tried.remove(1)), "quiet"),
            (|pack| pack.pages.push(("b.md".to_owned(), "# B".to_owned())), "no alert leads"),
        ];
        for (break_it, word) in breakages {
            let mut pack = sound();
            break_it(&mut pack);
            assert!(faults(&pack).iter().any(|fault| fault.contains(word)), "{word}: {:?}", faults(&pack));
        }
    }
}
