use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Folders of what is fetched or made, for [`files`].
pub(crate) const SKIP: [&str; 5] = ["target", "node_modules", "dist", ".git", "test-results"];

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        // Cargo takes a relative one from where it was called, which is where we run, too.
        Some(dir) => PathBuf::from(dir),
        None => root().join("target"),
    }
}

/// Path of a binary that cargo has built.
pub(crate) fn built(name: &str, release: bool) -> PathBuf {
    target().join(if release { "release" } else { "debug" }).join(name)
}

/// The first file called `name` on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Puts a whole new file in place at once: a reader sees the old or the new, never a part.
///
/// Only the owner may read it, since such files carry tokens.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut name = file.file_name().context("a file needs a name")?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = file.with_file_name(name);
    let write = || -> Result<()> {
        // Of an earlier process with our id.
        fs::remove_file(&fresh).ok();
        // Never into what another user has put there, a link for example.
        let mut open = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        open.write_all(text.as_bytes())?;
        fs::rename(&fresh, file)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", file.display()))
}

/// Makes a folder, and those above it, for its owner only: what lies in it carries tokens.
pub(crate) fn make_private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("create {}", folder.display()))
}

/// All files under `folder`, sorted, without those in a folder that `skip` names.
pub(crate) fn files(folder: &Path, skip: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if skip.iter().any(|skip| name == *skip) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
