//! Definitions and leaders as KV entries, for readers that need no control plane. Every replica may
//! write them: a value holds the sequence that made it, and an older one never replaces a newer.
//!
//! A sequence in a value is believed only as far as the log bears it out. One that this replica has passed, or that the
//! log has not reached, was not made from this log: another program wrote it, or it is from before the log was restored
//! from a copy. It is replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aegis_domain::wire::subject;
use aegis_domain::{AggregateId, Sequence};
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_nats::bucket::{Bucket, CasError, Slot, entries};
use aegis_nats::provision::{MARKER_TTL, is_absent};
use aegis_nats::supervise::recover;
use futures_util::FutureExt as _;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Live;

/// How many changes wait at most to be taken, which takes no longer than a look; what is owed is a set, which
/// never holds more than there are views.
pub(crate) const QUEUE: usize = 1024;
/// After so long an entry is looked at again that says it is newer than what this replica has applied.
const LATER: Duration = Duration::from_secs(1);
/// So often it is looked whether the buckets are those that were written.
const LOOK: Duration = Duration::from_secs(5);

/// Matches every key of a bucket.
const EVERY_KEY: &str = ">";

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvWrite {
    /// The entry of this aggregate.
    Entry(AggregateId),
    /// Every entry, and that there is no other: the projection was made anew.
    All,
}

/// What every value begins with.
#[derive(Deserialize)]
struct Stamp {
    sequence: Sequence,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It is as it should be.
    Done,
    /// It says that it is newer. If it is, this replica will come there.
    Newer,
}

/// Keeps the entries up to date until stopped: first all of them, since a crash may have come between
/// the database and the bucket, then each change.
pub async fn project(
    connection: Connection,
    live: Live,
    mut changes: mpsc::Receiver<KvWrite>,
    stop: CancellationToken,
) {
    let projection = Projection { connection, live };
    for attempt in 1.. {
        match AssertUnwindSafe(run(&projection, &mut changes, &stop)).catch_unwind().await {
            Ok(()) => return,
            Err(panic) => recover("the kv entries", attempt, panic).await,
        }
    }
}

