//! Snapshots of long aggregates, in a KV bucket: where the reading of one may begin. They are a cache. When
//! one is unusable (lost, of another shape, of another log), the whole aggregate is read.

use std::time::Duration;

use aegis_domain::aggregate::Snapshots;
use aegis_domain::wire::chain::Hash;
use aegis_domain::{Aggregate, AggregateVersion, Schema, Sequence};
use serde::{Deserialize, Serialize};

use super::{Head, Journal, Loaded};
use aegis_nats::bucket::{Bucket, CasError};

/// A command does not wait longer for what only saves time.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Snapshot<A> {
    shape: u32,
    version: AggregateVersion,
    sequence: Sequence,
    hash: String,
    state: A,
}

impl<S: Schema> Journal<S> {
    /// The last snapshot, if there is one of this shape.
    pub(super) async fn snapshot<A: Aggregate<Schema = S>>(
        &self,
        id: &S::Id,
        snapshots: Snapshots,
    ) -> Option<Loaded<A>> {
        let slot = match self.bucket().read(&key::<S>(id)).await {
            Ok(slot) => slot,
            Err(error) => {
                tracing::debug!(%error, aggregate = %id, "there is no snapshot to be had");
                return None;
            }
        };
        // The shape is looked at first: a state of another one need not be readable.
        let shape: Shape = serde_json::from_slice(slot.value.as_ref()?).ok()?;
        if shape.shape != snapshots.shape {
            return None;
        }
        let snapshot: Snapshot<A> = serde_json::from_slice(slot.value.as_ref()?).ok()?;
        let head = Head {
            version: snapshot.version,
            sequence: snapshot.sequence,
            hash: Hash::parse(&snapshot.hash)?,
        };
        Some(Loaded { state: snapshot.state, head })
    }

    /// Keeps this state, made by the event at `head`, as the snapshot, unless another writer does.
    pub(super) async fn keep_snapshot<A: Aggregate<Schema = S>>(
        &self,
        id: &S::Id,
        snapshots: Snapshots,
        state: &A,
        head: Head,
    ) {
        let snapshot = Snapshot {
            shape: snapshots.shape,
            version: head.version,
            sequence: head.sequence,
            hash: head.hash.to_string(),
            state,
        };
        let body = match serde_json::to_vec(&snapshot) {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(%error, aggregate = %id, "a state cannot be kept as a snapshot");
                return;
            }
        };
        let (bucket, key) = (self.bucket(), key::<S>(id));
        let outcome = match bucket.read(&key).await {
            Ok(slot) => bucket.put(&key, body.into(), slot.revision, None).await.map_err(Into::into),
            Err(error) => Err(Box::<dyn std::error::Error + Send + Sync>::from(error)),
        };
        match outcome {
            Ok(_) => tracing::debug!(aggregate = %id, version = %head.version, "kept a snapshot"),
            Err(error) if matches!(error.downcast_ref(), Some(CasError::Conflict)) => {}
            Err(error) => tracing::debug!(%error, aggregate = %id, "a snapshot was not kept"),
        }
    }

    fn bucket(&self) -> Bucket {
        let name = self.namespace().snapshots_bucket();
        Bucket::new(&self.connection, name).within(&self.connection, PATIENCE)
    }
}

#[derive(Deserialize)]
struct Shape {
    shape: u32,
}

fn key<S: Schema>(id: &S::Id) -> String {
    format!("{}.{id}", S::NAME)
}
