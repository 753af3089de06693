//! A script of the page that drives a running stack in a browser.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{
    chromium,
    command::show,
    output::{Log, say},
    proxied::{self, Proxied},
    proxies,
    stack::{End, Plan, Signals, Stack},
    web,
    workspace::target,
};

/// Starts a stack of its own, as `up` does, and keeps it running while a script of the page drives it in a browser.
pub(crate) fn run(nats_server: PathBuf, script: &str, more: &[(&str, &Path)]) -> Result<()> {
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
        let outcome = against(&mut stack, &proxied, script_of(script, &browser, &env_file, more));
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

fn script_of(name: &str, browser: &Path, env_file: &Path, more: &[(&str, &Path)]) -> Command {
    let mut script = web::npm_run(name);
    script.env("AEGIS_ENV_FILE", env_file).env("AEGIS_CHROMIUM", browser).envs(more.iter().copied());
    script
}

fn against(stack: &mut Stack, proxied: &Proxied, mut tests: Command) -> Result<()> {
    tests.envs(stack.env().iter()).envs(proxied.env().iter());
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
