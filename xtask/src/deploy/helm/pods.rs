//! Pods as processes of this machine: what the kubelet would do of them, with folders for volumes and free ports for theirs.

mod container;
mod manifests;
mod ports;
mod volumes;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    command::{capture, command},
    deploy::http::ask,
};
pub(super) use container::{Binaries, Container};
pub(super) use manifests::Manifests;

/// How long a pod may take until it is ready, or until it has done what it is for.
const PATIENCE: Duration = Duration::from_secs(90);
const TICK: Duration = Duration::from_millis(100);

/// What stands in rendered texts, and what stands there on this machine.
pub(super) type Moves = Vec<(String, String)>;

/// A pod of one container that goes on.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) name: String,
    container: Value,
    folder: PathBuf,
    /// Name, number in the manifest, and number on this machine.
    ports: Vec<(String, u64, u16)>,
    moves: Moves,
    child: Option<Child>,
}

impl Pod {
    /// Prepares its volumes and ports. `spec` is that of its template.
    pub(super) fn new(name: &str, spec: &Value, place: &Path) -> Result<Self> {
        let containers = spec["containers"].as_array().context("a pod has containers")?;
        let container = containers.first().context("a pod has a container")?.clone();
        let folder = place.join(name);
        let mut ports = vec![];
        for port in container["ports"].as_array().into_iter().flatten() {
            let number = port["containerPort"].as_u64().context("a port has a number")?;
            ports.push((text(&port["name"])?.to_owned(), number, ports::free()?));
        }
        let mut moves: Moves = ports
            .iter()
            .map(|(_, number, here)| (format!("0.0.0.0:{number}"), format!("127.0.0.1:{here}")))
            .collect();
        moves.extend(volumes::mount(&container, &folder)?);
        Ok(Self { name: name.to_owned(), container, folder, ports, moves, child: None })
    }

    /// Where a port of the manifest is on this machine.
    pub(super) fn address(&self, number: u64) -> Result<String> {
        let found = self.ports.iter().find(|(_, known, _)| *known == number);
        let (.., here) = found.with_context(|| format!("{} has no port {number}", self.name))?;
        Ok(format!("127.0.0.1:{here}"))
    }

    /// Fills its volumes and starts it. `elsewhere` are names of others.
    pub(super) fn start(
        &mut self,
        spec: &Value,
        all: &Manifests,
        binaries: &Binaries,
        elsewhere: &Moves,
    ) -> Result<()> {
        self.moves.extend(elsewhere.iter().cloned());
        self.fill(spec, all)?;
        let mut run = Container::new(&self.container, &self.name, all)?.command(binaries, &self.moves)?;
        let log = File::options().create(true).append(true).open(self.log())?;
        let child = run.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).spawn();
        self.child = Some(child.with_context(|| format!("start {}", self.name))?);
        Ok(())
    }

    /// Writes what its volumes have, as the kubelet does again when a Secret or ConfigMap has changed.
    pub(super) fn fill(&self, spec: &Value, all: &Manifests) -> Result<()> {
        volumes::fill(spec, all, &self.folder, &self.moves)
    }

    /// A file of its volumes, by its path in the container.
    pub(super) fn read(&self, path: &str) -> Result<String> {
        let file = moved(path, &self.moves);
        fs::read_to_string(&file).with_context(|| format!("{}: {path}", self.name))
    }

    /// Waits until a probe of the manifest is content.
    pub(super) fn wait_for(&mut self, probe: &str) -> Result<()> {
        let asked = self.container[probe]["httpGet"].clone();
        if asked.is_null() {
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.probe(&asked);
            match answer {
                Ok((200, _)) => return Ok(()),
                _ if Instant::now() < deadline && self.is_running() => thread::sleep(TICK),
                answer => bail!("{}: {probe}: {answer:?}; its log is {}", self.name, self.log().display()),
            }
        }
    }

    /// Whether it is ready at this moment.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.probe(&self.container["readinessProbe"]["httpGet"]), Ok((200, _)))
    }

    fn probe(&self, asked: &Value) -> Result<(u16, String)> {
        let port = text(&asked["port"])?;
        let found = self.ports.iter().find(|(name, ..)| name == port);
        let (.., here) = found.with_context(|| format!("no port {port}"))?;
        ask(&format!("http://127.0.0.1:{here}{}", text(&asked["path"])?), None)
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Runs its preStop hook, where it is a command.
    pub(super) fn pre_stop(&self, binaries: &Binaries) -> Result<()> {
        let hook =
            self.container["lifecycle"]["preStop"]["exec"]["command"].as_array().context("a preStop hook")?;
        let words =
            hook.iter().map(|word| Ok(moved(text(word)?, &self.moves))).collect::<Result<Vec<_>>>()?;
        let (program, args) = words.split_first().context("a command")?;
        capture(command(binaries.of(program)?).args(args)).map(drop)
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.child.as_ref().map(Child::id).context("it does not run")?;
        let id = i32::try_from(id).ok().and_then(Pid::from_raw).context("a process id")?;
        kill_process(id, signal).with_context(|| format!("signal {}", self.name))
    }

    /// Waits for its end.
    pub(super) fn ended(&mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        let child = self.child.as_mut().context("it does not run")?;
        loop {
            if let Some(status) = child.try_wait()? {
                self.child = None;
                return Ok((status, begun.elapsed()));
            }
            ensure!(begun.elapsed() < within, "{} has not ended after {within:?}", self.name);
            thread::sleep(TICK);
        }
    }

    /// As when its host is gone.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.ended(PATIENCE).map(drop)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        if self.is_running() {
            self.signal(Signal::KILL).and_then(|()| self.ended(PATIENCE).map(drop)).ok();
        }
    }
}

