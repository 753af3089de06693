//! Repair: projections are written anew from the log. The log itself is never touched.

use std::path::Path;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_nats::bucket::{Bucket, Slot, entries};
use aegis_nats::provision::MARKER_TTL;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Report, VerifyError, kv, unavailable};
use crate::engine::{StoreError, remove};

/// A replica that uses the file is not waited for.
const BUSY: Duration = Duration::from_millis(500);

/// The file was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A replica uses it.
    #[error(
        "{path} is in use: stop the replica that uses it and repair again, or have it rebuild the file while it runs, by the mutation rebuildProjection"
    )]
    InUse {
        /// The file.
        path: String,
    },
    /// It cannot be removed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes every KV entry that differs as the log has it, and removes those that the log knows nothing of. Answers
/// how many. A control plane may run meanwhile: an entry that tells of an event after the report is left as it is,
/// and so is one that somebody changes in between.
///
/// # Errors
/// When a bucket or the log cannot be read.
pub async fn repair_entries(connection: &Connection, report: &Report) -> Result<usize, VerifyError> {
    let mut written = 0;
    for (name, expected) in kv::expected(connection.namespace(), &report.state) {
        let bucket = Bucket::new(connection, name.clone());
        let found = entries(connection, name.clone(), &[kv::EVERY_KEY.to_owned()]).await;
        let found = found.map_err(|e| unavailable(&name, e))?;
        let found = std::collections::BTreeMap::from_iter(found);
        // Read after the entries: no honest entry tells of more.
        let head = Journal::new(connection).last_sequence().await.map_err(|e| unavailable("the log", e))?;
        let is_later = |slot: &Slot| stamp(slot).is_some_and(|at| at > report.last && at <= head);
        for (key, value) in &expected {
            let slot = found.get(key).cloned().unwrap_or_default();
            if is_later(&slot) {
                continue;
            }
            let differs =
                slot.value.as_ref().and_then(|v| serde_json::from_slice(v).ok()).as_ref() != Some(value);
            if differs {
                let outcome = bucket.put(key, value.to_string().into(), slot.revision, None).await;
                written += usize::from(tell(key, &outcome));
            }
        }
        for (key, slot) in
            found.iter().filter(|(key, slot)| slot.value.is_some() && !expected.contains_key(*key))
        {
            if is_later(slot) {
                continue;
            }
            written += usize::from(tell(key, &bucket.delete(key, slot.revision, MARKER_TTL).await));
        }
    }
    Ok(written)
}

/// The event that an entry tells of.
fn stamp(slot: &Slot) -> Option<Sequence> {
    let value: Value = serde_json::from_slice(slot.value.as_ref()?).ok()?;
    Some(Sequence(value["sequence"].as_u64()?))
}

/// Removes the file, so that the next start rebuilds it.
///
/// # Errors
/// See [`RepairError`].
pub async fn repair_file(path: &Path) -> Result<(), RepairError> {
    if path.exists() && is_in_use(path).await {
        return Err(RepairError::InUse { path: path.display().to_string() });
    }
    Ok(remove(path)?)
}

/// Whether another connection has the file open: in WAL mode each holds it shared for as long.
async fn is_in_use(path: &Path) -> bool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .pragma("locking_mode", "EXCLUSIVE")
        .disable_statement_logging();
    let Ok(mut connection) = options.connect().await else { return false };
    let alone = sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await;
    let busy =
        alone.as_ref().err().and_then(|e| e.as_database_error()?.code()).is_some_and(|code| code == "5");
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "a damaged file is not closed cleanly");
    }
    busy
}

fn tell<T, E: std::fmt::Display>(key: &str, outcome: &Result<T, E>) -> bool {
    if let Err(error) = outcome {
        tracing::warn!(key, %error, "an entry was not repaired");
    }
    outcome.is_ok()
}
