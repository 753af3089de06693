//! A control plane as it is shipped, beside a NATS server.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{Proc, wait_until};
use anyhow::Context as _;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct ControlPlane {
    pub(crate) process: Proc,
    pub(crate) url: String,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl ControlPlane {
    /// Starts one with its data in this folder.
    pub(crate) async fn start(nats: &str, folder: &Path) -> anyhow::Result<Self> {
        let env = folder.join("env");
        let process = Proc::bin("aegis")
            .args(["up", "--port", "0", "--nats-url", nats])
            .args([Path::new("--data-dir"), folder, Path::new("--env-file"), &env])
            .spawn();
        let text = wait_until("the control plane", PATIENCE, || async {
            std::fs::read_to_string(&env).map_err(|e| e.to_string())
        })
        .await;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
            line.map(str::to_owned).with_context(|| format!("the control plane does not tell its {name}"))
        };
        Ok(Self {
            process,
            url: value("AEGIS_URL")?,
            token: value("AEGIS_TOKEN")?,
            http: reqwest::Client::new(),
        })
    }

    /// The data of an answer.
    pub(crate) async fn query(&self, query: &str, variables: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}/graphql", self.url)).bearer_auth(&self.token);
        let answer: Value =
            request.json(&json!({ "query": query, "variables": variables })).send().await?.json().await?;
        anyhow::ensure!(answer.get("errors").is_none(), "{answer}");
        Ok(answer["data"].clone())
    }
}
