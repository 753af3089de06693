//! The parser of Prometheus itself.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    command::{command, run},
    deploy::debian,
    workspace::target,
};

#[derive(Debug)]
pub(super) struct Promtool(PathBuf);

pub(super) fn find() -> Result<Promtool> {
    debian::find("prometheus", "usr/bin/promtool").map(Promtool)
}

impl Promtool {
    pub(super) fn check_rules(&self, files: &[PathBuf]) -> Result<()> {
        run(command(&self.0).args(["check", "rules"]).args(files))
    }

    pub(super) fn test_rules(&self, files: &[PathBuf]) -> Result<()> {
        run(command(&self.0).args(["test", "rules"]).args(files))
    }

    /// The file with the token is not there, so only the syntax is looked at.
    pub(super) fn check_config(&self, file: &Path) -> Result<()> {
        run(command(&self.0).args(["check", "config", "--syntax-only"]).arg(file))
    }

    /// Expressions by where they stand: each becomes a rule, because rules are what it parses.
    pub(super) fn check_expressions(&self, expressions: &BTreeMap<String, String>) -> Result<()> {
        let rules = expressions.values().enumerate().map(|(n, expression)| {
            // One that Grafana would fill in.
            let expression = expression.replace("$__rate_interval", "1m");
            json!({ "record": format!("expression:{n}"), "expr": expression })
        });
        let rules: Vec<_> = rules.collect();
        let places: Vec<_> =
            expressions.keys().enumerate().map(|(n, place)| format!("{n}: {place}")).collect();
        let file = target().join("tools/deploy/expressions.json");
        fs::create_dir_all(target().join("tools/deploy"))?;
        // JSON is YAML, too.
        fs::write(&file, json!({ "groups": [{ "name": "dashboards", "rules": rules }] }).to_string())?;
        self.check_rules(&[file])
            .with_context(|| format!("rule n is the expression of\n  {}", places.join("\n  ")))
    }
}
