//! Single programs out of Debian's packages, unpacked and not installed: to install some of them would start a server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::{
    command::{command, run},
    output::say,
    workspace::{on_path, target},
};

/// The program of this name on `PATH`, or else the one that a package has there.
pub(super) fn find(package: &str, inside: &str) -> Result<PathBuf> {
    let name = inside.rsplit('/').next().unwrap_or(inside);
    on_path(name).map_or_else(|| program(package, inside), Ok)
}

/// The program that a package has there.
pub(super) fn program(package: &str, inside: &str) -> Result<PathBuf> {
    let folder = target().join("tools/deploy").join(package);
    let place = folder.join("unpacked").join(inside);
    if !place.is_file() {
        fetch(package, &folder).with_context(|| format!("Debian's package {package} cannot be had"))?;
    }
    place.canonicalize().with_context(|| format!("{inside} of Debian's package {package}"))
}

fn fetch(package: &str, folder: &Path) -> Result<()> {
    for tool in ["apt-get", "dpkg-deb"] {
        ensure!(on_path(tool).is_some(), "{tool} is missing: this is no Debian");
    }
    say(format_args!("fetching {package}"));
    fs::create_dir_all(folder)?;
    let script = "apt-get -qq update && apt-get -qq download \"$0\" && dpkg-deb -x \"$0\"_*.deb unpacked && rm \"$0\"_*.deb";
    run(command("sh").args(["-c", script, package]).current_dir(folder))
}
