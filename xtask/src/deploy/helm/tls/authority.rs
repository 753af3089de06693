//! An authority, which issues what cert-manager would.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command::capture, deploy::helm::pods::text, tools::openssl};

/// Usages as cert-manager names them, and as OpenSSL does.
const USAGES: [(&str, &str); 2] = [("server auth", "serverAuth"), ("client auth", "clientAuth")];

#[derive(Debug)]
pub(super) struct Authority {
    folder: PathBuf,
}

/// A certificate with its key, in PEM.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(place: &Path, name: &str) -> Result<Self> {
        let authority = Self { folder: place.join(name) };
        fs::create_dir(&authority.folder)?;
        authority.draw("ca", name, "basicConstraints = critical, CA:TRUE", |_| {})?;
        Ok(authority)
    }

    /// Its own certificate.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// For the names and usages of a Certificate, and for this machine, where these names lead to.
    pub(super) fn issue(&self, certificate: &Value) -> Result<Pair> {
        let names = texts(&certificate["spec"]["dnsNames"])?;
        let names = names.iter().map(|name| format!("DNS:{name}, ")).collect::<String>();
        let usages = texts(&certificate["spec"]["usages"])?;
        let usages = usages.iter().filter_map(|usage| USAGES.iter().find(|(theirs, _)| theirs == usage));
        let usages = usages.map(|(_, ours)| *ours).collect::<Vec<_>>().join(", ");
        let extensions = format!(
            "basicConstraints = critical, CA:FALSE\nextendedKeyUsage = {usages}\n\
             subjectAltName = {names}IP:127.0.0.1"
        );
        self.draw("node", "node", &extensions, |request| {
            request.arg("-CA").arg(self.file()).arg("-CAkey").arg(self.folder.join("ca.key"));
        })?;
        let read = |ending: &str| fs::read_to_string(self.folder.join("node").with_extension(ending));
        Ok(Pair { certificate: read("crt")?, key: read("key")? })
    }

    /// A key, and a certificate with these extensions.
    fn draw(
        &self,
        file: &str,
        subject: &str,
        extensions: &str,
        more: impl FnOnce(&mut Command),
    ) -> Result<()> {
        let at = |ending: &str| self.folder.join(file).with_extension(ending);
        let config = format!("[req]\ndistinguished_name = name\n[name]\n[extensions]\n{extensions}\n");
        fs::write(at("cnf"), config)?;
        let mut request = openssl()?;
        request.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        request.args(["-days", "2", "-subj", &format!("/CN={subject}"), "-extensions", "extensions"]);
        request.arg("-config").arg(at("cnf")).arg("-keyout").arg(at("key")).arg("-out").arg(at("crt"));
        more(&mut request);
        capture(&mut request).map(drop)
    }
}

fn texts(list: &Value) -> Result<Vec<&str>> {
    list.as_array().context("a list")?.iter().map(text).collect()
}
