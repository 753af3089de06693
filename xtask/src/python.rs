//! Packages of Python, pinned by their hashes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    command::{command, run as run_command},
    wheels::ensure_pip,
    workspace::target,
};

/// The packages that the file `pinned` lists with their hashes, in a folder of their own under `target/tools`. For `PYTHONPATH`.
pub(crate) fn packages(pinned: &Path, folder: &str) -> Result<PathBuf> {
    let place = target().join("tools").join(folder);
    let (installed, wanted) = (place.join("requirements.txt"), fs::read(pinned)?);
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(place.canonicalize()?);
    }
    ensure_pip()?;
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    let mut python = command("python3");
    python
        .args(pip)
        .args(["--no-warn-conflicts", "--require-hashes", "--only-binary=:all:", "--target"])
        .arg(&place);
    run_command(python.arg("-r").arg(pinned).env_remove("PYTHONPATH"))?;
    fs::write(&installed, wanted)?;
    Ok(place.canonicalize()?)
}
