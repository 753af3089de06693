//! What a running control plane tells at `/metrics`, with a fleet that has lost an owner.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    command::{capture, cargo, command, run},
    deploy::http,
    env_file::pid_key,
    output::{Log, say},
    stack::{End, Plan, Signals, Stack},
    tools,
    workspace::{files, root, target},
};

/// Lease stores are read every ten seconds, streams every thirty.
const PATIENCE: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_secs(1);
/// So many accounts that the instance which is killed owns some of them.
const ACCOUNTS: u32 = 12;
const VICTIM: &str = "trading-service-1";

/// Told only under a condition that this stack does not meet: the code has to name them instead.
const CONDITIONAL: [(&str, &str); 3] = [
    ("aegis_storage_limit_bytes", "the account has a limit"),
    ("aegis_storage_days_left", "the account has a limit, and streams have grown for ten minutes"),
    ("aegis_token_not_after_seconds", "a token of the configuration ends"),
];

/// Those of the wanted metrics that are not told.
pub(super) fn missing(wanted: &BTreeSet<String>) -> Result<Vec<String>> {
    let nats_server = tools::nats_server()?;
    run(&mut cargo(&["build", "--quiet", "-p", "aegis-control-plane", "-p", "aegis-trading"]))?;
    let folder = target().join("deploy");
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let data_dir = folder.join(format!("data-{}", std::process::id()));
    let log_file = folder.join("stack.log");
    let binaries = target().join("debug");
    let plan =
        Plan { nats_server, data_dir: data_dir.clone(), port: 0, demo: true, binaries, env_file: None };
    say(format_args!("the stack's log: {}", log_file.display()));
    let log = Log::file(File::create(&log_file)?, plan.name_width());
    let mut stack = Stack::start(&plan, &log, &Signals::catch()?)?;
    let outcome = lose_an_owner(&plan, &stack).and_then(|()| await_all(&mut stack, wanted));
    stack.stop();
    let missing = outcome?;
    fs::remove_dir_all(&data_dir).context("remove the stack's data")?;
    let sources = sources()?;
    Ok(missing.into_iter().filter(|metric| !is_conditional(metric, &sources)).collect())
}

fn lose_an_owner(plan: &Plan, stack: &Stack) -> Result<()> {
    let of_stack =
        |name: &str| stack.env().get(name).with_context(|| format!("the stack did not report {name}"));
    let nats = of_stack("NATS_URL")?;
    for account in 0..ACCOUNTS {
        let mut order = command(plan.binaries.join("aegis-trading"));
        order.args(["trader", "--nats-url", nats, "order", "--price", "1.1", "--timeout", "10s"]);
        capture(order.args(["--account", &format!("ACC-{account}")]))?;
    }
    let pid = of_stack(&pid_key(VICTIM))?.parse().ok().and_then(Pid::from_raw);
    kill_process(pid.context("a process id is a number")?, Signal::KILL).context("kill an owner")
}

fn await_all(stack: &mut Stack, wanted: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let of_stack = |name| stack.env().get(name).map(str::to_owned).with_context(|| format!("no {name}"));
    let (url, token) = (of_stack("AEGIS_URL")?, of_stack("AEGIS_TOKEN")?);
    let (mut asked, deadline) = (Instant::now(), Instant::now() + PATIENCE);
    let end = stack.supervise(|| {
        if asked.elapsed() < ASK_EVERY {
            return Ok(None);
        }
        asked = Instant::now();
        let told = told(&http::get(&format!("{url}/metrics"), Some(&token))?);
        let missing: BTreeSet<_> = wanted.difference(&told).cloned().collect();
        let all = missing.iter().all(|metric| CONDITIONAL.iter().any(|(name, _)| name == metric));
        Ok((all || asked >= deadline).then_some(missing))
    })?;
    match end {
        End::Done(missing) => Ok(missing),
        End::Asked => bail!("interrupted"),
        End::Died(how) => bail!("{how}"),
    }
}

/// The names of all samples.
fn told(exposition: &str) -> BTreeSet<String> {
    let samples = exposition.lines().filter(|line| !line.starts_with('#'));
    let names = samples.filter_map(|line| line.split(['{', ' ']).next());
    names.map(str::to_owned).collect()
}

fn is_conditional(metric: &str, sources: &str) -> bool {
    let Some((name, condition)) = CONDITIONAL.iter().find(|(name, _)| *name == metric) else { return false };
    let is_named = sources.contains(&format!("\"{}\"", name.trim_start_matches("aegis_")));
    if is_named {
        say(format_args!("{name} is told when {condition}, which is not so here: the code names it"));
    }
    is_named
}

fn sources() -> Result<String> {
    let files = files(&root().join("control-plane/src"), &[])?;
    files.iter().map(|file| fs::read_to_string(file).context("read the sources")).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_conditional, told};

    #[test]
    fn samples_are_told_by_name() {
        let told = told("# HELP aegis_a a\naegis_a 1\naegis_b_bucket{le=\"1\"} 2\n# EOF\n");
        assert_eq!(told.into_iter().collect::<Vec<_>>(), ["aegis_a", "aegis_b_bucket"]);
    }

    #[test]
    fn a_metric_under_a_condition_has_to_be_named_by_the_code() {
        let metric = "aegis_storage_limit_bytes";
        assert!(is_conditional(metric, "\"storage_limit_bytes\""));
        assert!(!is_conditional(metric, "\"storage_limit\""));
        assert!(!is_conditional("aegis_other", "\"other\""));
    }
}
