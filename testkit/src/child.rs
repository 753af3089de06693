use std::{
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process};

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
        kill_process(Pid::from_child(&child), signal).is_ok()
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
