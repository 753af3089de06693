//! `aegis`: the control plane. `aegis up` runs it with a private NATS server, `aegis serve` beside yours.

mod access;
mod adapter;
mod audit;
mod auth;
mod background;
mod certificate;
mod cli;
mod clock;
mod config;
mod consumers;
mod data_folder;
mod dead_letters;
mod definitions;
mod findings;
mod generate;
mod health;
mod http;
mod init;
mod jetstream;
mod legacy;
mod liveness;
mod meters;
mod metrics;
mod nats_server;
mod operate;
mod output;
mod plans;
mod remote;
mod replica;
mod retention;
mod roundtrip;
mod serve;
mod signals;
mod startup;
mod tasks;
mod terms;
mod up;
mod upkeep;
mod webhook;

use std::process::ExitCode;

use clap::Parser as _;

/// Messages are made on one thread and dropped on another, which the allocator of glibc answers with locks: with
/// it a projection takes half as long again to be rebuilt.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match cli::Cli::try_parse().and_then(cli::Cli::checked) {
        Ok(cli) => cli.run(),
        Err(told) => cli::tell(&told),
    };
    // Also after a failure: what was printed before it may be lost, too.
    let printed = output::finish();
    for error in [done.as_ref().err(), printed.as_ref().err()].into_iter().flatten() {
        // Each cause once: what failed, then why.
        output::print_error(&format!("error: {error:#}"));
    }
    match (done, printed) {
        // A command may have a code of its own for a failure.
        (Ok(code), Err(_)) if code != ExitCode::SUCCESS => code,
        (Ok(code), Ok(())) => code,
        (Ok(_), Err(_)) | (Err(_), Ok(()) | Err(_)) => ExitCode::FAILURE,
    }
}
