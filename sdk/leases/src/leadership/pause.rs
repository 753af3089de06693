//! Pauses of automatic failover in the lease bucket: the control plane writes them for a maintenance, the members obey
//! them. The log has the maintenance itself.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::aggregate::plan::{Maintenance, Scope};
use aegis_domain::wire::subject::LeaseKey;
use chrono::{DateTime, Utc};

use super::kv::{json, unavailable, versioned};
use super::store::{PauseRecord, StoreError, Versioned};
use aegis_nats::Connection;
use aegis_nats::bucket::{Bucket, CasError, entries};
use aegis_nats::provision::MARKER_TTL;

/// How often a key is written anew that somebody else has changed in between.
const TRIES: usize = 5;

/// The pauses of all services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pauses {
    connection: Connection,
    bucket: Bucket,
}

/// A pause that could not be written, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// What stands there could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] CasError),
}

impl Pauses {
    /// Over this connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        let bucket = Bucket::new(connection, connection.namespace().leases_bucket());
        Self { connection: connection.clone(), bucket }
    }

    /// Tells the members of a maintenance. The server ends the pause when its time is over, whatever becomes of the caller.
    ///
    /// # Errors
    /// See [`PauseError`]. Repeating it is safe.
    ///
    /// # Cancel safety
    /// A dropped future leaves it open whether the members were told.
    pub async fn begin(&self, maintenance: &Maintenance, now: DateTime<Utc>) -> Result<(), PauseError> {
        let Maintenance { scope, until, reason } = maintenance;
        let Ok(remaining) = until.signed_duration_since(now).to_std() else { return Ok(()) };
        let remaining_ms = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
        let record = PauseRecord { remaining_ms, until: *until, reason: reason.clone() };
        let ttl = remaining.max(Duration::from_secs(1));
        self.replace(scope, |found| match found {
            Some(found) if found.until == *until && found.reason == *reason => None,
            Some(_) | None => Some(Some((record.clone(), ttl))),
        })
        .await
    }

    /// Tells the members that it is over.
    ///
    /// # Errors
    /// See [`PauseError`]. Repeating it is safe.
    ///
    /// # Cancel safety
    /// A dropped future leaves it open whether the members were told.
    pub async fn end(&self, scope: &Scope) -> Result<(), PauseError> {
        self.replace(scope, |found| found.is_some().then_some(None)).await
    }

    /// The pauses in force, each with its end. One that cannot be read is a pause all the same, with an unknown end.
    ///
    /// # Errors
    /// When the lease store does not answer.
    pub async fn in_force(&self) -> Result<BTreeMap<Scope, Option<PauseRecord>>, StoreError> {
        let bucket = self.connection.namespace().leases_bucket();
        let found =
            entries(&self.connection, bucket, &LeaseKey::pause_filters()).await.map_err(unavailable)?;
        let pauses = found.into_iter().filter_map(|(key, slot)| {
            let Some(LeaseKey::Pause(service, group)) = LeaseKey::parse(&key) else { return None };
            slot.value.is_some().then(|| {
                let record = versioned::<PauseRecord>(&key, &slot).ok().and_then(|found| found.record);
                (Scope { service, group }, record)
            })
        });
        Ok(pauses.collect())
    }

    /// Puts another record there, or none; `None` of the choice leaves it as it is.
    async fn replace(
        &self,
        scope: &Scope,
        choose: impl Fn(Option<&PauseRecord>) -> Option<Option<(PauseRecord, Duration)>>,
    ) -> Result<(), PauseError> {
        let key = LeaseKey::Pause(scope.service.clone(), scope.group.clone()).to_string();
        let mut tries = 1;
        loop {
            let slot = self.bucket.read(&key).await.map_err(unavailable)?;
            let found = match versioned::<PauseRecord>(&key, &slot) {
                // Whatever stands there is a pause, and is replaced.
                Err(StoreError::Corrupt { revision, .. }) => {
                    Versioned { revision, record: Some(PauseRecord::default()) }
                }
                found => found?,
            };
            let written = match choose(found.record.as_ref()) {
                None => return Ok(()),
                Some(Some((record, ttl))) => {
                    self.bucket.put(&key, json(&record), found.revision, Some(ttl)).await
                }
                Some(None) => self.bucket.delete(&key, found.revision, MARKER_TTL).await,
            };
            match written {
                Ok(_) => return Ok(()),
                Err(CasError::Conflict | CasError::Ambiguous) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
