mod builder;

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;
use serde::Deserialize;

use crate::{
    binary::nats_server_path,
    child::Guarded,
    config::{Ports, Settings},
    data_dir::DataDir,
    fail::{fail, or_fail},
    http,
    wait::{try_wait_until, wait_until},
};

pub use builder::NatsServerBuilder;

const READY: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(10);
/// Where JetStream stores, in the data folder.
const STORE: &str = "jetstream";
const CONFIG: &str = "nats.conf";
/// So many lines of it say where to listen.
const ADDRESSES: usize = 3;
const LOCALHOST: &str = "127.0.0.1";

/// One real `nats-server`, private to the test that started it.
///
/// All methods take `&self`, so tasks can share a server. It is killed on drop; its data folder
/// stays when the test panics (or when `AEGIS_TEST_KEEP` is set), and its path is printed.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_testkit::NatsServer;
///
/// let server = NatsServer::start().await;
/// println!("{}", server.url());
/// server.kill();
/// server.restart().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NatsServer {
    // Before `data`: the process must be gone when its folder is removed.
    process: Mutex<Option<Arc<Guarded>>>,
    #[cfg(feature = "docker")]
    container: Option<crate::docker::Container>,
    settings: Settings,
    ports: Mutex<Ports>,
    data: DataDir,
}

impl NatsServer {
    /// Starts a server with JetStream on ports of its own choice, and waits until it is ready.
    ///
    /// # Panics
    /// When there is no `nats-server` or it does not become ready.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Options first, then [`NatsServerBuilder::start`].
    #[must_use]
    pub fn builder() -> NatsServerBuilder {
        NatsServerBuilder::default()
    }

