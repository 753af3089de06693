//! The configuration of the OpenTelemetry collector: that its pipelines consist of what it defines. The collector itself is in no
//! package here.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

use super::folder;

#[derive(Debug, Deserialize)]
pub(super) struct Collector {
    #[serde(flatten)]
    parts: BTreeMap<String, Value>,
    service: Service,
}

#[derive(Debug, Deserialize)]
struct Service {
    extensions: Vec<String>,
    pipelines: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

pub(super) fn read() -> Result<Collector> {
    let file = folder().join("otel-collector/config.yaml");
    let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    serde_norway::from_str(&text).with_context(|| file.display().to_string())
}

pub(super) fn faults(collector: &Collector) -> Vec<String> {
    let Service { extensions, pipelines } = &collector.service;
    let mut used: Vec<_> = extensions.iter().map(|name| ("service".to_owned(), "extensions", name)).collect();
    for (pipeline, parts) in pipelines {
        used.extend(
            parts.iter().flat_map(|(kind, names)| {
                names.iter().map(move |name| (pipeline.clone(), kind.as_str(), name))
            }),
        );
    }
    let undefined = used.iter().filter(|(_, kind, name)| {
        collector.parts.get(*kind).and_then(|defined| defined.get(name.as_str())).is_none()
    });
    let mut faults: Vec<_> =
        undefined.map(|(place, kind, name)| format!("{place}: {kind} have no {name}")).collect();
    for kind in ["receivers", "processors", "exporters"] {
        let defined =
            collector.parts.get(kind).and_then(Value::as_mapping).into_iter().flat_map(|it| it.keys());
        let names = defined.filter_map(Value::as_str);
        let idle = names.filter(|name| !used.iter().any(|(_, of, used)| *of == kind && used == name));
        faults.extend(idle.map(|name| format!("{kind}: no pipeline has {name}")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "receivers: { a: {} }\nprocessors: { b: {} }\nexporters: { c: {} }\nextensions: { d: {} }\n\
                         service: { extensions: [d], pipelines: { traces: { receivers: [a], processors: [b], exporters: [c] } } }";

    #[test]
    fn pipelines_consist_of_what_is_defined_and_nothing_is_idle() {
        let faults = |text: &str| faults(&serde_norway::from_str(text).unwrap());
        assert_eq!(faults(SOUND), Vec::<String>::new());
        for (from, to, fault) in [
            ("exporters: [c]", "exporters: [e]", "traces: exporters have no e"),
            ("exporters: { c: {} }", "exporters: { c: {}, e: {} }", "exporters: no pipeline has e"),
            ("extensions: [d]", "extensions: [e]", "service: extensions have no e"),
        ] {
            assert!(faults(&SOUND.replace(from, to)).contains(&fault.to_owned()), "{fault}");
        }
    }
}
