use std::{env, path::PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{packages::install, workspace::on_path};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser for the browser tests: `AEGIS_CHROMIUM`, else a usual name on `PATH`, else the
/// system's package where we may install it.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(given) = env::var_os("AEGIS_CHROMIUM").filter(|value| !value.is_empty()) {
        let given = PathBuf::from(given);
        ensure!(given.is_file(), "AEGIS_CHROMIUM names {}, which does not exist", given.display());
        return Ok(given);
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    // Without fonts the page renders, but its text has no size.
    install("a browser (Chromium)", "chromium fonts-dejavu-core")?;
    installed().context("chromium is installed, but not on PATH")
}

fn installed() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| on_path(name))
}
