//! Everything that judges the code without running it.

use std::{fmt::Display, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    circles,
    command::{cargo, run as run_command},
    dependencies, r#gen, house_rules, layers, links,
    output::say,
    public_api,
    steps::Steps,
    web,
    workspace::root,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to check; without any, everything
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// rustfmt
    Format,
    /// Which package may know which
    Layers,
    /// What no off-the-shelf lint knows
    Rules,
    /// Links between the pages of the documentation
    Links,
    /// Licences, versions and sources of other people's crates
    Dependencies,
    /// Clippy on the whole workspace
    Clippy,
    /// Whether the generated files are as the code would write them
    Generated,
    /// Whether the listings of the public API are what the crates offer
    PublicApi,
    /// Types, rules and lock of the page, and the document of the API
    Web,
}

impl Part {
    /// Whether it needs the built page: the binary embeds it, so nothing compiles before.
    fn needs_page(self) -> bool {
        match self {
            Self::Format
            | Self::Layers
            | Self::Rules
            | Self::Links
            | Self::Dependencies
            | Self::PublicApi => false,
            Self::Clippy | Self::Generated | Self::Web => true,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut steps = Steps::default();
    let asked = |part: &&Part| options.parts.is_empty() || options.parts.contains(part);
    let (behind, before): (Vec<Part>, _) =
        Part::value_variants().iter().filter(asked).partition(|part| part.needs_page());
    for part in before {
        check(part, &mut steps);
    }
    if !behind.is_empty() {
        let built = steps.step("web build", web::build);
        for part in behind {
            if built {
                check(part, &mut steps);
            } else {
                steps.skip(&format!("{part:?}").to_lowercase(), "the web page does not build");
            }
        }
    }
    Ok(steps.finish())
}

fn check(part: Part, steps: &mut Steps) {
    match part {
        Part::Format => {
            steps.step("format", || run_command(&mut cargo(&["fmt", "--all", "--check"])));
        }
        Part::Layers => {
            steps.step("layers", || {
                none_of("forbidden dependencies", &layers::violations(&layers::metadata()?))
            });
            steps.step("circles", || {
                none_of("modules that import each other", &circles::breaches(&layers::metadata()?)?)
            });
            steps.step("layers without features", || {
                none_of("packages that link what a feature is for", &layers::optional_violations()?)
            });
        }
        Part::Rules => {
            steps.step("house rules", || none_of("house rules broken", &house_rules::breaches(&root())?));
        }
        Part::Links => {
            steps.step("links", || none_of("links that lead nowhere", &links::broken(&root())?));
        }
        Part::Dependencies => {
            steps.step_with("dependencies", &dependencies::CARGO_DENY, dependencies::check);
        }
        Part::Clippy => {
            let clippy =
                ["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"];
            steps.step("clippy", || run_command(&mut cargo(&clippy)));
            let listing =
                ["clippy", "-p", "aegis-xtask", "--features", "public-api", "--bins", "--", "-D", "warnings"];
            steps.step("clippy of the listing", || run_command(&mut cargo(&listing)));
            // Dependencies of the workspace are judged with them.
            let without = ["clippy", "-p", "aegis-sdk", "-p", "aegis-control-plane", "--no-default-features"];
            let targets = ["--lib", "--bins", "--test", "without_legacy", "--", "-D", "warnings"];
            steps.step("clippy without the Python wire", || run_command(cargo(&without).args(targets)));
        }
        Part::Generated => {
            steps.step("generated files", || {
                let changed = r#gen::write()?;
                let names: Vec<_> = changed.iter().map(|file| file.display()).collect();
                none_of("stale generated files (now written anew; commit them)", &names)
            });
        }
        Part::PublicApi => public_api_is_listed(steps),
        Part::Web => {
            steps.step("web lock", told_of_absent_packages);
            steps.step("web types", || run_command(&mut web::npm_run("typecheck")));
            steps.step("web lint", || run_command(&mut web::npm_run("lint")));
            steps.step("OpenAPI document", || run_command(&mut web::npm_run("lint:api")));
        }
    }
}

/// All features but the programs that are not to compile.
const FEATURES: &str = "aegis-sdk/http,aegis-sdk/otel,aegis-sdk/test-hooks,aegis-testkit/docker";

fn public_api_is_listed(steps: &mut Steps) {
    const NAME: &str = "public API";
    match public_api::other_toolchain() {
        Ok(Some(why)) => steps.unable(NAME, &why),
        other => {
            steps.step(NAME, || {
                other?;
                none_of(
                    "listings of the public API that differ (now written anew: review what changed, and commit them)",
                    &public_api::write()?,
                )
            });
            steps.step("examples of the reference", || {
                none_of(
                    "types of docs/guide/reference.md whose documentation has no example",
                    &public_api::without_example()?,
                )
            });
        }
    }
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
