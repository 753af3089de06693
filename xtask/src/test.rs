//! All tests, in the order in which they need each other's results.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{
    chromium,
    command::{capture, cargo, run as run_command, show},
    output::{Log, say},
    proxied::{self, Proxied},
    proxies, schemathesis,
    stack::{End, Plan, Signals, Stack},
    steps::Steps,
    tools, web,
    workspace::target,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the Rust tests (parts can be combined; without any, all run)
    #[arg(long)]
    rust: bool,
    /// Only the web page's unit tests
    #[arg(long)]
    web: bool,
    /// Only the browser tests against a running stack
    #[arg(long)]
    e2e: bool,
    /// Only both APIs, tried by schemathesis against a running stack
    #[arg(long)]
    api: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let all = !(options.rust || options.web || options.e2e || options.api);
    let (rust, web) = (all || options.rust, all || options.web);
    let (e2e, api) = (all || options.e2e, all || options.api);
    let needs_binaries = rust || e2e || api;
    let mut steps = Steps::default();
    let mut nats_server = PathBuf::new();
    let tools = steps.step("tools", || {
        nats_server = tools::nats_server()?;
        if rust || e2e { proxies::fetch() } else { Ok(()) }
    });
    let page = if needs_binaries {
        steps.step("web build", web::build)
    } else {
        steps.step("web dependencies", web::install)
    };
    if !(tools && page) {
        return Ok(steps.finish());
    }
    if web {
        steps.step("web unit tests", || run_command(&mut web::npm_run("test")));
    }
    if !needs_binaries {
        return Ok(steps.finish());
    }
    let built = steps.step("build", || run_command(&mut cargo(&["build", "--workspace", "--bins"])));
    if rust && built {
        let rust_tests =
            |which: &Which| run_command(rust_tests(which).env("AEGIS_NATS_SERVER", &nats_server));
        steps.step("Rust tests", || rust_tests(&WORKSPACE));
        steps.step("Rust tests of the export", || rust_tests(&EXPORT));
        steps.step("documentation examples", || {
            run_command(cargo(&["test", "--doc", "--workspace"]).env("AEGIS_NATS_SERVER", &nats_server))
        });
    }
    if e2e && built {
        steps.step("browser tests", || browser_tests(nats_server.clone()));
    }
    if api && built {
        steps.step("APIs, tried by schemathesis", || schemathesis::run(nats_server));
    }
    Ok(steps.finish())
}

/// Some of the tests: of which packages, and which of their targets.
struct Which {
    packages: &'static [&'static str],
    targets: &'static [&'static str],
}

const WORKSPACE: Which = Which { packages: &["--workspace"], targets: &["--lib", "--bins", "--tests"] };
/// What an optional feature of the SDK adds: without it, the tests of the workspace hold that it is refused.
const EXPORT: Which =
    Which { packages: &["-p", "aegis-sdk", "--features", "otel"], targets: &["--lib", "--test", "otel"] };

fn rust_tests(which: &Which) -> Command {
    let nextest = capture(&mut cargo(&["nextest", "--version"])).is_ok();
    let mut tests = cargo(if nextest { &["nextest", "run"] } else { &["test"] });
    if !nextest {
        say("cargo-nextest is not installed: using cargo test");
    }
    tests.args(which.packages).args(which.targets).arg("--no-fail-fast");
    tests
}

/// Starts a stack of its own, as `up` does, and keeps it running while the tests talk to it.
fn browser_tests(nats_server: PathBuf) -> Result<()> {
    let browser = chromium::find()?;
    let folder = target().join("e2e");
    let data_dir = folder.join(format!("data-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let (log_file, env_file) = (folder.join("stack.log"), folder.join("stack.env"));
    let plan = Plan {
        nats_server,
        data_dir: data_dir.clone(),
        port: 0,
        demo: true,
        binaries: target().join("debug"),
        env_file: Some(env_file.clone()),
    };
    say(format_args!("the stack's log: {}", log_file.display()));
    let log = Log::file(File::create(&log_file)?, plan.name_width());
    let signals = Signals::catch()?;
    let mut stack = Stack::start(&plan, &log, &signals)?;
    let outcome = behind_nginx(&plan, &stack, &log).and_then(|mut proxied| {
        let outcome = against(&mut stack, &proxied, &browser, &env_file);
        proxied.stop();
        outcome
    });
    stack.stop();
    match outcome {
        Ok(()) => fs::remove_dir_all(&data_dir).context("remove the stack's data"),
        Err(error) => Err(error.context(format!("the stack's data is kept in {}", data_dir.display()))),
    }
}

/// A second replica, on the NATS of the stack.
fn behind_nginx(plan: &Plan, stack: &Stack, log: &Log) -> Result<Proxied> {
    let plan = proxied::Plan {
        aegis: plan.binaries.join("aegis"),
        nginx: proxies::nginx()?,
        nats_url: stack.env().get("NATS_URL").context("aegis did not report NATS_URL")?,
        folder: plan.data_dir.canonicalize()?.join("proxied"),
    };
    Proxied::start(&plan, log)
}

fn against(stack: &mut Stack, proxied: &Proxied, browser: &Path, env_file: &Path) -> Result<()> {
    let mut tests = web::npm_run("e2e");
    tests
        .envs(stack.env().iter())
        .envs(proxied.env().iter())
        .env("AEGIS_ENV_FILE", env_file)
        .env("AEGIS_CHROMIUM", browser);
    let shown = show(&tests);
    // A group of its own, so that the browsers can be ended with it.
    let mut child = tests.process_group(0).spawn().with_context(|| format!("cannot run `{shown}`"))?;
    let end = stack.supervise(|| Ok(child.try_wait()?));
    if child.try_wait()?.is_none() {
        // Not yet reaped, so its id is still its own.
        kill_process_group(Pid::from_child(&child), Signal::KILL).ok();
        child.wait()?;
    }
    let status: ExitStatus = match end? {
        End::Done(status) => status,
        End::Asked => bail!("interrupted"),
        End::Died(how) => bail!("{how}"),
    };
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}
