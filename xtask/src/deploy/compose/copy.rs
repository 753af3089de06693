//! A copy of the folder `deploy` to try things in: secrets are put beside the compose file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    command::command,
    workspace::{files, root, target},
};

const PLACEHOLDER: &str =
    "NATS_CLUSTER_USER=user\nNATS_CLUSTER_PASS=placeholder\nNATS_URL=nats://placeholder@nats-1:4222\n";
const ENVIRONMENTS: [&str; 7] = [
    "nats.env",
    "control-plane.env",
    "market-data-service.env",
    "calculation-service.env",
    "trading-service.env",
    "algo-service.env",
    "trader.env",
];

#[derive(Debug)]
pub(super) struct Copy(PathBuf);

impl Copy {
    pub(super) fn make(name: &str) -> Result<Self> {
        let folder = target().join("deploy/compose").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let from = root().join("deploy");
        for file in files(&from, &["secrets"])? {
            let place = folder.join(file.strip_prefix(&from)?);
            fs::create_dir_all(place.parent().context("a file has a folder")?)?;
            // With what it may: the script is to be run.
            fs::copy(&file, &place).with_context(|| format!("copy to {}", place.display()))?;
        }
        Ok(Self(folder.join("compose").canonicalize()?))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    pub(super) fn secret(&self, name: &str) -> PathBuf {
        self.0.join("secrets").join(name)
    }

    pub(super) fn fill_with_placeholders(&self) -> Result<()> {
        fs::create_dir_all(self.0.join("secrets"))?;
        for name in ENVIRONMENTS {
            fs::write(self.secret(name), PLACEHOLDER)?;
        }
        Ok(())
    }

    pub(super) fn remove_secret(&self, name: &str) -> Result<()> {
        fs::remove_file(self.secret(name)).context("remove a secret")
    }

    /// Compose, asked whether it takes the file.
    pub(super) fn config(&self, compose: &[&str]) -> Command {
        let mut asked = command(compose[0]);
        asked.args(&compose[1..]).args(["--env-file", "secrets/nats.env", "-f", "compose.yml"]);
        asked.args(["--profile", "tools", "config", "--quiet"]).current_dir(&self.0);
        asked
    }
}
