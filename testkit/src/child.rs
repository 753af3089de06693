use std::{
    fs,
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to stop, and how often it is looked at meanwhile.
const STOPPING: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(1);

/// A child process that never outlives its handle.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Mutex<Child>,
    pid: u32,
}

impl Guarded {
    pub(crate) fn new(child: Child) -> Self {
        Self { pid: child.id(), child: Mutex::new(child) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends `signal`, unless the process has already been reaped: its id may be another's by now.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        let mut child = self.lock();
        if !matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        let sent = kill_process(Pid::from_child(&child), signal).is_ok();
        if sent && signal == Signal::STOP {
            until_stopped(child.id());
        }
        sent
    }

    /// SIGKILL, then reaps. Works on a stopped process too.
    pub(crate) fn kill(&self) {
        let mut child = self.lock();
        // Both fail only when the process is gone, which is what was asked for.
        child.kill().ok();
        child.wait().ok();
    }

    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        self.lock().try_wait().ok().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until every thread has stopped: on a busy machine some run on for a moment after the signal.
/// Without `/proc` there is nothing to wait on.
fn until_stopped(pid: u32) {
    let deadline = Instant::now() + STOPPING;
    while Instant::now() < deadline && !has_stopped(pid) {
        thread::sleep(TICK);
    }
}

fn has_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        // The state follows the name, which stands in parentheses (proc_pid_stat(5)).
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 'Z', 'X']))
    })
}
