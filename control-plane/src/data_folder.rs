//! The data folder and what lies in it: for this user only, and for one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// The lock on a data folder. It is given up when this is dropped, and when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the folder if there is none, and takes it for this process. Two on one folder would spoil each other's
    /// data.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Self> {
        make_private(folder)?;
        let path = folder.join("lock");
        let context = || format!("{} cannot be used", path.display());
        // Not cut off before it is ours: it names the process that has it.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(context)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let known = file.read_to_string(&mut owner).is_ok() && owner.trim().parse::<u32>().is_ok();
                let owner = if known { format!(" (process {})", owner.trim()) } else { String::new() };
                anyhow::bail!(
                    "another aegis{owner} runs on {}: stop it, or pass another --data-dir",
                    folder.display()
                );
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        let told = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = told {
            // It is ours all the same: on a full disk others are refused without our name.
            tracing::warn!(%error, path = %path.display(), "who has the data folder cannot be written down");
        }
        Ok(Self { _file: file })
    }
}

/// Makes a folder, and those above it, for this user only. One that is there stays as it is.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

/// As [`write_private`], in the place of nothing or of an earlier file of the same kind, which begins with these words.
/// Anything else that is there stays: a device, a link, a file of somebody else.
pub(crate) fn replace_private(path: &Path, begins: &str, text: &str) -> anyhow::Result<()> {
    let is_ours = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {
            std::fs::read(path).is_ok_and(|there| there.is_empty() || there.starts_with(begins.as_bytes()))
        }
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    anyhow::ensure!(
        is_ours,
        "{} is there and none of aegis' own files, which begin with {begins}: remove it, or name another path",
        path.display()
    );
    write_private(path, text)
}

/// Puts a file in place that only this user may read. Readers find the old one or the new one, complete.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let context = || format!("the file {} cannot be written", path.display());
    let mut name = path.file_name().context("a file needs a name").with_context(context)?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(context),
        // Of an earlier process with our id.
        Ok(()) | Err(_) => {}
    }
    // Never into what another user has put there, a link for example.
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).with_context(context)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(context)?;
    std::fs::rename(&beside, path).with_context(context)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_is_for_one_at_a_time_and_the_other_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let lock = Lock::take(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&parent.path().join("a"))), (0o700, 0o700));
        let refused = Lock::take(&folder).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(lock);
        Lock::take(&folder).unwrap();
    }

    #[test]
    fn only_nothing_and_a_file_of_the_same_kind_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("env"), folder.path().join("other"));
        for _ in 0..2 {
            replace_private(&path, "A=", "A=1\n").unwrap();
        }
        assert_eq!(mode(&path), 0o600);
        std::fs::write(&other, "precious").unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        for there in [other.as_path(), &link, folder.path(), Path::new("/dev/null")] {
            let refused = replace_private(there, "A=", "A=1\n").unwrap_err().to_string();
            assert!(refused.contains("name another path"), "{refused}");
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "precious");
    }

    #[test]
    fn a_written_file_is_private_whole_and_never_behind_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("env"), folder.path().join("other"));
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let beside = folder.path().join(format!("env.{}.new", std::process::id()));
        symlink(&other, &beside).unwrap();
        write_private(&path, "TOKEN=1\n").unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("TOKEN=1\n", 0o600));
        assert!(!other.exists() && !beside.exists());
    }
}
