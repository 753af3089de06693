//! Both APIs, tried by schemathesis: requests made from their own descriptions, and whether the answers keep to them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    command::{command, run as run_command},
    output::{Log, say},
    python::packages,
    stack::{Plan, Signals, Stack},
    workspace::{root, target},
};

/// Requests made for each operation and phase.
const EXAMPLES: &str = "40";
const START: &str = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())";

/// Tries a stack of its own, whose data it changes as it likes.
pub(crate) fn run(nats_server: PathBuf) -> Result<()> {
    let packages = packages(&root().join("control-plane/schemathesis/requirements.txt"), "schemathesis")?;
    let folder = target().join("schemathesis");
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let data_dir = folder.join(format!("data-{}", std::process::id()));
    let log_file = folder.join("stack.log");
    let plan = Plan {
        nats_server,
        data_dir: data_dir.clone(),
        port: 0,
        demo: true,
        binaries: target().join("debug"),
        env_file: None,
    };
    say(format_args!("the stack's log: {}", log_file.display()));
    let log = Log::file(File::create(&log_file)?, plan.name_width());
    let mut stack = Stack::start(&plan, &log, &Signals::catch()?)?;
    let outcome = against(&stack, &packages, &folder);
    stack.stop();
    outcome?;
    fs::remove_dir_all(&data_dir).context("remove the stack's data")
}

fn against(stack: &Stack, packages: &Path, folder: &Path) -> Result<()> {
    let of_stack = |name| stack.env().get(name).with_context(|| format!("aegis did not report {name}"));
    let (url, token) = (of_stack("AEGIS_URL")?, of_stack("AEGIS_TOKEN")?);
    let try_one = |schema: &str, address: &str, more: &[&str]| {
        let mut trial = schemathesis(packages, folder);
        trial.args(["run", schema, "--url", address, "--max-examples", EXAMPLES, "--no-color"]);
        // Its own variable keeps the token out of what is printed.
        run_command(trial.args(more).env("AEGIS_TOKEN", token))
    };
    let document = root().join("docs/openapi.json").display().to_string();
    try_one(&document, url, &["--phases", "examples,coverage,fuzzing"])?;
    let schema = root().join("graphql/schema.graphql").display().to_string();
    // An error of GraphQL is none of the server's: what it has to be, our own check knows.
    try_one(&schema, &format!("{url}/graphql"), &["--checks", "errors_have_stable_codes"])
}

fn schemathesis(packages: &Path, folder: &Path) -> Command {
    let ours = root().join("control-plane/schemathesis");
    let mut started = command("python3");
    started.args(["-c", START, "--config-file"]).arg(ours.join("schemathesis.toml"));
    // It leaves what it has seen where it is started.
    started.current_dir(folder);
    started.env("PYTHONPATH", packages).env("SCHEMATHESIS_HOOKS", ours.join("checks.py"));
    started.env("PYTHONDONTWRITEBYTECODE", "1");
    started
}
