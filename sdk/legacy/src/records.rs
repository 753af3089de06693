//! The bucket of the instances' records, read when it has changed. It is never created here; an installation
//! without it costs one small request.

use aegis_nats::Connection;
use aegis_nats::bucket::{Extent, ReadError, entries, extent};

use crate::registry::{BUCKET, LegacyError, Record, read_record};

/// How far the bucket was read: `None` before the first reading, and while there is no bucket.
pub type Known = Option<Extent>;

/// What stands in the bucket.
#[derive(Debug)]
pub struct Records {
    /// How far it was read; give it to the next reading once these records are taken in.
    pub known: Known,
    /// The records of instances, with their revisions.
    pub standing: Vec<(u64, Record)>,
    /// What stands there and cannot be read, by its key.
    pub unreadable: Vec<(String, LegacyError)>,
}

impl Records {
    /// Reads all records; `None` when nothing has changed since the reading that `before` is of.
    ///
    /// # Errors
    /// When the server does not answer.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn read(connection: &Connection, before: Known) -> Result<Option<Self>, ReadError> {
        let known = extent(connection, BUCKET).await?;
        if known == before {
            return Ok(None);
        }
        let mut records = Self { known, standing: vec![], unreadable: vec![] };
        if known.is_none() {
            return Ok(Some(records));
        }
        // A key is one token there, so one service alone cannot be asked for.
        for (key, slot) in entries(connection, BUCKET.to_owned(), &["*".to_owned()]).await? {
            let Some(value) = slot.value else { continue };
            match read_record(&key, &value) {
                Ok(Some(record)) => records.standing.push((slot.revision, record)),
                Ok(None) => {}
                Err(error) => records.unreadable.push((key, error)),
            }
        }
        Ok(Some(records))
    }
}
