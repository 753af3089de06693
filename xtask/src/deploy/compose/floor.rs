//! The installation as an operator starts it: by the script, on an engine of this machine.

use std::{
    env,
    ffi::OsString,
    net::TcpListener,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::copy::Copy;
use crate::{
    command::{capture, command, run},
    deploy::images::{IMAGES, engine::Engine, stand_in},
};

const PROJECT: &str = "aegis-check";
const TICK: Duration = Duration::from_millis(250);
/// Everything but Grafana, which has no image here.
pub(super) const SERVICES: [&str; 14] = [
    "nats-1",
    "nats-2",
    "nats-3",
    "control-plane-1",
    "control-plane-2",
    "proxy",
    "market-data-1",
    "calculation-1",
    "calculation-2",
    "trading-1",
    "trading-2",
    "trading-3",
    "algo-1",
    "prometheus",
];

#[derive(Debug)]
pub(super) struct Floor<'a> {
    engine: &'a Engine,
    copy: Copy,
    environment: Vec<(&'static str, OsString)>,
    pub(super) port: u16,
    pub(super) prometheus_port: u16,
}

impl<'a> Floor<'a> {
    pub(super) fn up(engine: &'a Engine) -> Result<Self> {
        let (port, prometheus_port) = (free_port()?, free_port()?);
        // The client that the engine was found with comes first.
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [engine.client_folder().to_owned()].into_iter().chain(env::split_paths(&path));
        let environment = vec![
            ("PATH", env::join_paths(folders)?),
            ("COMPOSE_PROJECT_NAME", PROJECT.into()),
            ("AEGIS_PORT", port.to_string().into()),
            ("PROMETHEUS_PORT", prometheus_port.to_string().into()),
            ("AEGIS_IMAGE", IMAGES[0].tagged().into()),
            ("TRADING_IMAGE", IMAGES[1].tagged().into()),
            ("NATS_IMAGE", stand_in::nats(engine)?.tag.into()),
            ("CADDY_IMAGE", stand_in::caddy(engine)?.tag.into()),
            ("PROMETHEUS_IMAGE", stand_in::prometheus(engine)?.tag.into()),
        ];
        let floor = Self { engine, copy: Copy::make("run")?, environment, port, prometheus_port };
        run(floor.script(&["up"]).args(SERVICES))?;
        Ok(floor)
    }

    /// The script of the operator.
    pub(super) fn script(&self, args: &[&str]) -> Command {
        let mut script = command(self.copy.folder().join("run"));
        script.args(args).current_dir(self.copy.folder());
        self.engine.tell(&mut script);
        script.envs(self.environment.iter().map(|(key, value)| (key, value)));
        script
    }

    pub(super) fn ask(&self, args: &[&str]) -> Result<String> {
        self.engine.ask(args)
    }

    /// A program of an image on the network of the installation, as one of the users.
    pub(super) fn run_as(&self, user: &str, options: &[&str], image: usize, args: &[&str]) -> Result<String> {
        let secrets = self.copy.secret(&format!("{user}.env"));
        let mut program =
            self.engine.docker(&["run", "--network", &format!("{PROJECT}_default"), "--env-file"]);
        program.arg(secrets).args(options).arg(IMAGES[image].tagged()).args(args);
        Ok(capture(&mut program)?.trim_end().to_owned())
    }

    pub(super) fn container(&self, service: &str) -> Result<String> {
        let project = format!("label=com.docker.compose.project={PROJECT}");
        let service = format!("label=com.docker.compose.service={service}");
        let found = self.ask(&["ps", "--all", "--quiet", "--filter", &project, "--filter", &service])?;
        ensure!(!found.is_empty() && !found.contains('\n'), "{service} has not one container: {found:?}");
        Ok(found)
    }

    /// Kills the process itself, as a crash would: the engine takes its own `kill` for somebody's wish.
    pub(super) fn crash(&self, service: &str) -> Result<()> {
        let pid = self.ask(&["inspect", "--format", "{{.State.Pid}}", &self.container(service)?])?;
        let pid = pid.parse().ok().and_then(Pid::from_raw).context("a container has a process")?;
        kill_process(pid, Signal::KILL).with_context(|| format!("kill {service}"))
    }

    /// Until it runs again, and is healthy where that is looked at.
    pub(super) fn await_well(&self, service: &str, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        let container = self.container(service)?;
        let state = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}";
        loop {
            let told = self.ask(&["inspect", "--format", state, &container])?;
            if told == "running healthy" {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let log = self.engine.docker(&["logs", "--tail", "20", &container]).output()?;
                let log = String::from_utf8_lossy(&log.stderr).into_owned();
                bail!("{service} is {told} after {patience:?}: {log}");
            }
            thread::sleep(TICK);
        }
    }

    pub(super) fn token(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.copy.secret(name))?.trim().to_owned())
    }
}

impl Drop for Floor<'_> {
    fn drop(&mut self) {
        // What fails here has been told of before, and goes with the engine.
        capture(&mut self.script(&["reset"])).ok();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
