//! A whole running system: the control plane with its NATS, and the demo services.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{
    env_file::{EnvFile, pid_key},
    output::Log,
    part::{Part, Spec, TICK},
    workspace::{make_private, write_private},
};

const READY: Duration = Duration::from_secs(60);
const GRACE: Duration = Duration::from_secs(10);
const RESTART: Duration = Duration::from_secs(5);
/// The name of our own lines in the log.
pub(crate) const US: &str = "xtask";

/// The demo: instance name, and the subcommand of `aegis-trading` that runs it.
pub(crate) const DEMO: [(&str, &str); 7] = [
    ("market-data-service-1", "market-data"),
    ("calculation-service-1", "calculation"),
    ("calculation-service-2", "calculation"),
    ("algo-service-1", "algo"),
    ("trading-service-1", "trading"),
    ("trading-service-2", "trading"),
    ("trading-service-3", "trading"),
];

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) nats_server: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) demo: bool,
    /// Folder of the binaries `aegis` and `aegis-trading`.
    pub(crate) binaries: PathBuf,
    /// Where to tell others of the stack.
    pub(crate) env_file: Option<PathBuf>,
}

/// A running stack. Stopped by [`stop`](Self::stop), killed on drop.
#[derive(Debug)]
pub(crate) struct Stack {
    log: Log,
    control: Part,
    demo: Vec<Demo>,
    /// Where the control plane reports; removed at the end.
    report: PathBuf,
    env: EnvFile,
    env_file: Option<PathBuf>,
    signals: Signals,
}

#[derive(Debug)]
struct Demo {
    spec: Spec,
    part: Part,
    restart_at: Option<Instant>,
}

/// Whether we were asked to end.
#[derive(Debug, Clone)]
pub(crate) struct Signals(Arc<AtomicBool>);

/// Why supervision ended.
#[derive(Debug)]
pub(crate) enum End<T> {
    /// What the caller waited for.
    Done(T),
    /// SIGINT, SIGTERM or SIGHUP.
    Asked,
    /// The control plane ended by itself; the text says how.
    Died(String),
}

impl Stack {
    /// Starts the control plane, waits until it is ready, then starts the demo.
    ///
    /// Call from the main thread: the parts end with the thread that started them.
    pub(crate) fn start(plan: &Plan, log: &Log, signals: &Signals) -> Result<Self> {
        make_private(&plan.data_dir)?;
        let data_dir = plan.data_dir.canonicalize()?;
        let report = data_dir.join(format!("up-{}.env", std::process::id()));
        // A leftover of an earlier process with our id would look like readiness.
        fs::remove_file(&report).ok();
        let control = Part::start(&plan.control_plane(&report, &data_dir), 0, log)?;
        let mut stack = Self {
            log: log.clone(),
            control,
            demo: Vec::new(),
            report,
            env: EnvFile::default(),
            env_file: plan.env_file.clone(),
            signals: signals.clone(),
        };
        if let Err(error) = stack.become_ready(plan) {
            stack.stop();
            return Err(error);
        }
        Ok(stack)
    }

    /// Addresses, tokens and process ids.
    pub(crate) fn env(&self) -> &EnvFile {
        &self.env
    }

    /// Keeps the stack running until `done` answers, we are asked to end, or the control plane ends.
    ///
    /// A demo service that ends is started again after a pause, as a supervisor in production would.
    pub(crate) fn supervise<T>(&mut self, mut done: impl FnMut() -> Result<Option<T>>) -> Result<End<T>> {
        loop {
            if let Some(value) = done()? {
                return Ok(End::Done(value));
            }
            if self.signals.take() {
                return Ok(End::Asked);
            }
            if let Some(status) = self.control.poll() {
                return Ok(End::Died(self.last_words(status)));
            }
            self.restart_demo()?;
            thread::sleep(TICK);
        }
    }

    /// Stops everything, demo first. A second signal cuts the waiting short.
    pub(crate) fn stop(&mut self) {
        let signals = self.signals.clone();
        let hurry = || signals.asked();
        for demo in self.demo.iter_mut().rev() {
            demo.part.terminate();
        }
        let deadline = Instant::now() + GRACE;
        for demo in self.demo.iter_mut().rev() {
            demo.part.wait_or_kill(deadline, &hurry);
        }
        self.control.terminate();
        self.control.wait_or_kill(Instant::now() + GRACE, &hurry);
        fs::remove_file(&self.report).ok();
        if let Some(file) = &self.env_file {
            // It would name processes that are no more.
            fs::remove_file(file).ok();
        }
    }

