//! The schemas of values: each value is described, nothing else is taken, and the README has them all.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::chart::Chart;

const CHARTS: [&str; 2] = ["", "charts/aegis-trading"];

pub(super) fn faults() -> Result<Vec<String>> {
    let mut found = vec![];
    let readme = fs::read_to_string(Chart::folder().join("README.md")).context("the README of the chart")?;
    for inside in CHARTS {
        let folder = Chart::folder().join(inside);
        let schema = fs::read_to_string(folder.join("values.schema.json"))?;
        let schema: Value = serde_json::from_str(&schema).context("values.schema.json")?;
        let values: Value = serde_norway::from_str(&fs::read_to_string(folder.join("values.yaml"))?)?;
        let mut described = BTreeMap::new();
        walk(&schema, "", &mut described, &mut found);
        let definitions = schema.get("definitions").and_then(Value::as_object);
        for (name, definition) in definitions.into_iter().flatten() {
            walk(definition, &format!("definitions.{name}"), &mut BTreeMap::new(), &mut found);
        }
        found.extend(described.keys().filter_map(|path| {
            let pointer = format!("/{}", path.replace('.', "/"));
            (is_fixed(path) && values.pointer(&pointer).is_none())
                .then(|| format!("{path} is not in values.yaml"))
        }));
        let prefix = if inside.is_empty() { "" } else { "trading." };
        let names = described.iter().filter(|(path, is_leaf)| **is_leaf && is_fixed(path));
        found.extend(names.filter_map(|(path, _)| {
            let path = format!("{prefix}{path}");
            (!readme.contains(&format!("`{path}`"))).then(|| format!("{path} is not in the README"))
        }));
    }
    Ok(found)
}

/// Not those that are left to their defaults elsewhere: in aegis.toml, and in the gateway.
fn is_fixed(path: &str) -> bool {
    let config = ["projection", "metrics", "limits"].map(|table| format!("controlPlane.config.{table}."));
    let open = config.iter().map(String::as_str).chain(["httpRoute.sessionPersistence."]);
    !open.into_iter().any(|begin| path.starts_with(begin))
}

/// Notes every value with its path, and whether it has none below it; and what lacks a description or takes anything.
fn walk(schema: &Value, path: &str, described: &mut BTreeMap<String, bool>, found: &mut Vec<String>) {
    let shown = if path.is_empty() { "the whole" } else { path };
    if schema.get("description").and_then(Value::as_str).is_none_or(|text| !text.ends_with('.')) {
        found.push(format!("{shown} has no description that is a sentence"));
    }
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    let more = schema.get("additionalProperties");
    // A schema for the values of any name is as good.
    if is_object
        && !is_judged_elsewhere(schema)
        && !more.is_some_and(|more| more.is_object() || more == false)
    {
        found.push(format!("{shown} takes any other value"));
    }
    if !path.is_empty() && !is_judged_elsewhere(schema) {
        described.insert(path.to_owned(), properties.is_empty());
    }
    for (name, property) in properties {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        walk(property, &below, described, found);
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{path}[]"), &mut BTreeMap::new(), found);
    }
}

/// Whether it is part of the other chart, whose schema is asked as well.
fn is_judged_elsewhere(schema: &Value) -> bool {
    schema.get("description").and_then(Value::as_str).is_some_and(|text| text.contains("Judged by "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::walk;

    fn found(schema: &Value) -> Vec<String> {
        let mut found = vec![];
        walk(schema, "", &mut BTreeMap::new(), &mut found);
        found
    }

    #[test]
    fn a_value_without_words_and_an_object_that_takes_anything_are_found() {
        let good = json!({"description": "All.", "type": "object", "additionalProperties": false,
            "properties": {"a": {"description": "One.", "type": "string"}}});
        assert!(found(&good).is_empty());
        let bad = json!({"description": "All.", "type": "object", "properties": {"a": {"type": "string"}}});
        let found = found(&bad);
        assert!(found.len() == 2 && found[1].starts_with("a has no description"), "{found:?}");
    }
}
