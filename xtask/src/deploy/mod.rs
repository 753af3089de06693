//! What an installation is deployed with, each checked by the tools of its own field.

mod actions;
mod compose;
mod debian;
mod helm;
mod http;
mod images;
mod observability;
mod systemd;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::steps::Steps;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to check; without any, everything
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Helm,
    Images,
    Compose,
    Actions,
    Observability,
    Systemd,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut steps = Steps::default();
    for part in Part::value_variants() {
        if options.parts.is_empty() || options.parts.contains(part) {
            check(*part, &mut steps);
        }
    }
    Ok(steps.finish())
}

fn check(part: Part, steps: &mut Steps) {
    match part {
        Part::Helm => helm::check(steps),
        Part::Images => images::check(steps),
        Part::Compose => compose::check(steps),
        Part::Actions => actions::check(steps),
        Part::Observability => observability::check(steps),
        Part::Systemd => systemd::check(steps),
    }
}
