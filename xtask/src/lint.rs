//! Everything that judges the code without running it.

use std::{fmt::Display, process::ExitCode};

use anyhow::{Result, bail};

use crate::{
    command::{cargo, run as run_command},
    r#gen, house_rules, layers,
    output::say,
    steps::Steps,
    web,
    workspace::root,
};

pub(crate) fn run() -> Result<ExitCode> {
    let mut steps = Steps::default();
    steps.step("format", || run_command(&mut cargo(&["fmt", "--all", "--check"])));
    steps.step("layers", || none_of("forbidden dependencies", &layers::violations(&layers::metadata()?)));
    steps.step("house rules", || none_of("house rules broken", &house_rules::breaches(&root())?));
    // The binary embeds the page, so nothing compiles before it is built.
    if steps.step("web build", web::build) {
        steps.step("web lock", told_of_absent_packages);
        steps.step("clippy", || {
            let clippy = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
            run_command(&mut cargo(&clippy))
        });
        steps.step("generated files", || {
            let changed = r#gen::write()?;
            let names: Vec<_> = changed.iter().map(|file| file.display()).collect();
            none_of("stale generated files (now written anew; commit them)", &names)
        });
        steps.step("web types", || run_command(&mut web::npm_run("typecheck")));
        steps.step("web lint", || run_command(&mut web::npm_run("lint")));
        steps.step("OpenAPI document", || run_command(&mut web::npm_run("lint:api")));
    } else {
        for name in ["web lock", "clippy", "generated files", "web types", "web lint", "OpenAPI document"] {
            steps.skip(name, "the web page does not build");
        }
    }
    Ok(steps.finish())
}

/// A word, not a failure: the registry may lack them for a while.
fn told_of_absent_packages() -> Result<()> {
    let absent = web::absent_optional()?;
    if !absent.is_empty() {
        say(format_args!(
            "web/package-lock.json lacks optional packages of other platforms: {}",
            absent.join(", ")
        ));
    }
    Ok(())
}

fn none_of(what: &str, found: &[impl Display]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let list: String = found.iter().map(|one| format!("\n  {one}")).collect();
    bail!("{} {what}:{list}", found.len())
}
