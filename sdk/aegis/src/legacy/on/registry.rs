//! The registry of the Python SDK, read beside ours: its instances write no record in ours. The bucket is never created
//! here; an installation without it costs one small request.

use std::time::{Duration, Instant};

use aegis_domain::ServiceName;
use aegis_legacy::{Record, Records, Status};
use tokio::sync::Mutex;

use super::Wire;
use crate::Connection;
use crate::legacy::Found;

/// How often a watched directory looks. An instance of the Python SDK writes its record every 10 s, and a record that
/// runs out there leaves no trace that could be followed.
pub(crate) const LOOK_EVERY: Option<Duration> = Some(Duration::from_secs(2));
/// How long one look may take: discovery of native instances does not wait for it longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long nothing is asked after a look that failed: a connection that may not read there gets no answer at all.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Registry {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the bucket held at the last look; none when there was no bucket.
    records: aegis_legacy::Known,
    not_before: Option<Instant>,
}

impl Registry {
    /// The instances of the service that stand there; `None` when nothing has changed, or cannot be said.
    pub(crate) async fn look(
        &self,
        connection: &Connection,
        service: &ServiceName,
    ) -> Option<(Wire, Vec<Found>)> {
        let mut known = self.known.lock().await;
        if known.not_before.is_some_and(|moment| Instant::now() < moment) {
            return None;
        }
        let read = tokio::time::timeout(PATIENCE, Records::read(connection, known.records)).await;
        let failed: Box<dyn std::error::Error + Send + Sync> = match read {
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(records))) => {
                known.records = records.known;
                for (key, error) in records.unreadable {
                    tracing::debug!(key, %error, "a record of the python sdk cannot be read");
                }
                let of_service = |(_, record): &(u64, Record)| record.who.0 == *service;
                let standing = records.standing.into_iter().filter(of_service);
                return Some((Wire, standing.map(found).collect()));
            }
            Ok(Err(error)) => error.into(),
            Err(elapsed) => elapsed.into(),
        };
        tracing::debug!(%service, error = %failed, "the registry of the python sdk cannot be read");
        known.not_before = Some(Instant::now() + PAUSE);
        None
    }
}

fn found((revision, record): (u64, Record)) -> Found {
    let (service, instance) = record.who;
    let serves = match record.status {
        Status::Active | Status::Standby => true,
        Status::Unhealthy | Status::Shutdown => false,
    };
    Found { revision, service, instance, version: record.version, labels: record.labels, serves }
}
