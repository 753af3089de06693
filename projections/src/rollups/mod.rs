//! The metrics of instances over time, in a file of their own: windows of 1 s, 10 s and 1 min, folded from the
//! heartbeat stream. A wide window is what the finer ones in it are together: counts are added, and latency histograms
//! merged, so that its quantiles are true ones.
//!
//! # Rows
//!
//! The row of a second is written with each batch that touches it. Rows of 10 s and 1 min are written once, when
//! their window is over by the stream's time. Until then they are in memory only: after a restart they are folded anew
//! from the rows of the seconds of the open minute, which are always there. So a batch writes one row for each instance
//! it tells of, and a tenth of that now and then.
//!
//! When a window is over, the service gets a row, too: what its instances did in it together, latencies merged. So the
//! metrics of a service cost a reader no more than those of an instance, however many it has.
//!
//! Rows are keyed by resolution, time, service and instance, in this order. The rows of one second are adjacent, so ten
//! thousand of them are some hundred pages at the end of the table, where a key that begins with the instance
//! would touch ten thousand pages all over it; and what is too old is one run at the beginning. Readers name
//! the windows they want: windows are aligned, so each row is found by its whole key. Metrics are packed numbers and the histogram's counts, some hundred bytes:
//! no query selects by them.
//!
//! Retention goes by the stream's time, too, so that a file that was rebuilt from the same messages is the same file.

mod feed;
mod load;
mod pack;
mod point;
mod projector;
mod read;
mod resolution;
mod schema;
mod series;
mod window;
mod write;

use std::collections::btree_map::Entry as MapEntry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use aegis_domain::ServiceName;
use aegis_domain::wire::heartbeat::Heartbeat;
use sqlx::SqliteConnection;

use crate::counters::{Calls, Counters, Done};
use crate::engine::checkpoint::integer;
use crate::engine::{Checkpoint, Entry, Mode, Projection, RestoreError, WriteError};
use crate::state::InstanceKey;
use series::{Last, Open, Series};
use window::Window;

pub use point::Point;
pub use projector::RollupProjector;
pub use read::{Answer, Range, Rollups};
pub(crate) use resolution::Resolution;
pub use resolution::Retention;

/// How many instances are kept at most; the metrics of further ones are not. Some kilobytes of memory each.
pub const INSTANCES_MAX: usize = 50_000;

/// In the place of an instance's id: all instances of the service together. No heartbeat has this sequence.
const ALL: i64 = 0;

/// A row that was not written by this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the figures of a window cannot be read")]
pub(crate) struct RowError;

/// The projection.
#[derive(Debug)]
pub struct Rolling {
    retention: Retention,
    /// The stream's time, in seconds.
    now: i64,
    services: BTreeMap<ServiceName, i64>,
    series: BTreeMap<InstanceKey, Series>,
}

/// What a run of heartbeats has changed.
#[derive(Debug, Default)]
pub struct Batch {
    services: Vec<(i64, ServiceName)>,
    series: Vec<NewSeries>,
    rows: BTreeMap<RowKey, Vec<u8>>,
    /// The instances of which the open second is to be written out.
    open: HashMap<i64, InstanceKey>,
    /// The counters of instances whose minute is over, by their ids.
    counters: BTreeMap<i64, Last>,
    /// The stream's time when rows were last given up, and the instances that were.
    forget: Option<i64>,
    gone: Vec<i64>,
    gone_services: Vec<i64>,
    /// How many heartbeats were left out, because there are too many instances.
    left_out: u64,
}

#[derive(Debug)]
struct NewSeries {
    id: i64,
    service: i64,
    name: String,
    last: Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey {
    resolution: Resolution,
    time: i64,
    service: i64,
    series: i64,
}

impl Rolling {
    /// The stream's time has come so far: what is over is closed, and what is too old is given up.
    fn advance(&mut self, now: i64, batch: &mut Batch) {
        let before = self.now;
        self.now = before.max(now);
        let over = |resolution: Resolution| resolution.floor(before) < resolution.floor(self.now);
        for resolution in Resolution::ALL.into_iter().filter(|resolution| over(*resolution)) {
            let mut together: BTreeMap<(i64, i64), Window> = BTreeMap::new();
            for series in self.series.values_mut() {
                let Some(Open { time, window }) = series.close(resolution, self.now) else { continue };
                together.entry((time, series.service)).or_default().join(&window);
                let key = RowKey { resolution, time, service: series.service, series: series.id };
                let mut packed = Vec::new();
                match resolution {
                    // What this batch has not touched, the one before has written.
                    Resolution::Second if !batch.rows.contains_key(&key) => continue,
                    Resolution::Second => series.last.write(&mut packed),
                    Resolution::Ten => {}
                    Resolution::Minute => {
                        batch.counters.insert(series.id, series.last);
                    }
                }
                window.write(&mut packed);
                batch.rows.insert(key, packed);
            }
            for ((time, service), window) in together {
                let mut packed = Vec::new();
                window.write(&mut packed);
                batch.rows.insert(RowKey { resolution, time, service, series: ALL }, packed);
            }
        }
        if over(Resolution::Ten) {
            batch.forget = Some(self.now);
        }
        if over(Resolution::Minute) {
            self.forget(batch);
        }
    }