    /// Client URL, `nats://127.0.0.1:<port>`. The same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{LOCALHOST}:{}", known(self.ports().client))
    }

    /// Monitoring URL, `http://127.0.0.1:<port>`. The same after a restart.
    #[must_use]
    pub fn monitor_url(&self) -> String {
        format!("http://{LOCALHOST}:{}", known(self.ports().monitor))
    }

    /// The server's process id; `None` while it is down, or when it runs in a container.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process().filter(|process| process.exit_status().is_none()).map(|it| it.pid())
    }

    /// Folder with the configuration, the log and the JetStream store.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Everything the server has logged so far, over all its restarts.
    #[must_use]
    pub fn log(&self) -> String {
        #[cfg(feature = "docker")]
        if let Some(container) = &self.container {
            return container.log();
        }
        fs::read_to_string(self.data.path().join("server.log")).unwrap_or_default()
    }

    /// A fresh connection with quick pings and unlimited reconnects.
    ///
    /// # Panics
    /// When the server does not accept it.
    pub async fn client(&self) -> async_nats::Client {
        or_fail(connect(&self.url()).await)
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&self) {
        #[cfg(feature = "docker")]
        if let Some(container) = &self.container {
            return container.act("kill");
        }
        if let Some(process) = self.take() {
            process.kill();
        }
    }

    /// SIGSTOP: the process keeps its sockets and answers nothing.
    pub fn pause(&self) {
        self.act("pause", Signal::STOP);
    }

    /// SIGCONT, after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.act("unpause", Signal::CONT);
    }

    /// Graceful stop, bounded by 10 s.
    ///
    /// # Panics
    /// When the server does not exit in time.
    pub async fn stop(&self) {
        #[cfg(feature = "docker")]
        if let Some(container) = &self.container {
            return container.act("stop");
        }
        let Some(process) = self.take() else { return };
        process.signal(Signal::CONT);
        process.signal(Signal::TERM);
        wait_until("nats-server to stop", GRACE, async || {
            process.exit_status().ok_or_else(|| "still running".to_owned())
        })
        .await;
    }

    /// How many clients are connected.
    ///
    /// # Errors
    /// When the monitoring port does not answer as it should.
    pub async fn connections(&self) -> Result<u64> {
        let answer = http::get(&format!("{}/connz", self.monitor_url())).await?;
        let connz: serde_json::Value = serde_json::from_str(&answer.body).context("connz")?;
        connz["num_connections"].as_u64().context("connz has no number of connections")
    }

    /// Has it read its configuration anew (`nats-server --signal reload`), with these lines instead of those that it was
    /// started with. A restart begins with those again.
    ///
    /// # Panics
    /// When the server does not take them.
    pub async fn reload(&self, lines: impl Into<String>) {
        let before = or_fail(self.loaded_at().await);
        let settings = Settings { lines: vec![lines.into()], ..self.settings.clone() };
        let file = self.data.path().join(CONFIG);
        let now = or_fail(fs::read_to_string(&file).context("read the configuration"));
        let wanted = settings.render(LOCALHOST, self.ports(), self.data.path());
        // A port cannot change, nor be told where the server has chosen it.
        let lines = now.lines().take(ADDRESSES).chain(wanted.lines().skip(ADDRESSES));
        let text: Vec<_> = lines.collect();
        or_fail(fs::write(&file, text.join("\n")).context("write the configuration"));
        self.act("kill --signal HUP", Signal::HUP);
        wait_until("nats-server to read its configuration", GRACE, async || match self.loaded_at().await {
            Ok(at) if at != before => Ok(()),
            Ok(at) => Err(format!("still that of {at}\n{}", self.log())),
            Err(error) => Err(format!("{error:#}")),
        })
        .await;
    }

    async fn loaded_at(&self) -> Result<String> {
        let answer = http::get(&format!("{}/varz", self.monitor_url())).await?;
        let varz: serde_json::Value = serde_json::from_str(&answer.body).context("varz")?;
        Ok(varz["config_load_time"].as_str().context("varz has no time of the configuration")?.to_owned())
    }

    /// Announces its end and moves its clients away before it ends (`nats-server --signal ldm`).
    pub fn lame_duck(&self) {
        self.act("kill --signal USR2", Signal::USR2);
    }

    /// A copy of what JetStream has stored, as a backup of its folder is: the server is stopped for it.
    ///
    /// # Panics
    /// When the copy cannot be made.
    pub async fn backup(&self) -> Backup {
        self.stop().await;
        let folder = or_fail(tempfile::tempdir().context("a folder for the backup"));
        or_fail(copy(&self.data.path().join(STORE), &folder.path().join(STORE)));
        self.restart().await;
        Backup { folder }
    }

    /// Kills the server, puts the copy in the place of what it has stored, and starts it.
    ///
    /// # Panics
    /// When the copy cannot be put back, or the server does not become ready.
    pub async fn restore(&self, backup: &Backup) {
        self.kill();
        let store = self.data.path().join(STORE);
        or_fail(fs::remove_dir_all(&store).context("remove the store"));
        or_fail(copy(&backup.folder.path().join(STORE), &store));
        self.restart().await;
    }

    /// Brings the server back on the same ports and data, killing it first if it runs.
    ///
    /// # Panics
    /// When it does not become ready again.
    pub async fn restart(&self) {
        self.kill();
        or_fail(self.launch().await);
        self.ready().await;
    }

    /// Starts the process without waiting for readiness, which a cluster node may reach only once
    /// its peers are back.
    pub(crate) async fn launch(&self) -> Result<()> {
        #[cfg(feature = "docker")]
        if let Some(container) = &self.container {
            container.act("start");
            return Ok(());
        }
        let folder = self.data.path();
        let config = folder.join(CONFIG);
        fs::write(&config, self.settings.render(LOCALHOST, self.ports(), folder))?;
        let log = File::options().create(true).append(true).open(folder.join("server.log"))?;
        let binary = nats_server_path()?;
        let child = Command::new(&binary)
            .arg("--config")
            .arg(&config)
            .arg("--ports_file_dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let process = Arc::new(Guarded::new(child));
        let ports_file = folder.join(format!("nats-server_{}.ports", process.pid()));
        let ports = try_wait_until(READY, async || {
            if let Some(status) = process.exit_status() {
                return Ok(Err(anyhow!("nats-server ended with {status}:\n{}", self.log())));
            }
            read_ports(&ports_file).map(Ok).map_err(|error| format!("{error:#}"))
        });
        let ports = ports.await.map_err(|status| anyhow!("no ports file: {status}"))??;
        *self.ports.lock().unwrap_or_else(PoisonError::into_inner) = ports;
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        Ok(())
    }

    /// Waits until the server says that it and its JetStream are ready.
    pub(crate) async fn ready(&self) {
        let url = format!("{}/healthz?js-server-only=true", self.monitor_url());
        let ready = try_wait_until(READY, async || match http::get(&url).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("{} {}", answer.status, answer.body)),
            Err(error) => Err(format!("{error:#}")),
        });
        if let Err(status) = ready.await {
            fail(format_args!("nats-server is not ready: {status}\n{}", self.log()));
        }
    }

    fn act(&self, container_verb: &str, signal: Signal) {
        #[cfg(feature = "docker")]
        if let Some(container) = &self.container {
            return container.act(container_verb);
        }
        if !self.process().is_some_and(|process| process.signal(signal)) {
            fail(format_args!("cannot {container_verb}: the server is not running"));
        }
    }

    fn ports(&self) -> Ports {
        *self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self) -> Option<Arc<Guarded>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take(&self) -> Option<Arc<Guarded>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a server had stored at some moment; removed when dropped.
#[derive(Debug)]
pub struct Backup {
    folder: tempfile::TempDir,
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let (entry, to) = (entry?, to);
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to).with_context(|| format!("copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct PortsFile {
    nats: Vec<String>,
    #[serde(default)]
    monitoring: Vec<String>,
}

fn read_ports(file: &Path) -> Result<Ports> {
    let text = fs::read_to_string(file).context("ports file")?;
    let ports: PortsFile = serde_json::from_str(&text).context("ports file")?;
    let port = |urls: &[String]| {
        urls.first().and_then(|url| url.rsplit(':').next()).and_then(|port| port.parse().ok())
    };
    let (client, monitor) = (port(&ports.nats), port(&ports.monitoring));
    if client.is_none() || monitor.is_none() {
        bail!("ports file lacks a port: {text}");
    }
    Ok(Ports { client, monitor })
}

/// Connects to one of `urls`, a list with commas, which async-nats does not take as it is.
pub(crate) async fn connect(urls: &str) -> Result<async_nats::Client> {
    async_nats::ConnectOptions::new()
        .ping_interval(Duration::from_secs(5))
        .connect(urls.split(',').collect::<Vec<_>>())
        .await
        .with_context(|| format!("connect to {urls}"))
}

fn known(port: Option<u16>) -> u16 {
    port.expect("a launched server knows its ports")
}
