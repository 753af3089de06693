//! `cargo xtask`: the one command interface of this repository.
//!
//! Needs Rust, Node and Python 3 on the machine; whatever else a subcommand needs it finds,
//! fetches, or names together with the one command that provides it.

mod baseline;
mod bench;
mod browser;
mod chaos;
mod chromium;
mod circles;
mod command;
mod coverage;
mod dependencies;
mod deploy;
mod env_file;
mod exec_child;
mod gate;
mod r#gen;
mod house_rules;
mod layers;
mod links;
mod lint;
mod output;
mod packages;
mod part;
mod proxied;
mod proxies;
mod public_api;
mod python;
mod schemathesis;
mod shots;
mod stack;
mod steps;
mod test;
mod tools;
mod up;
mod web;
mod web_lock;
mod wheels;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetch the pinned nats-server, unless a good one is given or installed, and the proxies of deploy/proxy
    Tools,
    /// Build everything and run it here: NATS, control plane, web page, demo services
    Up(up::Options),
    /// Run all tests: Rust, web, browser
    Test(test::Options),
    /// Take a picture of every screen of the page, at three widths and in both themes
    Shots(shots::Options),
    /// Check format, lints, layering, dependencies, generated files, the public API, links of the documentation and house rules
    Lint(lint::Options),
    /// Check what an installation is deployed with: chart, images, compose, pipeline, dashboards, units
    Deploy(deploy::Options),
    /// Write the generated files: GraphQL schema, event and error catalogues, web types, listings of the public API
    Gen,
    /// Run the Rust tests with code that counts, and hold the lines that they reach to floors
    Coverage,
    /// Run one benchmark in release mode, or list them
    Bench(bench::Options),
    /// Run services under seeded faults, and check the histories of calls, effects and terms
    Chaos(chaos::Options),
    /// Become another program that ends when this one's parent does
    #[command(hide = true)]
    ExecChild(exec_child::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Tools => tools::run(),
        Task::Up(options) => up::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Shots(options) => shots::run(&options),
        Task::Lint(options) => lint::run(&options),
        Task::Deploy(options) => deploy::run(&options),
        Task::Gen => r#gen::run(),
        Task::Coverage => coverage::run(),
        Task::Bench(options) if options.is_gate() => gate::run(),
        Task::Bench(options) => bench::run(&options),
        Task::Chaos(options) => chaos::run(&options),
        Task::ExecChild(options) => exec_child::run(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
