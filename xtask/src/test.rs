//! All tests, in the order in which they need each other's results.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Result;
use clap::Args;

use crate::{
    browser,
    command::{capture, cargo, run as run_command},
    output::say,
    proxies, schemathesis,
    steps::Steps,
    tools, web,
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
    // Tests run the programs of the guide, too.
    let examples = if rust { &["--examples"][..] } else { &[] };
    let built =
        steps.step("build", || run_command(cargo(&["build", "--workspace", "--bins"]).args(examples)));
    if rust && built {
        let rust_tests =
            |which: &Which| run_command(rust_tests(which).env("AEGIS_NATS_SERVER", &nats_server));
        steps.step("Rust tests", || rust_tests(&WORKSPACE));
        steps.step("Rust tests of export and probes", || rust_tests(&EXPORT));
        steps.step("Rust tests without the Python wire", || rust_tests(&WITHOUT_PYTHON));
        steps.step("documentation examples", || {
            run_command(cargo(&["test", "--doc", "--workspace"]).env("AEGIS_NATS_SERVER", &nats_server))
        });
    }
    if e2e && built {
        steps.step("browser tests", || browser::run(nats_server.clone(), "e2e", &[]));
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
/// What the optional features of the SDK add: without them, the tests of the workspace hold that it is refused.
const EXPORT: Which = Which {
    packages: &["-p", "aegis-sdk", "--features", "http,otel"],
    targets: &["--lib", "--test", "http", "--test", "otel"],
};
/// What is left of the SDK without the wire of the Python SDK.
const WITHOUT_PYTHON: Which =
    Which { packages: &["-p", "aegis-sdk", "--no-default-features"], targets: &["--test", "without_legacy"] };

fn rust_tests(which: &Which) -> Command {
    let nextest = capture(&mut cargo(&["nextest", "--version"])).is_ok();
    let mut tests = cargo(if nextest { &["nextest", "run"] } else { &["test"] });
    if !nextest {
        say("cargo-nextest is not installed: using cargo test");
    }
    tests.args(which.packages).args(which.targets).arg("--no-fail-fast");
    tests
}
