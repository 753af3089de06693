//! Which build of the program this is.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read as _};
use std::sync::{Once, OnceLock};

static BUILD: OnceLock<Option<String>> = OnceLock::new();

/// Told by the whole file that the process runs from, once that was read; the first who asks begins the reading. A file may
/// be large, and a call does not wait for what only saves time. None, too, when it cannot be read.
///
/// NOTE: not by its time and size. Builds that can be reproduced give every file the same time, and a constant that changes
/// keeps the size.
pub(crate) fn of_this_build() -> Option<&'static str> {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        // It ends by itself: once its result stands, nobody waits for it.
        drop(tokio::task::spawn_blocking(|| BUILD.set(read())));
    });
    BUILD.get()?.as_deref()
}

fn read() -> Option<String> {
    let build = open().and_then(fingerprint);
    build
        .inspect_err(|error| {
            tracing::warn!(%error, "the program's own file cannot be read: no snapshots of aggregates are kept");
        })
        .ok()
}

/// On Linux this is the file that runs, also after another one has taken its place under its name.
fn open() -> io::Result<File> {
    let path = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    File::open(path)
}

/// By the hash of the standard library: it comes compiled with optimisation to every build, and only the same build has to
/// come to the same result.
fn fingerprint(mut file: File) -> io::Result<String> {
    let (mut hasher, mut length, mut part) = (DefaultHasher::new(), 0_u64, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            return Ok(format!("{length:x}-{:016x}", hasher.finish()));
        }
        hasher.write(&part[..read]);
        length += read as u64;
    }
}
