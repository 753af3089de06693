//! Dashboards of Grafana: that each panel can be understood, and that its expressions can be found.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::folder;
use crate::workspace::files;

/// Filled in by Grafana itself.
const BUILT_IN: &str = "__rate_interval";

/// A dashboard, and the name of its file.
pub(super) type Dashboard = (String, Value);

pub(super) fn read() -> Result<Vec<Dashboard>> {
    let read = |file: &std::path::PathBuf| {
        let name = file.file_name().context("a file has a name")?.to_string_lossy().into_owned();
        let text = fs::read_to_string(file)?;
        Ok((name.clone(), serde_json::from_str(&text).with_context(|| name)?))
    };
    files(&folder().join("grafana/dashboards"), &[])?.iter().map(read).collect()
}

/// All expressions, by where they stand.
pub(super) fn expressions(dashboards: &[Dashboard]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (file, dashboard) in dashboards {
        for panel in panels(dashboard) {
            for target in list(panel, "targets") {
                let place = format!("{file}, {}, {}", text(panel, "title"), text(target, "refId"));
                found.insert(place, text(target, "expr").to_owned());
            }
        }
    }
    found
}

pub(super) fn faults(dashboards: &[Dashboard]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for (file, dashboard) in dashboards {
        if text(dashboard, "uid").is_empty() || !ids.insert(text(dashboard, "uid")) {
            faults.push(format!("{file}: its uid is empty, or another's"));
        }
        let variables =
            dashboard.get("templating").map(|templating| list(templating, "list")).unwrap_or_default();
        let variables: Vec<_> = variables.iter().map(|variable| text(variable, "name")).collect();
        let mut numbers = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in panels(dashboard) {
            let title = text(panel, "title");
            let mut fault = |what: &str| faults.push(format!("{file}, {title:?}: {what}"));
            if title.is_empty() || text(panel, "description").is_empty() {
                fault("it lacks a title or a description");
            }
            if !numbers.insert(panel.get("id").and_then(Value::as_u64)) {
                fault("its id is another's");
            }
            if panel.pointer("/fieldConfig/defaults/unit").and_then(Value::as_str).is_none_or(str::is_empty) {
                fault("it lacks a unit");
            }
            if panel.pointer("/datasource/uid").and_then(Value::as_str) != Some("${datasource}") {
                fault("its data source cannot be chosen");
            }
            if !cells(panel).is_some_and(|cells| cells.iter().all(|cell| cell.0 < 24 && taken.insert(*cell)))
            {
                fault("it lies over another, or beyond the edge");
            }
            let targets = list(panel, "targets");
            if targets.is_empty() || targets.iter().any(|target| text(target, "expr").is_empty()) {
                fault("it has nothing to show");
            }
            let used = targets.iter().flat_map(|target| used(text(target, "expr")));
            let unknown = used.filter(|name| *name != BUILT_IN && !variables.contains(name));
            for name in unknown.collect::<BTreeSet<_>>() {
                fault(&format!("there is no variable ${name}"));
            }
        }
    }
    faults
}

fn panels(dashboard: &Value) -> &[Value] {
    list(dashboard, "panels")
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The variables that an expression uses.
fn used(expression: &str) -> impl Iterator<Item = &str> {
    expression.split('$').skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        &rest[..end]
    })
}

/// The cells of the grid that a panel covers, by column and row.
fn cells(panel: &Value) -> Option<Vec<(u64, u64)>> {
    let place = panel.get("gridPos")?;
    let at = |key| place.get(key).and_then(Value::as_u64);
    let (x, y, width, height) = (at("x")?, at("y")?, at("w")?, at("h")?);
    Some((x..x + width).flat_map(|column| (y..y + height).map(move |row| (column, row))).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sound() -> Value {
        let panel = |id: u64, x: u64| {
            json!({
                "id": id, "title": "t", "description": "d", "datasource": { "uid": "${datasource}" },
                "gridPos": { "x": x, "y": 0, "w": 12, "h": 8 }, "fieldConfig": { "defaults": { "unit": "s" } },
                "targets": [{ "refId": "A", "expr": "rate(aegis_a{service=\"$service\"}[$__rate_interval])" }],
            })
        };
        json!({ "uid": "u", "templating": { "list": [{ "name": "service" }] }, "panels": [panel(1, 0), panel(2, 12)] })
    }

    #[test]
    fn a_sound_dashboard_has_no_faults_and_its_expressions_are_found() {
        let dashboards = [("a.json".to_owned(), sound())];
        assert_eq!(faults(&dashboards), Vec::<String>::new());
        assert!(expressions(&dashboards)["a.json, t, A"].contains("aegis_a"));
    }

    #[test]
    fn each_fault_is_named() {
        for (pointer, value, word) in [
            ("/uid", json!(""), "uid"),
            ("/panels/1/title", json!(""), "title"),
            ("/panels/1/id", json!(1), "id is"),
            ("/panels/1/fieldConfig/defaults/unit", json!(""), "unit"),
            ("/panels/1/datasource/uid", json!("prometheus"), "data source"),
            ("/panels/1/gridPos/x", json!(11), "over another"),
            ("/panels/1/gridPos/w", json!(13), "edge"),
            ("/panels/1/targets", json!([]), "nothing to show"),
            ("/panels/1/targets/0/expr", json!("aegis_a{service=\"$servce\"}"), "$servce"),
        ] {
            let mut dashboard = sound();
            *dashboard.pointer_mut(pointer).unwrap() = value;
            let found = faults(&[("a.json".to_owned(), dashboard)]);
            assert!(found.iter().any(|fault| fault.contains(word)), "{pointer}: {found:?}");
        }
    }
}