async fn run(projection: &Projection, changes: &mut mpsc::Receiver<KvWrite>, stop: &CancellationToken) {
    let mut work = Work { all: true, ..Work::default() };
    let mut failures = 0;
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = None;
    loop {
        while let Ok(owed) = changes.try_recv() {
            work.take(owed);
        }
        let Some(next) = work.next() else {
            tokio::select! {
                () = stop.cancelled() => return,
                owed = changes.recv() => match owed {
                    Some(owed) => work.take(owed),
                    None => return,
                },
                () = tokio::time::sleep(LATER), if !work.later.is_empty() => work.now(),
                _ = looks.tick() => {
                    let Some(looked) = stop.run_until_cancelled(Box::pin(projection.look())).await else { return };
                    let Some(Looked { made, entries }) = looked else { continue };
                    // Somebody has removed one, and whoever makes it again makes it empty; or has emptied it.
                    let anew = before.replace(made.clone()).is_some_and(|before| before != made);
                    if anew || entries < projection.count() {
                        tracing::warn!("a bucket of the projection lacks entries; writing what is missing");
                        work.take(KvWrite::All);
                    }
                }
            }
            continue;
        };
        let written = {
            let mut write = std::pin::pin!(projection.settle(&next));
            loop {
                tokio::select! {
                    biased;
                    written = &mut write => break written,
                    // The projector is not to wait for NATS.
                    Some(owed) = changes.recv() => work.take(owed),
                }
            }
        };
        match written {
            Ok(settled) => {
                failures = 0;
                work.settle(next, settled);
            }
            Err(error) => {
                tracing::warn!(%error, owed = ?next, "a KV entry is behind; trying again");
                work.take(next);
                failures += 1;
                let pause = tokio::time::sleep(Duration::from_millis(100 << u32::min(failures, 5)));
                if stop.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// What is still to be done.
#[derive(Debug, Default)]
struct Work {
    all: bool,
    owed: BTreeSet<AggregateId>,
    later: BTreeSet<AggregateId>,
}

impl Work {
    fn take(&mut self, owed: KvWrite) {
        match owed {
            KvWrite::Entry(id) => {
                self.owed.insert(id);
            }
            KvWrite::All => self.all = true,
        }
    }

    fn next(&mut self) -> Option<KvWrite> {
        if std::mem::take(&mut self.all) {
            Some(KvWrite::All)
        } else {
            self.owed.pop_first().map(KvWrite::Entry)
        }
    }

    fn settle(&mut self, done: KvWrite, settled: Settled) {
        match (done, settled) {
            (KvWrite::Entry(id), Settled::One(Written::Newer)) => {
                self.later.insert(id);
            }
            (_, Settled::All(ids)) => self.owed.extend(ids),
            (KvWrite::Entry(_) | KvWrite::All, Settled::One(_)) => {}
        }
    }

    fn now(&mut self) {
        self.owed.append(&mut self.later);
    }
}

/// What came of what was owed.
enum Settled {
    One(Written),
    /// Extra entries are gone; these are to be looked at each.
    All(Vec<AggregateId>),
}

/// What stands in NATS.
#[derive(Debug, Default)]
struct Looked {
    /// When each bucket was made.
    made: Vec<OffsetDateTime>,
    /// Keys of all of them, also of what was deleted.
    entries: u64,
}

struct Projection {
    connection: Connection,
    live: Live,
}

impl Projection {
    async fn settle(&self, owed: &KvWrite) -> Result<Settled, Error> {
        match owed {
            KvWrite::Entry(id) => self.write(id).await.map(Settled::One),
            KvWrite::All => {
                for bucket in self.buckets() {
                    self.remove_extra(bucket).await?;
                }
                Ok(Settled::All(self.live.read().state.aggregates().filter(is_kept).collect()))
            }
        }
    }

    async fn write(&self, id: &AggregateId) -> Result<Written, Error> {
        let Some((bucket, key, sequence, value)) = self.entry(id)? else { return Ok(Written::Done) };
        let bucket = Bucket::new(&self.connection, bucket);
        let slot = bucket.read(&key).await?;
        if slot.value.as_ref().is_some_and(|there| **there == *value) {
            return Ok(Written::Done);
        }
        if stamp(&slot).is_some_and(|there| there > sequence) && self.may_be_newer(&slot).await? {
            return Ok(Written::Newer);
        }
        match bucket.put(&key, value.into(), slot.revision, None).await {
            Ok(_) => Ok(Written::Done),
            // Another replica was faster, or an answer was lost: look again.
            Err(error @ (CasError::Conflict | CasError::Ambiguous | CasError::Refused { .. })) => {
                Err(error.into())
            }
        }
    }

    /// Whether the log bears out that the entry is of an event that this replica is yet to apply.
    async fn may_be_newer(&self, slot: &Slot) -> Result<bool, Error> {
        let Some(sequence) = stamp(slot) else { return Ok(false) };
        if sequence <= self.live.read().state.position {
            return Ok(false);
        }
        Ok(sequence <= Journal::new(&self.connection).last_sequence().await?)
    }

    /// The buckets as they stand; one that is gone is made again. Nothing while that cannot be told.
    async fn look(&self) -> Option<Looked> {
        let mut looked = Looked::default();
        for bucket in self.buckets() {
            match self.connection.jetstream().get_stream(subject::kv_stream(&bucket)).await {
                Ok(stream) => {
                    looked.made.push(stream.cached_info().created);
                    looked.entries += stream.cached_info().state.messages;
                }
                Err(error) if is_absent(&error.kind()) => {
                    tracing::warn!(bucket, "a bucket of the projection is gone; making it again");
                    self.connection.restore_installation();
                    return None;
                }
                Err(error) => {
                    tracing::debug!(bucket, %error, "a bucket cannot be looked at now");
                    return None;
                }
            }
        }
        Some(looked)
    }

    /// How many entries there are to be.
    fn count(&self) -> u64 {
        let contents = self.live.read();
        (contents.state.definitions.len() + contents.state.leaders.len()) as u64
    }

    /// Removes entries of what the log knows nothing of.
    async fn remove_extra(&self, name: String) -> Result<(), Error> {
        let bucket = Bucket::new(&self.connection, name.clone());
        let known: BTreeSet<String> = {
            let contents = self.live.read();
            let keys = contents.state.aggregates().filter_map(|id| self.place(&id));
            keys.filter(|(bucket, _)| *bucket == name).map(|(_, key)| key).collect()
        };
        let there: BTreeMap<String, Slot> =
            entries(&self.connection, name.clone(), &[EVERY_KEY.to_owned()]).await?.into_iter().collect();
        for (key, slot) in
            there.into_iter().filter(|(key, slot)| slot.value.is_some() && !known.contains(key))
        {
            if self.may_be_newer(&slot).await? {
                continue;
            }
            tracing::warn!(bucket = name, key, "an entry of which the log knows nothing is removed");
            match bucket.delete(&key, slot.revision, MARKER_TTL).await {
                // Another replica was faster.
                Ok(_) | Err(CasError::Conflict) => {}
                Err(error @ (CasError::Ambiguous | CasError::Refused { .. })) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn buckets(&self) -> [String; 2] {
        let namespace = self.connection.namespace();
        [namespace.definitions_bucket(), namespace.leaders_bucket()]
    }

    /// The bucket and the key of an aggregate that has an entry.
    fn place(&self, id: &AggregateId) -> Option<(String, String)> {
        let namespace = self.connection.namespace();
        match id {
            AggregateId::Definition(service) => Some((namespace.definitions_bucket(), service.to_string())),
            AggregateId::Leadership(service, group) => {
                Some((namespace.leaders_bucket(), format!("{service}.{group}")))
            }
            AggregateId::Instance(..) | AggregateId::Installation => None,
        }
    }

    #[expect(clippy::type_complexity, reason = "one private caller, which takes it apart at once")]
    fn entry(
        &self,
        id: &AggregateId,
    ) -> Result<Option<(String, String, Sequence, Vec<u8>)>, serde_json::Error> {
        let contents = self.live.read();
        let view = match id {
            AggregateId::Definition(service) => {
                let view = contents.state.definitions.get(service);
                view.map(|view| Ok((view.sequence, serde_json::to_vec(view)?)))
            }
            AggregateId::Leadership(service, group) => {
                let view = contents.state.leaders.get(&(service.clone(), group.clone()));
                view.map(|view| Ok((view.sequence, serde_json::to_vec(view)?)))
            }
            AggregateId::Instance(..) | AggregateId::Installation => None,
        };
        let (Some(view), Some((bucket, key))) = (view, self.place(id)) else { return Ok(None) };
        view.map(|(sequence, value)| Some((bucket, key, sequence, value)))
    }
}

/// Whether the aggregate has an entry.
fn is_kept(id: &AggregateId) -> bool {
    match id {
        AggregateId::Definition(_) | AggregateId::Leadership(..) => true,
        AggregateId::Instance(..) | AggregateId::Installation => false,
    }
}

fn stamp(slot: &Slot) -> Option<Sequence> {
    serde_json::from_slice::<Stamp>(slot.value.as_ref()?).ok().map(|stamp| stamp.sequence)
}
