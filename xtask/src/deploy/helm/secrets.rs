//! What the chart makes of Secrets, and of nodes of NATS, that are, or are not, on the cluster. No cluster is needed: Helm asks a small server that
//! answers as the API of Kubernetes does.

mod api;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{
    chart::Chart,
    pods::{Manifests, text},
};
use crate::command::capture;
use api::{Api, Secret};

const PASSWORDS: &str = "aegis-nats-passwords";
const PLANE: &str = "aegis-control-plane";

pub(super) fn faults(chart: &Chart) -> Result<Vec<String>> {
    let mut found = vec![];
    let mut note = |what: &str, outcome: Result<()>| {
        if let Err(error) = outcome {
            found.push(format!("{what}: {error:#}"));
        }
    };
    note("what is drawn stays", drawn_once(chart));
    note("a user who is new gets a password", only_what_is_new_is_drawn(chart));
    let own = "secrets-of-your-own";
    note("a Secret that is not there", missing_is_told(chart, own, &[], "global.credentials.existingSecret"));
    let tls = "nats-tls-single-node";
    note(
        "a certificate that is not there",
        missing_is_told(chart, tls, &[], "global.nats.tls.existingSecret"),
    );
    let passwords =
        ("aegis-nats".to_owned(), Secret::from([("NATS_CLUSTER_USER".to_owned(), "route".to_owned())]));
    note("a single node stays one, and a cluster one of several", nodes_are_kept(chart));
    note("a Secret without a key", missing_is_told(chart, own, &[passwords], "lacks the key NATS_"));
    Ok(found)
}

/// Rendered again over what is on the cluster, it changes nothing.
fn drawn_once(chart: &Chart) -> Result<()> {
    let first = secrets(&on_cluster(chart, &[], &[])?)?;
    let again = secrets(&on_cluster(chart, &first, &[])?)?;
    ensure!(first == again, "another rendering draws other secrets");
    let passwords = find(&first, PASSWORDS)?;
    let plane = find(&first, PLANE)?;
    ensure!(
        passwords.values().filter(|value| value.starts_with('p') && value.len() == 44).count() > 9,
        "{} keys",
        passwords.len()
    );
    ensure!(plane.get("admin.token").is_some_and(|token| token.len() == 64), "no token of 64 letters");
    Ok(())
}

fn only_what_is_new_is_drawn(chart: &Chart) -> Result<()> {
    let first = secrets(&on_cluster(chart, &[], &[])?)?;
    let mut fewer = first.clone();
    for (name, data) in &mut fewer {
        if name == PASSWORDS {
            data.remove("NATS_PASSWORD_TRADER").context("there is no trader")?;
        }
    }
    let again = secrets(&on_cluster(chart, &fewer, &[])?)?;
    let (before, after) = (find(&first, PASSWORDS)?, find(&again, PASSWORDS)?);
    for (key, value) in before {
        let same = after.get(key) == Some(value);
        ensure!(
            same == (key != "NATS_PASSWORD_TRADER"),
            "{key} was {}",
            if same { "kept" } else { "drawn anew" }
        );
    }
    Ok(())
}

/// Nothing is rendered of this set, and the refusal says what is missing.
fn missing_is_told(chart: &Chart, set: &str, there: &[(String, Secret)], expected: &str) -> Result<()> {
    let set = Chart::folder().join(format!("ci/{set}.yaml"));
    match on_cluster(chart, there, &[set]) {
        Ok(_) => anyhow::bail!("rendered all the same"),
        Err(error) => {
            let refusal = format!("{error:#}");
            ensure!(refusal.contains(expected), "the refusal does not say {expected}: {refusal}");
            Ok(())
        }
    }
}

/// NATS would delete the streams of a single server that becomes one of several.
fn nodes_are_kept(chart: &Chart) -> Result<()> {
    let set = |name: &str| [Chart::folder().join(format!("ci/{name}.yaml"))];
    for (running, wanted, is_refused) in [
        (1, "default", true),
        (3, "single-node", true),
        (1, "single-node", false),
        (3, "five-nodes-in-zones", false),
    ] {
        let told = match rendered(chart, &[], &set(wanted), Some(("aegis-nats", running))) {
            Ok(_) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        let expected = format!("aegis-nats has {running} node(s)");
        ensure!(told.contains(&expected) == is_refused, "{running} nodes, and then {wanted}: {told}");
        ensure!(told.is_empty() != is_refused, "{running} nodes, and then {wanted}: {told}");
    }
    Ok(())
}

/// What the chart would put on a cluster that has these Secrets.
fn on_cluster(chart: &Chart, there: &[(String, Secret)], options: &[PathBuf]) -> Result<String> {
    rendered(chart, there, options, None)
}

fn rendered(
    chart: &Chart,
    there: &[(String, Secret)],
    options: &[PathBuf],
    running: Option<(&str, u32)>,
) -> Result<String> {
    let api = Api::start(there, running)?;
    let mut helm = chart.template(options);
    helm.args(["--dry-run=server", "--disable-openapi-validation", "--kube-apiserver", &api.url()]);
    let answer = capture(&mut helm);
    ensure!(api.stop() > 0, "Helm did not ask the server");
    answer
}

/// The Secrets of a rendering, with their values.
fn secrets(rendered: &str) -> Result<Vec<(String, Secret)>> {
    let all = Manifests::read(rendered)?;
    let names = all.of_kind("Secret").map(|secret| text(&secret["metadata"]["name"]));
    names.map(|name| name.and_then(|name| Ok((name.to_owned(), all.secret(name)?)))).collect()
}

fn find<'a>(all: &'a [(String, Secret)], name: &str) -> Result<&'a Secret> {
    let found = all.iter().find(|(known, _)| known == name);
    found.map(|(_, data)| data).with_context(|| format!("no Secret {name} is rendered"))
}
