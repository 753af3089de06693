//! A control plane as it is shipped, beside a NATS server.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{Proc, wait_until};
use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

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

    /// Starts one for so many principals, each an admin; answers their tokens, too.
    pub(crate) async fn serve(
        nats: &str,
        folder: &Path,
        principals: u32,
    ) -> anyhow::Result<(Self, Vec<String>)> {
        let config = folder.join("aegis.toml");
        let tokens: Vec<_> = (0..principals).map(|n| format!("the-token-of-a-benchmark-{n:010}")).collect();
        let mut text = String::new();
        for (n, token) in tokens.iter().enumerate() {
            let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
            text += &format!("[[token]]\nname = \"asker-{n}\"\nrole = \"admin\"\nsha256 = \"{hash}\"\n");
        }
        std::fs::write(&config, text)?;
        let process = Proc::bin("aegis")
            .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", nats])
            .args([Path::new("--config"), &config, Path::new("--data-dir"), &folder.join("data")])
            .spawn();
        let line = process.wait_for_line(|line| line.starts_with("aegis serves at "), PATIENCE).await;
        let url = line.rsplit(' ').next().unwrap_or_default().trim_end_matches('/').to_owned();
        let token = tokens.first().cloned().context("no principal")?;
        let control = Self { process, url, token, http: reqwest::Client::new() };
        wait_until("the control plane", PATIENCE, || async {
            let answer = control.http.get(format!("{}/readyz", control.url)).send().await;
            let status = answer.map_err(|e| e.to_string())?.status();
            if status.is_success() { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
        Ok((control, tokens))
    }

    /// The data of an answer.
    pub(crate) async fn query(&self, query: &str, variables: &Value) -> anyhow::Result<Value> {
        match self.query_as(&self.token, query, variables).await? {
            Ok(data) => Ok(data),
            Err(wait) => anyhow::bail!("refused, to be asked again in {wait:?}: {query}"),
        }
    }

    /// The data of an answer to this principal; or when to ask again, if that is told.
    pub(crate) async fn query_as(
        &self,
        token: &str,
        query: &str,
        variables: &Value,
    ) -> anyhow::Result<Result<Value, Option<Duration>>> {
        let request = self.http.post(format!("{}/graphql", self.url)).bearer_auth(token);
        let answer: Value =
            request.json(&json!({ "query": query, "variables": variables })).send().await?.json().await?;
        let Some(error) = answer.pointer("/errors/0") else { return Ok(Ok(answer["data"].clone())) };
        let wait = error.pointer("/extensions/retryAfterMs").and_then(Value::as_u64);
        anyhow::ensure!(wait.is_some(), "{answer}");
        Ok(Err(wait.map(Duration::from_millis)))
    }
}
