use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A server's folder: removed when the test passes, kept and announced when it fails.
#[derive(Debug)]
pub(crate) enum DataDir {
    Own(Option<TempDir>, PathBuf),
    Given(PathBuf),
}

impl DataDir {
    pub(crate) fn create(given: Option<PathBuf>) -> Result<Self> {
        match given {
            Some(path) => {
                std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
                Ok(Self::Given(path))
            }
            None => {
                let dir = tempfile::Builder::new()
                    .prefix("aegis-nats-")
                    .tempdir()
                    .context("create a temporary folder")?;
                let path = dir.path().to_owned();
                Ok(Self::Own(Some(dir), path))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(_, path) | Self::Given(path) => path,
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let Self::Own(dir, path) = self else { return };
        // A test that fails by returning an error does not panic: AEGIS_TEST_KEEP covers that case.
        if std::thread::panicking() || env::var_os("AEGIS_TEST_KEEP").is_some() {
            if let Some(dir) = dir.take() {
                let _kept = dir.keep();
            }
            eprintln!("kept the server's data and log: {}", path.display());
        }
    }
}
