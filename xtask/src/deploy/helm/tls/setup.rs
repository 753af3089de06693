//! What is rendered with TLS of NATS, and the Secret that it waits for.

use std::{fs, path::PathBuf};

use anyhow::{Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::authority::{Authority, Pair};
use crate::deploy::helm::{
    chart::Chart,
    cluster::NATS,
    pods::{Manifests, text},
    tools::scratch,
};

const SETS: [&str; 2] = ["trading", "nats-tls-cert-manager"];

#[derive(Debug)]
pub(super) struct Setup {
    rendered: String,
    certificate: Value,
    pub(super) authority: Authority,
    /// What is rendered, with the Secret.
    pub(super) all: Manifests,
    pub(super) place: PathBuf,
}

impl Setup {
    pub(super) fn new(chart: &Chart) -> Result<Self> {
        let sets = SETS.map(|set| Chart::folder().join(format!("ci/{set}.yaml")));
        let rendered = chart.render(&sets)?;
        let all = Manifests::read(&rendered)?;
        let certificate = all.get("Certificate", NATS)?.clone();
        let faults = faults(&rendered, &certificate);
        ensure!(faults.is_empty(), "URLs of NATS: {faults:?}");
        let place = scratch("installation-tls")?;
        let authority = Authority::new(&place, "authority")?;
        let mut setup = Self { rendered, certificate, authority, all, place };
        setup.all = setup.signed(&setup.authority, &[&setup.authority])?;
        Ok(setup)
    }

    /// What is rendered, with a certificate of an authority, and those that are trusted.
    pub(super) fn signed(&self, by: &Authority, trusted: &[&Authority]) -> Result<Manifests> {
        let Pair { certificate, key } = by.issue(&self.certificate)?;
        let mut authorities = String::new();
        for authority in trusted {
            authorities += &fs::read_to_string(authority.file())?;
        }
        let encode = |pem: &str| STANDARD.encode(pem);
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": text(&self.certificate["spec"]["secretName"])?},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": encode(&certificate), "tls.key": encode(&key), "ca.crt": encode(&authorities)},
        });
        Manifests::read(&format!("{}\n---\n{secret}\n", self.rendered))
    }
}

/// URLs of clients and routes that ask for no TLS, or for a host that the certificate is not for. They have a user in them.
fn faults(rendered: &str, certificate: &Value) -> Vec<String> {
    let names = certificate["spec"]["dnsNames"].as_array().cloned().unwrap_or_default();
    let urls = rendered.split(['"', '\'', ',', ' ', '\n']).filter_map(|word| word.split_once("://"));
    let urls = urls.filter_map(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1)));
    let bad = urls.filter(|(scheme, address)| {
        let host = address.split(':').next().unwrap_or_default();
        *scheme != "tls" || !names.iter().any(|name| name == host)
    });
    bad.map(|(scheme, address)| format!("{scheme}://{address}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::faults;

    #[test]
    fn a_url_without_tls_and_a_host_without_a_name_are_found() {
        let certificate = json!({"spec": {"dnsNames": ["a", "b"]}});
        let urls =
            "http://c '[\"tls://u:p@a:1\",\"nats://u:p@b:1\"]'\nvalue: \"tls://u:p@b:1,tls://u:p@c:1\"";
        assert_eq!(faults(urls, &certificate), ["nats://b:1", "tls://c:1"]);
    }
}
