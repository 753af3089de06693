//! A container engine: the one that runs on this machine, or one that is started by hand for as long as it is needed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    command::{capture, command, run},
    output::say,
    packages::install,
    workspace::{on_path, target},
};

const READY: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(200);

/// Stopped on drop, if it was started by us.
#[derive(Debug)]
pub(in crate::deploy) struct Engine {
    client: PathBuf,
    started: Option<Started>,
}

#[derive(Debug)]
struct Started {
    daemon: Child,
    /// Sockets and state: their paths must be short.
    folder: TempDir,
    /// What the packets that are passed on met before: the engine changes it.
    forward: Option<String>,
}

impl Engine {
    pub(in crate::deploy) fn get() -> Result<Self> {
        if let Some(client) = client()
            && capture(command(&client).arg("info")).is_ok()
        {
            return Ok(Self { client, started: None });
        }
        ensure!(
            cfg!(target_os = "linux"),
            "no container engine runs here, and one can be started on Linux only"
        );
        ensure!(
            rustix::process::geteuid().is_root(),
            "no container engine runs here, and only root can start one: start Docker"
        );
        if on_path("dockerd").is_none() {
            install("a container engine", "docker.io")?;
        }
        let started = Started::start().context("no container engine can be had")?;
        let client = client().context("the engine came without its client")?;
        let mut engine = Self { client, started: Some(started) };
        engine.await_ready()?;
        Ok(engine)
    }

    /// The client, told where the engine is.
    pub(in crate::deploy) fn docker(&self, args: &[&str]) -> Command {
        let mut docker = command(&self.client);
        self.tell(&mut docker);
        docker.args(args);
        docker
    }

    /// Tells another program where the engine is.
    pub(in crate::deploy) fn tell(&self, program: &mut Command) {
        if let Some(started) = &self.started {
            program.env("DOCKER_HOST", started.host());
        }
        // Without it, stages that nobody asks for are built, too.
        program.env("DOCKER_BUILDKIT", "1");
    }

    /// What a command of the client prints, without the end of the line.
    pub(in crate::deploy) fn ask(&self, args: &[&str]) -> Result<String> {
        Ok(capture(&mut self.docker(args))?.trim_end().to_owned())
    }

    /// Where the client is, for programs that look for it by name.
    pub(in crate::deploy) fn client_folder(&self) -> &Path {
        self.client.parent().unwrap_or(Path::new("/"))
    }

    fn await_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY;
        while capture(&mut self.docker(&["info"])).is_err() {
            if let Some(status) = self.started.as_mut().and_then(|it| it.daemon.try_wait().ok().flatten()) {
                bail!("dockerd ended with {status}: see {}", log().display());
            }
            ensure!(
                Instant::now() < deadline,
                "dockerd is not ready after {READY:?}: see {}",
                log().display()
            );
            thread::sleep(TICK);
        }
        Ok(())
    }
}

impl Started {
    fn start() -> Result<Self> {
        let forward = capture(command("iptables").args(["-S", "FORWARD"])).ok();
        let forward =
            forward.and_then(|rules| rules.lines().next()?.rsplit_once(' ').map(|it| it.1.to_owned()));
        let folder = tempfile::Builder::new().prefix("aegis-engine-").tempdir()?;
        fs::create_dir_all(log().parent().context("the log has a folder")?)?;
        let file = File::create(log())?;
        say(format_args!("a container engine is being started; its log: {}", log().display()));
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut daemon = command("dockerd");
        daemon.args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")]);
        daemon.args(["--host", &format!("unix://{}", at("docker.sock"))]);
        daemon.stdout(file.try_clone()?).stderr(file);
        let daemon = daemon.spawn().context("start dockerd")?;
        Ok(Self { daemon, folder, forward })
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }

    fn stop(&mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.daemon), Signal::TERM)?;
        let deadline = Instant::now() + GRACE;
        while self.daemon.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                self.daemon.kill()?;
                self.daemon.wait()?;
                break;
            }
            thread::sleep(TICK);
        }
        if let Some(forward) = &self.forward {
            run(command("iptables").args(["-P", "FORWARD", forward]))?;
        }
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            say(format_args!("the container engine did not stop cleanly: {error:#}"));
        }
    }
}

/// Debian's own first: a newer client may lack what builds images.
fn client() -> Option<PathBuf> {
    let debian = PathBuf::from("/usr/bin/docker");
    if debian.is_file() { Some(debian) } else { on_path("docker") }
}

fn log() -> PathBuf {
    target().join("deploy/dockerd.log")
}
