//! The projection of the registry: the fold of the events stream in tables, the index of events, and the
//! snapshots that answer how it stood at any time.

pub(crate) mod aside;
pub(crate) mod entry;
mod load;
mod names;
mod partly;
pub(crate) mod reread;
mod schema;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use aegis_domain::schema::keep_digits;
use aegis_domain::{AggregateId, Sequence};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use crate::State;
use crate::engine::{Checkpoint, Entry, Mode, Projection, RestoreError, WriteError};
use crate::state::{InstanceKey, KEEP_ENDED};
use crate::view::EventView;
use names::{Names, Stored};

pub use aside::UnwrittenLetters;
pub use entry::{Content, Dead, Event};
pub(crate) use entry::{Log, event_of};
pub(crate) use partly::Partly;

/// What a projector keeps of the log beside the registry as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many of the newest events stay in the index; the log keeps all. Between this many and one spacing
    /// of snapshots more are there.
    pub events: u64,
    /// How many events lie between two snapshots at least; twice as many as there are views, if that is more.
    pub snapshot_every: u64,
    /// How long an instance stays in the registry after its end, by the time of the log, in whole seconds. With another
    /// value than before, the file is made anew.
    pub keep_ended: TimeDelta,
}

impl Registry {
    /// Events up to this one are in the index no more.
    pub(crate) fn forgotten(&self) -> Sequence {
        self.forgotten
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { events: 10_000_000, snapshot_every: 5_000, keep_ended: KEEP_ENDED }
    }
}

/// The registry, and what is written of it.
#[derive(Debug)]
pub struct Registry {
    pub(crate) state: State,
    names: Names,
    retention: Retention,
    /// The positions of all snapshots that are kept.
    snapshots: BTreeSet<Sequence>,
    /// Events up to this one are in the index no more.
    forgotten: Sequence,
    /// The events that were read in part, if there are any.
    partly: Option<Partly>,
}

/// What a run of entries has changed.
#[derive(Debug, Default)]
pub struct Batch {
    /// The aggregates whose views have changed, by the id of their name, each with an event of it: a number is
    /// compared faster than two names.
    touched: BTreeMap<i64, usize>,
    /// The events.
    pub(crate) events: Vec<Line>,
    /// The events that were read in part, if there are more of them now.
    pub(crate) partly: Option<Partly>,
    /// The messages that are no events.
    dead: Vec<(Sequence, DateTime<Utc>)>,
    /// Those of them that are still to be copied to the dead letters, and why they are none.
    owed: Vec<(Sequence, String)>,
    /// Names that were met for the first time.
    names: Vec<Stored>,
    /// Names that were mentioned since the snapshot before the last, each with where that was.
    mentioned: Vec<(Sequence, Vec<i64>)>,
    /// Names that leave the index.
    unnamed: Vec<i64>,
    snapshots: Vec<Snapshot>,
    /// Instances that have left.
    gone: Vec<InstanceKey>,
    /// Events up to this one are to leave the index; with it, the highest id of a name.
    forget: Option<(Sequence, i64)>,
}

/// An event with what the index says of it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) sequence: Sequence,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) event: Event,
    event_type: i64,
    aggregate: i64,
    service: Option<i64>,
    actor: i64,
}

/// The registry as it stood.
#[derive(Debug)]
struct Snapshot {
    at: Sequence,
    state: Result<Vec<u8>, serde_json::Error>,
}

impl Line {
    /// What readers get to see of it.
    pub(crate) fn view(&self) -> EventView {
        let event = &self.event;
        EventView {
            sequence: self.sequence,
            id: event.id.clone(),
            event_type: event.event_type.clone(),
            kind: event.aggregate.kind(),
            aggregate: event.aggregate_name.clone(),
            service: event.event.service(&event.aggregate).map(ToString::to_string),
            version: event.version.get(),
            time: event.time,
            recorded_at: self.recorded_at,
            actor: event.actor.as_str().to_owned(),
            correlation: event.correlation.clone(),
            causation: event.causation.clone(),
            summary: event.summary.clone(),
            // It was read from JSON.
            data: serde_json::from_slice(&keep_digits(event.data.as_bytes())).unwrap_or_default(),
        }
    }
}

impl Registry {
    /// The events that were read in part, if there are any.
    pub(crate) fn partly(&self) -> Option<&Partly> {
        self.partly.as_ref()
    }

