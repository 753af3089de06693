//! Whom NATS with TLS refuses, though the password is right.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::{authority::Authority, setup::Setup, wait_until};
use crate::{
    deploy::helm::{
        cluster::{CLIENTS, Cluster, PASSWORDS, ROUTES},
        wire::Client,
    },
    output::say,
};

/// Why the server closes a client's connection that does not begin with TLS.
const NO_TLS: &str = "TLS Handshake Failure";
/// What it logs of a node's connection that does not, and of a node that it does not trust.
const PLAIN_TEXT: &str = "first record does not look like a TLS handshake";
const STRANGER: &str = "failed to verify certificate: x509: certificate signed by unknown authority";
/// The node that is made a stranger.
const INDEX: usize = 2;

/// A client that sends plain text.
pub(super) fn plain_client(cluster: &Cluster<'_>, setup: &Setup) -> Result<()> {
    let refusal = plain(cluster, setup, CLIENTS, "operator", "NATS_PASSWORD_OPERATOR")?;
    let closed = cluster.monitored(0, "connz?state=closed")?["connections"].take();
    let reasons: Vec<_> = closed.as_array().into_iter().flatten().map(|one| &one["reason"]).collect();
    ensure!(reasons == [NO_TLS], "{refusal}, because of {reasons:?}");
    say(format_args!("a client without TLS: {refusal}"));
    Ok(())
}

/// A node that does.
pub(super) fn plain_node(cluster: &Cluster<'_>, setup: &Setup) -> Result<()> {
    let refusal = plain(cluster, setup, ROUTES, "route", "NATS_CLUSTER_PASS")?;
    let log = fs::read_to_string(cluster.nodes[0].log())?;
    ensure!(log.contains(PLAIN_TEXT), "{refusal}, and the log does not say why");
    say(format_args!("a node without TLS: {refusal}"));
    Ok(())
}

/// A node with a certificate of another authority, which trusts the right one.
pub(super) fn stranger(cluster: &mut Cluster<'_>, setup: &Setup) -> Result<()> {
    let elsewhere = Authority::new(&setup.place, "elsewhere")?;
    cluster.restart_with(INDEX, &setup.signed(&elsewhere, &[&setup.authority])?)?;
    wait_until(|| {
        let log = fs::read_to_string(cluster.nodes[0].log())?;
        ensure!(log.contains(STRANGER), "the log of another node does not say why");
        Ok(())
    })?;
    let routes = cluster.monitored(INDEX, "routez")?["num_routes"].as_u64();
    ensure!(routes == Some(0), "a node with a certificate of another authority has routes: {routes:?}");
    say("a node with a certificate of another authority: no routes");
    cluster.restart_with(INDEX, &setup.all)?;
    cluster.healthy()
}

fn plain(cluster: &Cluster<'_>, setup: &Setup, port: u64, user: &str, key: &str) -> Result<String> {
    let passwords = setup.all.secret(PASSWORDS)?;
    let password = passwords.get(key).with_context(|| format!("no {key}"))?;
    let outcome = Client::connect(&cluster.nodes[0].address(port)?, Some((user, password)));
    Ok(format!("{:#}", outcome.err().with_context(|| format!("{user} gets in without TLS"))?))
}
