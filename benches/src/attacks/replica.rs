//! A replica with an attacker for each attack, so that the budget of one is not spent by another, and somebody else.

use std::path::Path;
use std::time::Duration;

use aegis_testkit::{Proc, wait_until};
use anyhow::Context as _;

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Replica {
    pub(super) process: Proc,
    pub(super) url: String,
    /// The tokens of viewers.
    pub(super) attackers: Vec<String>,
    /// The token of another viewer.
    pub(super) somebody: String,
}

impl Replica {
    /// Starts one with its data in this folder, and waits until it is ready.
    pub(super) async fn start(nats: &str, folder: &Path, attackers: usize) -> anyhow::Result<Self> {
        let (mut config, mut tokens) = (String::new(), Vec::new());
        for n in 0..=attackers {
            let (entry, token) = viewer(n).await?;
            config += &entry;
            tokens.push(token);
        }
        let file = folder.join("aegis.toml");
        std::fs::write(&file, config)?;
        let process = Proc::bin("aegis")
            .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", nats])
            .args([Path::new("--config"), &file, Path::new("--data-dir"), &folder.join("data")])
            .spawn();
        let line = process.wait_for_line(|line| line.starts_with("aegis serves at "), PATIENCE).await;
        let url = line.trim_start_matches("aegis serves at ").to_owned();
        wait_until("the replica", PATIENCE, || async {
            let answer = reqwest::get(format!("{url}/readyz")).await.map_err(|e| e.to_string())?;
            if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
        })
        .await;
        let somebody = tokens.pop().context("there is one more than attackers")?;
        Ok(Self { process, url, attackers: tokens, somebody })
    }

    /// Address and port.
    pub(super) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

/// The entry of the configuration, and the token.
async fn viewer(n: usize) -> anyhow::Result<(String, String)> {
    let printer =
        Proc::bin("aegis").args(["token", "--name", &format!("viewer-{n}"), "--role", "viewer"]).spawn();
    anyhow::ensure!(
        printer.wait_exit(PATIENCE).await.success(),
        "`aegis token` failed: {:?}",
        printer.lines()
    );
    let lines = printer.lines();
    let token = lines.get(1).and_then(|line| line.strip_prefix("# "));
    let token = token.context("`aegis token` prints no token in its second line")?.to_owned();
    Ok((lines.join("\n") + "\n", token))
}
