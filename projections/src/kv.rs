//! Definitions and leaders as KV entries, for readers that need no control plane. Every replica may
//! write them: a value holds the sequence that made it, and an older one never replaces a newer.

use std::collections::BTreeSet;

use aegis_domain::AggregateId;
use aegis_sdk::Connection;
use aegis_sdk::nats::bucket::{Bucket, CasError};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Live;

/// How many changes wait at most to be taken, which takes no longer than a look; what is owed is a set, which
/// never holds more than there are views.
pub(crate) const QUEUE: usize = 1024;

/// What every value begins with.
#[derive(Deserialize)]
struct Stamp {
    sequence: u64,
}

/// Keeps the entries up to date until stopped: first all of them, since a crash may have come between
/// the database and the bucket, then each change.
pub async fn project(
    connection: Connection,
    live: Live,
    mut changes: mpsc::Receiver<AggregateId>,
    stop: CancellationToken,
) {
    let mut owed: BTreeSet<AggregateId> = {
        let contents = live.read();
        let leaders = contents.state.leaders.keys();
        let leaders = leaders.map(|(service, group)| AggregateId::Leadership(service.clone(), group.clone()));
        let definitions = contents.state.definitions.keys().cloned().map(AggregateId::Definition);
        leaders.chain(definitions).collect()
    };
    let projection = Projection { connection, live };
    let mut failures = 0;
    loop {
        while let Ok(id) = changes.try_recv() {
            owed.insert(id);
        }
        let Some(id) = owed.pop_first() else {
            tokio::select! {
                () = stop.cancelled() => return,
                id = changes.recv() => match id {
                    Some(id) => { owed.insert(id); }
                    None => return,
                },
            }
            continue;
        };
        let written = {
            let mut write = std::pin::pin!(projection.write(&id));
            loop {
                tokio::select! {
                    biased;
                    written = &mut write => break written,
                    // The projector is not to wait for NATS.
                    Some(id) = changes.recv() => { owed.insert(id); }
                }
            }
        };
        if let Err(error) = written {
            tracing::warn!(%error, aggregate = %id, "a KV entry is behind; trying again");
            owed.insert(id);
            failures += 1;
            let pause = tokio::time::sleep(std::time::Duration::from_millis(100 << u32::min(failures, 5)));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        } else {
            failures = 0;
        }
    }
}

struct Projection {
    connection: Connection,
    live: Live,
}

impl Projection {
    async fn write(&self, id: &AggregateId) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Some((bucket, key, sequence, value)) = self.entry(id)? else { return Ok(()) };
        let bucket = Bucket::new(&self.connection, bucket);
        let slot = bucket.read(&key).await?;
        let written = slot.value.as_ref().and_then(|value| serde_json::from_slice::<Stamp>(value).ok());
        if written.is_some_and(|stamp| stamp.sequence >= sequence) {
            return Ok(());
        }
        match bucket.put(&key, value.into(), slot.revision, None).await {
            Ok(_) => Ok(()),
            // Another replica was faster, or an answer was lost: look again.
            Err(error @ (CasError::Conflict | CasError::Ambiguous | CasError::Refused { .. })) => {
                Err(error.into())
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "one private caller, which takes it apart at once")]
    fn entry(&self, id: &AggregateId) -> Result<Option<(String, String, u64, Vec<u8>)>, serde_json::Error> {
        let namespace = self.connection.namespace();
        let contents = self.live.read();
        Ok(match id {
            AggregateId::Definition(service) => match contents.state.definitions.get(service) {
                Some(view) => Some((
                    namespace.definitions_bucket(),
                    service.to_string(),
                    view.sequence.get(),
                    serde_json::to_vec(view)?,
                )),
                None => None,
            },
            AggregateId::Leadership(service, group) => {
                match contents.state.leaders.get(&(service.clone(), group.clone())) {
                    Some(view) => Some((
                        namespace.leaders_bucket(),
                        format!("{service}.{group}"),
                        view.sequence.get(),
                        serde_json::to_vec(view)?,
                    )),
                    None => None,
                }
            }
            AggregateId::Instance(..) | AggregateId::Installation => None,
        })
    }
}
