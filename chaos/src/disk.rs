//! A disk that is busy with something else.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const BLOCK: usize = 1 << 20;

/// For so long, writes and syncs in the folder without a pause, so that whoever else syncs there waits.
pub(crate) async fn keep_busy(folder: &Path, time: Duration) {
    let done = Arc::new(AtomicBool::new(false));
    let (path, until) = (folder.join("busy"), Arc::clone(&done));
    let writer = tokio::task::spawn_blocking(move || {
        let block = vec![0xa5; BLOCK];
        while !until.load(Ordering::Relaxed) {
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(&block)?;
                file.sync_all()
            });
            if written.is_err() {
                break;
            }
        }
        std::fs::remove_file(&path).ok();
    });
    tokio::time::sleep(time).await;
    done.store(true, Ordering::Relaxed);
    writer.await.ok();
}