    fn become_ready(&mut self, plan: &Plan) -> Result<()> {
        let report = self.report.clone();
        let deadline = Instant::now() + READY;
        let end = self.supervise(|| match fs::read_to_string(&report) {
            Ok(text) => Ok(Some(EnvFile::parse(&text))),
            Err(_absent) if Instant::now() < deadline => Ok(None),
            Err(_absent) => bail!("aegis is not ready after {READY:?}"),
        })?;
        match end {
            End::Done(env) => self.env = env,
            End::Asked => bail!("stopped before it was ready"),
            End::Died(how) => bail!("{how}"),
        }
        self.env.set("XTASK_PID", std::process::id().to_string());
        if plan.demo {
            let nats = self.env.get("NATS_URL").context("aegis did not report NATS_URL")?.to_owned();
            for (instance, role) in DEMO {
                let spec = plan.demo_service(instance, role, &nats);
                let part = Part::start(&spec, self.demo.len() + 1, &self.log)?;
                self.env.set(&pid_key(instance), part.pid().to_string());
                self.demo.push(Demo { spec, part, restart_at: None });
            }
        }
        self.publish()
    }

    fn restart_demo(&mut self) -> Result<()> {
        let mut changed = false;
        for (index, demo) in self.demo.iter_mut().enumerate() {
            let Some(status) = demo.part.poll() else {
                continue;
            };
            let name = &demo.spec.name;
            match demo.restart_at {
                None => {
                    let pause = RESTART.as_secs();
                    self.log.line(
                        0,
                        US,
                        &format!("{name} ended with {status}; starting it again in {pause} s"),
                    );
                    demo.restart_at = Some(Instant::now() + RESTART);
                    self.env.remove(&pid_key(name));
                    changed = true;
                }
                Some(at) if Instant::now() >= at => {
                    demo.part = Part::start(&demo.spec, index + 1, &self.log)?;
                    demo.restart_at = None;
                    self.log.line(0, US, &format!("{name} is back as process {}", demo.part.pid()));
                    self.env.set(&pid_key(name), demo.part.pid().to_string());
                    changed = true;
                }
                Some(_later) => {}
            }
        }
        if changed { self.publish() } else { Ok(()) }
    }

    fn publish(&self) -> Result<()> {
        match &self.env_file {
            Some(file) => write_private(file, &self.env.render()),
            None => Ok(()),
        }
    }

    fn last_words(&mut self, status: ExitStatus) -> String {
        let tail: String = self.control.tail().iter().map(|line| format!("\n  {line}")).collect();
        format!("{} ended with {status}; its last lines:{tail}", self.control.name())
    }
}

impl Plan {
    /// The width of the longest name in the log.
    pub(crate) fn name_width(&self) -> usize {
        DEMO.iter().filter(|_| self.demo).map(|(name, _)| name.len()).max().unwrap_or(US.len())
    }

    fn control_plane(&self, report: &Path, data_dir: &Path) -> Spec {
        let args = [
            "up",
            "--port",
            &self.port.to_string(),
            "--data-dir",
            &data_dir.to_string_lossy(),
            "--env-file",
            &report.to_string_lossy(),
        ];
        Spec {
            name: "aegis".to_owned(),
            program: self.binaries.join("aegis"),
            args: args.map(str::to_owned).to_vec(),
            envs: vec![("AEGIS_NATS_SERVER".to_owned(), self.nats_server.to_string_lossy().into_owned())],
        }
    }

    fn demo_service(&self, instance: &str, role: &str, nats: &str) -> Spec {
        Spec {
            name: instance.to_owned(),
            program: self.binaries.join("aegis-trading"),
            args: [role, "--instance", instance].map(str::to_owned).to_vec(),
            envs: vec![("NATS_URL".to_owned(), nats.to_owned())],
        }
    }
}

impl Signals {
    /// From now on SIGINT, SIGTERM and SIGHUP are noted instead of ending us.
    pub(crate) fn catch() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&asked)).context("catch signals")?;
        }
        Ok(Self(asked))
    }

    fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether we were asked since the last time.
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
