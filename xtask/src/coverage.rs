//! Which lines the Rust tests reach, held to floors.
//!
//! The compiler counts, a library reads the counts: nothing of LLVM is installed, and what a process reached that was killed
//! counts as well, since counts are kept in the file as they are made.

mod report;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    command::{capture, cargo, command, run as run_command},
    output::say,
    proxies,
    steps::Steps,
    tools, web,
    workspace::{root, target},
};

const READER: (&str, &str) = ("llvm_profparser", "0.15.0");
/// Counts are kept in the file while the process runs, not when it ends.
const FLAGS: &str = "-C instrument-coverage -C llvm-args=-runtime-counter-relocation";
/// Programs that measure, and this one, are no part of what is shipped.
const PACKAGES: [&str; 6] =
    ["--workspace", "--exclude", "aegis-xtask", "--exclude", "aegis-benches", "--locked"];

pub(crate) fn run() -> Result<ExitCode> {
    let mut steps = Steps::default();
    let mut nats_server = PathBuf::new();
    let mut reader = PathBuf::new();
    let ready = steps.step("tools", || {
        nats_server = tools::nats_server()?;
        proxies::fetch()?;
        reader = install()?;
        Ok(())
    }) && steps.step("web build", web::build);
    let mut objects = Vec::new();
    if ready
        && steps.step("build", || {
            objects = build()?;
            Ok(())
        })
    {
        steps.step("Rust tests", || run_command(tests().env("AEGIS_NATS_SERVER", &nats_server)));
        steps.step("lines that were reached", || {
            let text = capture(command(&reader).arg("show").args(inputs(&objects)?))?;
            let (lines, below) = report::held_to_floors(&text, &root());
            lines.iter().for_each(say);
            ensure!(below == 0, "{below} below the floor");
            Ok(())
        });
    }
    Ok(steps.finish())
}

fn folder() -> PathBuf {
    target().join("coverage")
}

fn profiles() -> PathBuf {
    folder().join("profiles")
}

/// The program that reads the counts.
fn install() -> Result<PathBuf> {
    let (name, version) = READER;
    let place = target().join("tools").join(format!("{name}-{version}"));
    let binary = place.join("bin").join("cov");
    if !binary.is_file() {
        let exact = format!("{name}@{version}");
        run_command(cargo(&["install", "--locked", "--quiet", &exact, "--root"]).arg(&place))?;
    }
    Ok(binary)
}

/// Cargo, with code that counts. `%m` keeps one file for each binary, `%c` writes to it at once.
fn counting(subcommand: &[&str]) -> Command {
    let mut cargo = cargo(subcommand);
    cargo.args(PACKAGES).arg("--target-dir").arg(folder()).env("RUSTFLAGS", FLAGS);
    cargo.env("LLVM_PROFILE_FILE", profiles().join("%m%c.profraw"));
    cargo
}

/// All programs that count: tests, and what they start.
fn build() -> Result<Vec<PathBuf>> {
    run_command(&mut counting(&["build", "--bins", "--examples"]))?;
    let told = capture(&mut counting(&["test", "--no-run", "--message-format", "json"]))?;
    let programs = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = programs.filter_map(|told| told["executable"].as_str().map(PathBuf::from));
    // What the build itself has counted is of no interest.
    fs::remove_dir_all(profiles()).ok();
    fs::create_dir_all(profiles())?;
    Ok(programs.collect())
}

fn tests() -> Command {
    let nextest = capture(&mut cargo(&["nextest", "--version"])).is_ok();
    let mut tests = counting(if nextest { &["nextest", "run"] } else { &["test"] });
    tests.arg("--no-fail-fast");
    tests
}

/// What the reader reads: each file of counts, and the programs that say which line each count is of.
fn inputs(objects: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut inputs = Vec::new();
    let mut add = |option: &str, file: &Path| inputs.extend([PathBuf::from(option), file.to_owned()]);
    for file in fs::read_dir(profiles()).context("no test has counted anything")? {
        add("--instr-profile", &file?.path());
    }
    objects.iter().for_each(|object| add("--object", object));
    Ok(inputs)
}