    /// The registry.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is kept beyond the views is decided here, by position alone: so it is the same however the log was
    /// cut into batches.
    fn keep(&mut self, batch: &mut Batch) {
        let position = self.state.position;
        let last = self.snapshots.last().copied().unwrap_or(Sequence::ZERO);
        let spacing = self.retention.snapshot_every.max(2 * self.state.len() as u64);
        // A file that somebody has changed may tell of a later one.
        if position.get().saturating_sub(last.get()) < spacing {
            return;
        }
        self.snapshots.insert(position);
        batch.mentioned.push(self.names.snapshot(position));
        batch.snapshots.push(Snapshot { at: position, state: self.state.canonical() });
        let horizon = Sequence(position.get().saturating_sub(self.retention.events));
        // A snapshot begins what stays, so that the registry is known from its first event on.
        if let Some(oldest) = self.snapshots.range(..=horizon).next_back().copied() {
            self.snapshots = self.snapshots.split_off(&oldest);
            if oldest > self.forgotten {
                self.forgotten = oldest;
                let gone = self.names.forget(oldest);
                batch.names.retain(|name| gone.binary_search(&name.id).is_err());
                batch.unnamed.extend(gone);
                batch.forget = Some((oldest, self.names.highest()));
            }
        }
    }
}

impl Batch {
    /// The aggregates whose views have changed.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &AggregateId> + Send {
        self.touched.values().filter_map(|index| self.events.get(*index)).map(|line| &line.event.aggregate)
    }
}

impl Projection for Registry {
    const NAME: &'static str = "registry";
    const VERSION: i64 = State::VERSION;
    const TABLES: &'static [&'static str] = schema::TABLES;
    const INDEXES: &'static [&'static str] = schema::INDEXES;
    const CONTIGUOUS: bool = true;

    type Options = Retention;
    type Value = Content;
    type Batch = Batch;

    fn empty(retention: &Retention) -> Self {
        Self {
            state: State::keeping(retention.keep_ended),
            names: Names::default(),
            retention: *retention,
            snapshots: BTreeSet::new(),
            forgotten: Sequence::ZERO,
            partly: None,
        }
    }

    async fn load(
        retention: &Retention,
        checkpoint: Checkpoint,
        tables: &mut SqliteConnection,
    ) -> Result<Self, RestoreError> {
        load::registry(retention, checkpoint, tables).await
    }

    fn apply(&mut self, entry: Entry<Content>, batch: &mut Batch) {
        let Entry { sequence, recorded_at, value, .. } = entry;
        match value {
            Content::Event(event) => {
                batch.gone.extend(self.state.apply(event.fact(sequence, recorded_at)));
                let mut name = |text: &str| self.names.id(text, &mut batch.names);
                let event_type = name(&event.event_type);
                let aggregate = name(&event.aggregate_name);
                let service = event.event.service(&event.aggregate).map(|service| name(service.as_str()));
                let actor = name(event.actor.as_str());
                let event = *event;
                if let Some(partly) = Partly::after(self.partly.as_ref(), sequence, &event) {
                    batch.partly = Some(partly.clone());
                    self.partly = Some(partly);
                }
                batch.touched.entry(aggregate).or_insert(batch.events.len());
                batch.events.push(Line {
                    sequence,
                    recorded_at,
                    event,
                    event_type,
                    aggregate,
                    service,
                    actor,
                });
            }
            Content::Dead(dead) => {
                self.state.skip(sequence, recorded_at);
                if dead.owed {
                    batch.owed.push((sequence, aside::line(&dead.reason)));
                }
                batch.dead.push((sequence, recorded_at));
            }
        }
        self.keep(batch);
    }

    async fn write(
        &self,
        batch: &Batch,
        mode: Mode,
        tables: &mut SqliteConnection,
    ) -> Result<(), WriteError> {
        write::batch(batch, tables).await?;
        write::kept(self.retention.keep_ended, tables).await?;
        write::reader(tables).await?;
        match mode {
            Mode::Live => {
                write::remove(&batch.gone, tables).await?;
                write::views(&self.state, batch.touched().cloned(), tables).await
            }
            Mode::Bulk => Ok(()),
        }
    }

    async fn finish(&self, tables: &mut SqliteConnection) -> Result<(), WriteError> {
        write::views(&self.state, self.state.aggregates(), tables).await
    }
}
