use std::{
    collections::VecDeque,
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write as _},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Context;
use rustix::process::Signal;

use crate::{
    binary::bin,
    child::Guarded,
    fail::{fail, or_fail},
    wait::{try_wait_until, wait_until},
};

/// Oldest lines are dropped past this many.
const KEPT_LINES: usize = 50_000;
const TAIL: usize = 60;
/// How long the last lines of an ended process may take to be read.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A service binary as its own process, with its output kept.
///
/// Killed on drop; when the test is panicking, its last lines are printed.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_testkit::{NatsServer, Proc};
/// use std::time::Duration;
///
/// let server = NatsServer::start().await;
/// let desk = Proc::bin("desk").env("AEGIS_NATS_URL", server.url()).spawn();
/// desk.wait_for_line(|line| line.contains("started"), Duration::from_secs(30)).await;
/// desk.terminate();
/// assert!(desk.wait_exit(Duration::from_secs(30)).await.success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proc {
    name: String,
    process: Guarded,
    log: Arc<Mutex<VecDeque<String>>>,
}

/// What to run, and with which arguments and environment.
#[derive(Debug)]
pub struct ProcBuilder {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    without: Vec<OsString>,
    folder: Option<PathBuf>,
    input: Option<String>,
}

impl Proc {
    /// A program by path, or by name on `PATH`.
    #[must_use]
    pub fn builder(program: impl Into<PathBuf>) -> ProcBuilder {
        let program = program.into();
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ProcBuilder {
            name,
            program,
            args: Vec::new(),
            envs: Vec::new(),
            without: Vec::new(),
            folder: None,
            input: None,
        }
    }

    /// A binary of this workspace, see [`bin`].
    ///
    /// # Panics
    /// When it has not been built.
    #[must_use]
    pub fn bin(name: &str) -> ProcBuilder {
        Self::builder(bin(name))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// SIGTERM. Nothing happens when the process has ended.
    pub fn terminate(&self) {
        self.process.signal(Signal::TERM);
    }

    /// SIGINT. Nothing happens when the process has ended.
    pub fn interrupt(&self) {
        self.process.signal(Signal::INT);
    }

    /// SIGSTOP. Nothing happens when the process has ended.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// SIGCONT. Nothing happens when the process has ended.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// The exit status, if the process has ended.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.process.exit_status()
    }

    /// Waits for the process to end by itself; all its [`lines`](Self::lines) are there then, unless it
    /// leaves its output to a child of its own.
    ///
    /// # Panics
    /// When it still runs after `timeout`.
    pub async fn wait_exit(&self, timeout: Duration) -> ExitStatus {
        let status = wait_until(&format!("{} to exit", self.name), timeout, async || {
            self.exit_status().ok_or_else(|| format!("still running; last lines:\n{}", self.tail()))
        })
        .await;
        let read = try_wait_until(LAST_LINES, async || {
            if self.is_read() { Ok(()) } else { Err("output is still open".to_owned()) }
        });
        // A child that keeps the output open is no reason to fail.
        read.await.ok();
        status
    }

    /// Whether both readers have come to the end of the output.
    fn is_read(&self) -> bool {
        Arc::strong_count(&self.log) == 1
    }

    /// Waits for a line, already written or still to come, that satisfies `wanted`.
    ///
    /// # Panics
    /// When none came within `timeout`, or the process ended without one.
    pub async fn wait_for_line(&self, wanted: impl Fn(&str) -> bool, timeout: Duration) -> String {
        let found = try_wait_until(timeout, async || {
            // Read the status first: a line written just before the exit must still count.
            let ended = self.exit_status();
            if let Some(line) = self.log().iter().find(|line| wanted(line)) {
                return Ok(Ok(line.clone()));
            }
            match ended {
                Some(status) if self.is_read() => Ok(Err(format!("ended with {status}"))),
                _ => Err(format!("no such line in {timeout:?}")),
            }
        });
        match found.await {
            Ok(Ok(line)) => line,
            Ok(Err(why)) | Err(why) => {
                fail(format_args!("{}: {why}; last lines:\n{}", self.name, self.tail()))
            }
        }
    }

    /// Everything written to stdout and stderr so far (the last 50,000 lines).
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.log().iter().cloned().collect()
    }

    fn tail(&self) -> String {
        let log = self.log();
        log.iter().skip(log.len().saturating_sub(TAIL)).fold(String::new(), |text, line| text + line + "\n")
    }

    fn log(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- last lines of {} (pid {}):\n{}---", self.name, self.pid(), self.tail());
        }
    }
}

impl ProcBuilder {
    /// What messages call it; the program's file name otherwise.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs.push((key.into(), value.into()));
        self
    }

    /// Keeps environment variables of the test from it whose names begin with this.
    #[must_use]
    pub fn without_env(mut self, prefix: &str) -> Self {
        let all = std::env::vars_os().map(|(name, _)| name);
        self.without.extend(all.filter(|name| name.to_string_lossy().starts_with(prefix)));
        self
    }

    /// What it reads from its input, which ends then; without this, nothing.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    /// Runs it in `folder`.
    #[must_use]
    pub fn current_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn spawn(self) -> Proc {
        let mut command = Command::new(&self.program);
        for name in &self.without {
            command.env_remove(name);
        }
        command.args(self.args).envs(self.envs);
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let mut child = or_fail(command.spawn().with_context(|| format!("start {}", self.program.display())));
        if let (Some(text), Some(mut input)) = (self.input, child.stdin.take()) {
            // It may end without reading all of it.
            thread::spawn(move || input.write_all(text.as_bytes()));
        }
        let log = Arc::new(Mutex::new(VecDeque::new()));
        // The readers end with the process's last open handle on its output.
        if let Some(output) = child.stdout.take() {
            keep_lines(output, Arc::clone(&log));
        }
        if let Some(output) = child.stderr.take() {
            keep_lines(output, Arc::clone(&log));
        }
        Proc { name: self.name, process: Guarded::new(child), log }
    }
}

fn keep_lines(output: impl Read + Send + 'static, log: Arc<Mutex<VecDeque<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() == KEPT_LINES {
                log.pop_front();
            }
            log.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    });
}
