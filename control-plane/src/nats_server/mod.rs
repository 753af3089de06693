//! The private NATS server of `aegis up`.

pub(crate) mod tied;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aegis_nats::error::OLDEST_SERVER;
use anyhow::Context as _;
use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::data_folder::make_private;

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(20);

/// A running server. It ends with this process, however that ends.
#[derive(Debug)]
pub(crate) struct PrivateServer {
    child: Child,
    url: String,
    log: PathBuf,
}

#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

impl PrivateServer {
    /// Starts one with its data in this folder, on a free port of the loopback.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = find()?;
        check_version(&program).await?;
        let folder = folder.join("nats");
        let ports = folder.join("ports");
        // What a former run has left there would be taken for this one's.
        match std::fs::remove_dir_all(&ports) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be emptied", ports.display()));
            }
            Ok(()) | Err(_) => {}
        }
        make_private(&ports)?;
        let log = folder.join("nats-server.log");
        let output =
            std::fs::File::create(&log).with_context(|| format!("{} cannot be made", log.display()))?;
        let this = std::env::current_exe().context("the path of this program is unknown")?;
        let child = Command::new(this)
            .args(["tied", "--parent", &std::process::id().to_string(), "--"])
            .arg(&program)
            .args(["--addr", "127.0.0.1", "--port", "-1", "--jetstream"])
            .arg("--store_dir")
            .arg(&folder)
            .arg("--ports_file_dir")
            .arg(&ports)
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("the log file cannot be shared")?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let mut server = Self { child, url: String::new(), log };
        server.url =
            tokio::time::timeout(START, server.wait_for_port(&ports)).await.map_err(|_elapsed| {
                anyhow::anyhow!("nats-server was not ready within {START:?}; see {}", server.log.display())
            })??;
        Ok(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Waits until it ends, which it should not.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        let status = self.child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow::anyhow!("nats-server ended ({status}); its log is {}", self.log.display())
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(mut self) {
        let pid =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid
            && let Err(error) = rustix::process::kill_process(pid, rustix::process::Signal::TERM)
        {
            tracing::debug!(%error, "nats-server has already ended");
        }
        if tokio::time::timeout(STOP, self.child.wait()).await.is_err() {
            tracing::warn!("nats-server did not end in time and is killed");
            if let Err(error) = self.child.kill().await {
                tracing::error!(%error, "nats-server cannot be killed");
            }
        }
    }

    /// The server writes its ports once it takes connections.
    async fn wait_for_port(&mut self, folder: &Path) -> anyhow::Result<String> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                let last: Vec<_> = log.lines().rev().take(3).collect();
                let last: Vec<_> = last.into_iter().rev().collect();
                anyhow::bail!("nats-server ended at once ({status}): {}", last.join(" | "));
            }
            for entry in std::fs::read_dir(folder)?.flatten() {
                // Half-written at first: then it is no JSON yet.
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                if let Ok(Ports { nats }) = serde_json::from_str(&text)
                    && let Some(url) = nats.into_iter().next()
                {
                    return Ok(url);
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

fn find() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("AEGIS_NATS_SERVER") {
        let path = PathBuf::from(path);
        anyhow::ensure!(path.is_file(), "AEGIS_NATS_SERVER names {}, which is no file", path.display());
        return Ok(path);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&folders).map(|folder| folder.join("nats-server")).find(|path| path.is_file());
    found.context(
        "there is no nats-server: put one of version 2.12 or later on PATH, set AEGIS_NATS_SERVER to it, \
         or use your own server with --nats-url (in a checkout, `cargo xtask up` fetches one)",
    )
}

async fn check_version(program: &Path) -> anyhow::Result<()> {
    let output = Command::new(program)
        .arg("--version")
        .output()
        .await
        .with_context(|| format!("{} cannot be run", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().rsplit(['v', ' ']).next().unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = parts.next().zip(parts.next());
    anyhow::ensure!(
        found.is_some_and(|found| found >= OLDEST_SERVER),
        "{} is version {version:?}, and Aegis needs {}.{} or later: upgrade it",
        program.display(),
        OLDEST_SERVER.0,
        OLDEST_SERVER.1
    );
    Ok(())
}
