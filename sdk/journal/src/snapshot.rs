//! Snapshots of long aggregates, in a KV bucket: where the reading of one may begin. They are a cache. When
//! one is unusable (lost, of another shape, of another log), the whole aggregate is read.

use std::time::Duration;

use aegis_domain::aggregate::{Shape, Snapshots};
use aegis_domain::wire::chain::Hash;
use aegis_domain::{Aggregate, AggregateVersion, Schema, Sequence};
use serde::{Deserialize, Serialize};

use super::admitted::Admitted;
use super::{Head, Journal, Loaded, fingerprint};
use aegis_nats::bucket::{Bucket, CasError};

/// A command does not wait longer for what only saves time.
const PATIENCE: Duration = Duration::from_millis(500);

/// Of snapshots of this form all writers are known. Those of programs that did not keep that have none.
const FORM: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Snapshot<A> {
    shape: Stored,
    form: u32,
    version: AggregateVersion,
    sequence: Sequence,
    hash: String,
    state: A,
    admitted: Admitted,
}

/// A [`Shape`] as it is kept.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Version(u32),
    Build(String),
}

impl<S: Schema> Journal<S> {
    /// The last snapshot, if there is one of this shape.
    pub(super) async fn snapshot<A: Aggregate<Schema = S>>(
        &self,
        id: &S::Id,
        snapshots: Snapshots,
    ) -> Option<Loaded<A>> {
        let stored = stored(snapshots.shape)?;
        let slot = match self.bucket().read(&key::<S>(id)).await {
            Ok(slot) => slot,
            Err(error) => {
                tracing::debug!(%error, aggregate = %id, "there is no snapshot to be had");
                return None;
            }
        };
        // The shape is looked at first: a state of another one need not be readable.
        let shape: Label = serde_json::from_slice(slot.value.as_ref()?).ok()?;
        if shape.shape != stored || shape.form != FORM {
            return None;
        }
        let snapshot: Snapshot<A> = serde_json::from_slice(slot.value.as_ref()?).ok()?;
        let head = Head {
            version: snapshot.version,
            sequence: snapshot.sequence,
            hash: Hash::parse(&snapshot.hash)?,
        };
        Some(Loaded { state: snapshot.state, head, admitted: snapshot.admitted })
    }

    /// Keeps this state, made by the event at `head`, as the snapshot, unless another writer does.
    pub(super) async fn keep_snapshot<A: Aggregate<Schema = S>>(
        &self,
        id: &S::Id,
        snapshots: Snapshots,
        loaded: &Loaded<A>,
        head: Head,
    ) {
        let Some(shape) = stored(snapshots.shape) else { return };
        let snapshot = Snapshot {
            shape,
            form: FORM,
            version: head.version,
            sequence: head.sequence,
            hash: head.hash.to_string(),
            state: &loaded.state,
            admitted: loaded.admitted.clone(),
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
struct Label {
    shape: Stored,
    form: u32,
}

fn stored(shape: Shape) -> Option<Stored> {
    match shape {
        Shape::Version(version) => Some(Stored::Version(version)),
        Shape::Build => fingerprint::of_this_build().map(|build| Stored::Build(build.to_owned())),
    }
}

fn key<S: Schema>(id: &S::Id) -> String {
    format!("{}.{id}", S::NAME)
}