/// A pod that ends, such as those of `helm test`: its containers one after the other, each again until it ends well, for as long as
/// the pod may take. Answers what they printed in the end.
pub(super) fn run_to_end(
    pod: &Value,
    all: &Manifests,
    binaries: &Binaries,
    place: &Path,
    elsewhere: &Moves,
) -> Result<String> {
    let name = text(&pod["metadata"]["name"])?;
    ensure!(pod["spec"]["restartPolicy"] == "OnFailure", "{name} is not tried again");
    let patience =
        pod["spec"]["activeDeadlineSeconds"].as_u64().with_context(|| format!("{name} has no end"))?;
    let deadline = Instant::now() + Duration::from_secs(patience);
    let mut printed = String::new();
    let of = |kind: &str| pod["spec"][kind].as_array().cloned().unwrap_or_default();
    for container in of("initContainers").iter().chain(&of("containers")) {
        let folder = place.join(name);
        let mut moves = volumes::mount(container, &folder)?;
        moves.extend(elsewhere.iter().cloned());
        volumes::fill(&pod["spec"], all, &folder, &moves)?;
        let told = loop {
            match capture(&mut Container::new(container, name, all)?.command(binaries, &moves)?) {
                Ok(told) => break told,
                Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_secs(1)),
                Err(error) => return Err(error.context(format!("{name}: {}", container["name"]))),
            }
        };
        printed += &told;
    }
    Ok(printed)
}

/// A text of a manifest as it is on this machine. What is put in is not looked at again.
pub(super) fn moved(text: &str, moves: &Moves) -> String {
    let (mut rest, mut done) = (text, String::new());
    while let Some(first) = rest.chars().next() {
        if let Some((there, here)) = moves.iter().find(|(there, _)| rest.starts_with(there)) {
            done.push_str(here);
            rest = &rest[there.len()..];
        } else {
            done.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    done
}

pub(super) fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is no text"))
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn what_is_put_in_stays() {
        let moves =
            vec![("/etc/a".to_owned(), "/data/a".to_owned()), ("/data".to_owned(), "/here".to_owned())];
        assert_eq!(moved("--config=/etc/a/x /data", &moves), "--config=/data/a/x /here");
    }
}
