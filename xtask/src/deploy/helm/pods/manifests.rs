//! What is rendered, by kind and name.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize as _;
use serde_json::Value;

use super::text;

#[derive(Debug)]
pub(crate) struct Manifests(Vec<Value>);

impl Manifests {
    pub(crate) fn read(yaml: &str) -> Result<Self> {
        let documents = serde_norway::Deserializer::from_str(yaml);
        let documents = documents
            .map(|document| Value::deserialize(document).context("a manifest"))
            .collect::<Result<Vec<_>>>();
        Ok(Self(documents?.into_iter().filter(Value::is_object).collect()))
    }

    pub(crate) fn into_all(self) -> impl Iterator<Item = Value> {
        self.0.into_iter()
    }

    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |one| one["kind"] == kind)
    }

    pub(crate) fn get(&self, kind: &str, name: &str) -> Result<&Value> {
        let found = self.of_kind(kind).find(|one| one["metadata"]["name"] == name);
        found.with_context(|| format!("no {kind} {name} is rendered"))
    }

    /// Keys and values of a Secret.
    pub(crate) fn secret(&self, name: &str) -> Result<BTreeMap<String, String>> {
        let data =
            self.get("Secret", name)?["data"].as_object().with_context(|| format!("{name} has no data"))?;
        data.iter().map(|(key, value)| Ok((key.clone(), decode(text(value)?)?))).collect()
    }

    /// The files that a volume has.
    pub(crate) fn content(&self, volume: &Value) -> Result<BTreeMap<String, String>> {
        let (all, from) = if let Some(from) = volume.get("secret") {
            (self.secret(text(&from["secretName"])?)?, from)
        } else if let Some(from) = volume.get("configMap") {
            let data = self.get("ConfigMap", text(&from["name"])?)?["data"]
                .as_object()
                .context("a ConfigMap has data")?;
            let data = data.iter().map(|(key, value)| Ok((key.clone(), text(value)?.to_owned())));
            (data.collect::<Result<_>>()?, from)
        } else {
            return Ok(BTreeMap::new());
        };
        let Some(items) = from["items"].as_array() else { return Ok(all) };
        let item = |item: &Value| {
            let key = text(&item["key"])?;
            let value = all.get(key).with_context(|| format!("no key {key} for a volume"))?;
            Ok((text(&item["path"])?.to_owned(), value.clone()))
        };
        items.iter().map(item).collect()
    }
}

/// A value of a Secret.
pub(crate) fn decode(value: &str) -> Result<String> {
    String::from_utf8(STANDARD.decode(value).context("no base64")?).context("no text")
}