    /// Whether no further instance finds room.
    fn is_full(&self) -> bool {
        self.series.len() >= INSTANCES_MAX
    }

    /// Instances of which no window is left are forgotten, and services without any.
    fn forget(&mut self, batch: &mut Batch) {
        let horizon = self.now - self.retention.longest() - Resolution::Minute.seconds();
        let gone = self.series.extract_if(.., |_, series| series.last.seen < horizon);
        batch.gone.extend(gone.map(|(_, series)| series.id));
        if batch.gone.is_empty() {
            return;
        }
        let left: BTreeSet<_> = self.series.values().map(|series| series.service).collect();
        let gone = self.services.extract_if(.., |_, id| !left.contains(id));
        batch.gone_services.extend(gone.map(|(_, id)| id));
    }

    fn take(&mut self, id: i64, heartbeat: Heartbeat, batch: &mut Batch) {
        let key = (heartbeat.service.clone(), heartbeat.instance.clone());
        let is_full = self.is_full();
        let series = match self.series.entry(key) {
            MapEntry::Occupied(known) => {
                let id = known.get().id;
                batch.open.entry(id).or_insert_with(|| known.key().clone());
                let series = known.into_mut();
                if !series.take(heartbeat, self.now) {
                    return;
                }
                series
            }
            MapEntry::Vacant(_) if is_full => {
                batch.left_out += 1;
                return;
            }
            MapEntry::Vacant(place) => {
                let key = place.key();
                let service = *self.services.entry(key.0.clone()).or_insert_with(|| {
                    batch.services.push((id, key.0.clone()));
                    id
                });
                let last = Last { counters: Counters::of(&heartbeat), seen: self.now };
                batch.series.push(NewSeries { id, service, name: key.1.to_string(), last });
                let mut series = Series { id, service, last, open: [const { None }; 3] };
                // When the other calls were that it has counted is not known.
                let ended = heartbeat.metrics.latency.as_ref().map_or(0, |latency| latency.count());
                let window = Window::of(
                    heartbeat.metrics,
                    Done { calls: Calls { ended, failed: 0 }, ..Done::default() },
                );
                series.add(Resolution::Second, self.now, &window);
                batch.open.insert(id, place.key().clone());
                place.insert(series)
            }
        };
        // What stands in the open second is written out at the end of the batch, once.
        let (service, series) = (series.service, series.id);
        batch
            .rows
            .insert(RowKey { resolution: Resolution::Second, time: self.now, service, series }, Vec::new());
    }
}

impl Projection for Rolling {
    const NAME: &'static str = "rollups";
    const VERSION: i64 = 2;
    const TABLES: &'static [&'static str] = schema::TABLES;
    const INDEXES: &'static [&'static str] = schema::INDEXES;
    const CONTIGUOUS: bool = false;

    type Options = Retention;
    /// None is a message that is no heartbeat.
    type Value = Option<Box<Heartbeat>>;
    type Batch = Batch;

    fn empty(retention: &Retention) -> Self {
        Self { retention: *retention, now: 0, services: BTreeMap::new(), series: BTreeMap::new() }
    }

    async fn load(
        retention: &Retention,
        checkpoint: Checkpoint,
        tables: &mut SqliteConnection,
    ) -> Result<Self, RestoreError> {
        load::rolling(*retention, checkpoint, tables).await
    }

    fn apply(&mut self, entry: Entry<Self::Value>, batch: &mut Batch) {
        self.advance(entry.recorded_at.timestamp(), batch);
        if let Some(heartbeat) = entry.value {
            self.take(integer(entry.sequence.get()), *heartbeat, batch);
        }
    }

    /// What stands in an open second is written out once for each batch.
    fn seal(&self, batch: &mut Batch) {
        let open = std::mem::take(&mut batch.open);
        batch.rows.retain(|key, packed| {
            if packed.is_empty() {
                let series = open.get(&key.series).and_then(|instance| self.series.get(instance));
                *packed = series.and_then(Series::now).unwrap_or_default();
            }
            !packed.is_empty()
        });
    }

    async fn write(
        &self,
        batch: &Batch,
        _mode: Mode,
        tables: &mut SqliteConnection,
    ) -> Result<(), WriteError> {
        write::batch(&self.retention, batch, tables).await
    }

    async fn finish(&self, _tables: &mut SqliteConnection) -> Result<(), WriteError> {
        Ok(())
    }
}
