//! One supervised process of a stack.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use crate::{exec_child, output::Log};

const TAIL: usize = 20;
/// How often the state of processes is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// What to run, kept so that it can be run again.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) envs: Vec<(String, String)>,
}

/// A running process in a process group of its own, so that the terminal's Ctrl-C reaches only us.
#[derive(Debug)]
pub(crate) struct Part {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    tail: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Part {
    /// Starts it; its lines go to `log`. Call from the main thread, see [`exec_child`].
    pub(crate) fn start(spec: &Spec, index: usize, log: &Log) -> Result<Self> {
        let mut command: Command = exec_child::wrap(spec.program.as_os_str());
        // A stack has its own NATS: the caller's must neither be used nor written to.
        command.env_remove("NATS_URL").env_remove("AEGIS_NATS_URL");
        command.args(&spec.args).envs(spec.envs.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", spec.name))?;
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|output| Box::new(output) as _),
            child.stderr.take().map(|output| Box::new(output) as _),
        ];
        let readers = outputs.into_iter().flatten();
        let readers = readers.map(|output| {
            let (name, log, tail) = (spec.name.clone(), log.clone(), Arc::clone(&tail));
            thread::spawn(move || follow(output, index, &name, &log, &tail))
        });
        Ok(Self { name: spec.name.clone(), readers: readers.collect(), child, status: None, tail })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status once the process has ended; what is left of its group is killed then.
    pub(crate) fn poll(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() && self.has_ended() {
            self.reap();
        }
        self.status
    }

    /// SIGTERM to the process, which stops its own children in its own order.
    pub(crate) fn terminate(&mut self) {
        if self.poll().is_none() {
            // Fails only when it has just ended.
            kill_process(Pid::from_child(&self.child), Signal::TERM).ok();
        }
    }

    /// Waits for the end until `deadline` or `hurry`, then kills the group.
    pub(crate) fn wait_or_kill(&mut self, deadline: Instant, hurry: &dyn Fn() -> bool) {
        while self.poll().is_none() {
            if Instant::now() >= deadline || hurry() {
                self.reap();
                return;
            }
            thread::sleep(TICK);
        }
    }

    /// The last lines it wrote. Complete once it has ended.
    pub(crate) fn tail(&mut self) -> Vec<String> {
        if self.status.is_some() {
            for reader in self.readers.drain(..) {
                reader.join().ok();
            }
        }
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Looks without reaping: until reaped, the id cannot be given to another process, so the
    /// group can be killed safely.
    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), look), Ok(None))
    }

    /// Kills the group, leader included, and collects the leader.
    fn reap(&mut self) {
        kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
        self.status = self.child.wait().ok();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.reap();
        }
    }
}

fn follow(output: impl Read, index: usize, name: &str, log: &Log, tail: &Mutex<VecDeque<String>>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        log.line(index, name, line);
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
    }
}
