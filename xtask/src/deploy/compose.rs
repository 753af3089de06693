//! The compose file: valid, and the installation it describes, which outlives the loss of each of its containers.

mod copy;
mod floor;
mod losses;

use anyhow::{Context, Result, bail, ensure};

use self::copy::Copy;
use super::{debian, images};
use crate::{
    command::{capture, command, run},
    packages::install,
    proxies,
    steps::Steps,
    workspace::{on_path, root},
};

pub(super) fn check(steps: &mut Steps) {
    for (name, compose) in [("docker-compose 1", first()), ("Docker Compose 2", second())] {
        match compose {
            Ok(compose) => {
                steps.step(&format!("compose file, by {name}"), || {
                    let copy = Copy::make("valid")?;
                    copy.fill_with_placeholders()?;
                    run(&mut copy.config(compose))
                });
                steps.step(&format!("compose file without secrets, by {name}"), || refused(compose));
            }
            Err(error) => steps.unable(&format!("compose file, by {name}"), &format!("{error:#}")),
        }
    }
    steps.step("proxy of the compose file", || {
        proxies::fetch()?;
        let file = root().join("deploy/compose/Caddyfile");
        run(command(proxies::caddy()?).args(["validate", "--adapter", "caddyfile", "--config"]).arg(file))
    });
    match debian::find("shellcheck", "usr/bin/shellcheck") {
        Ok(shellcheck) => {
            steps.step("script of the compose file", || {
                run(command(&shellcheck).arg(root().join("deploy/compose/run")))
            });
        }
        Err(error) => steps.unable("script of the compose file", &format!("{error:#}")),
    }
    let engine = match images::engine::Engine::get() {
        Ok(engine) => engine,
        Err(error) => return steps.unable("the installation, run", &format!("{error:#}")),
    };
    if steps.step("images for the installation", || images::build::all(&engine)) {
        steps.step("the installation, with each container killed under orders", || losses::check(&engine));
    } else {
        steps.skip("the installation, with each container killed under orders", "the images are not built");
    }
    steps.unable(
        "Grafana of the compose file",
        "its image is fetched from a registry: only its files are checked",
    );
}

fn first() -> Result<&'static [&'static str]> {
    if on_path("docker-compose").is_none() {
        install("docker-compose", "docker-compose")?;
    }
    Ok(&["docker-compose"])
}

fn second() -> Result<&'static [&'static str]> {
    capture(command("docker").args(["compose", "version"]))
        .context("it is a plugin of Docker, and not there")?;
    Ok(&["docker", "compose"])
}

/// Nothing is made before all secrets are there.
fn refused(compose: &[&str]) -> Result<()> {
    let copy = Copy::make("without-secrets")?;
    copy.fill_with_placeholders()?;
    let missing = "trading-service.env";
    copy.remove_secret(missing)?;
    match capture(&mut copy.config(compose)) {
        Ok(_) => bail!("it is taken without {missing}"),
        Err(error) => {
            let told = format!("{error:#}");
            ensure!(told.contains(missing), "it is refused, but not for {missing}: {told}");
            Ok(())
        }
    }
}
