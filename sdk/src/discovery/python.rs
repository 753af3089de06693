//! The registry of the Python SDK, read beside ours: its instances write no record of ours. It is looked at, and never
//! made; whoever has none pays one small request for knowing that.

use std::time::{Duration, Instant};

use aegis_domain::wire::legacy;
use aegis_domain::{InstanceName, ServiceName};
use tokio::sync::Mutex;

use super::record::Record;
use crate::Connection;
use crate::nats::bucket::{Extent, ReadError, entries, extent};

/// How often a watched directory looks. An instance of the Python SDK writes its record every 10 s, and a record that
/// runs out there leaves no trace that could be followed.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long one look may take: discovery of native instances does not wait for it longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long nothing is asked after a look that failed: a connection that may not read there gets no answer at all.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Python {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the bucket held at the last look; none when there was no bucket.
    extent: Option<Extent>,
    not_before: Option<Instant>,
}

/// Instances with the revisions of their records.
type Found = Vec<(InstanceName, u64, Record)>;

impl Python {
    /// The instances of the service that stand there; `None` when nothing has changed, or cannot be said.
    pub(super) async fn look(&self, connection: &Connection, service: &ServiceName) -> Option<Found> {
        let mut known = self.known.lock().await;
        if known.not_before.is_some_and(|moment| Instant::now() < moment) {
            return None;
        }
        let read = tokio::time::timeout(PATIENCE, read(connection, service, known.extent)).await;
        let failed: Box<dyn std::error::Error + Send + Sync> = match read {
            Ok(Ok(None)) => return None,
            Ok(Ok(Some((extent, found)))) => {
                known.extent = extent;
                return Some(found);
            }
            Ok(Err(error)) => error.into(),
            Err(elapsed) => elapsed.into(),
        };
        tracing::debug!(%service, error = %failed, "the registry of the python sdk cannot be read");
        known.not_before = Some(Instant::now() + PAUSE);
        None
    }
}

async fn read(
    connection: &Connection,
    service: &ServiceName,
    before: Option<Extent>,
) -> Result<Option<(Option<Extent>, Found)>, ReadError> {
    let now = extent(connection, legacy::BUCKET).await?;
    if now == before {
        return Ok(None);
    }
    let entries = match now {
        // A key is one token there, so one service alone cannot be asked for.
        Some(_) => entries(connection, legacy::BUCKET.to_owned(), &["*".to_owned()]).await?,
        None => vec![],
    };
    let records = entries.into_iter().filter_map(|(key, slot)| {
        let record = match legacy::read_record(&key, &slot.value?) {
            Ok(record) => record.filter(|record| record.who.0 == *service)?,
            Err(error) => {
                tracing::debug!(key, %error, "a record of the python sdk cannot be read");
                return None;
            }
        };
        Some((record.who.1.clone(), slot.revision, record.into()))
    });
    Ok(Some((now, records.collect())))
}
