//! Pictures of every screen of the page, for people to look at.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{
    browser,
    command::{cargo, run as run_command},
    output::say,
    proxies,
    steps::Steps,
    tools, web,
    workspace::target,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where to put them, by default target/shots
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folder = options.folder.clone().unwrap_or_else(|| target().join("shots"));
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let mut steps = Steps::default();
    let mut nats_server = PathBuf::new();
    let ready = steps.step("tools", || {
        nats_server = tools::nats_server()?;
        proxies::fetch()
    }) && steps.step("web build", web::build)
        && steps.step("build", || run_command(&mut cargo(&["build", "--workspace", "--bins"])));
    if ready {
        steps.step("pictures", || browser::run(nats_server, "shots", &[("AEGIS_SHOTS", &folder)]));
        say(format_args!("the pictures: {}", folder.display()));
    }
    Ok(steps.finish())
}
