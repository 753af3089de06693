//! Reads the file: the metrics of an instance or a service over a range of time.

use std::collections::BTreeMap;
use std::path::Path;

use aegis_domain::{InstanceName, ServiceName};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection};

use super::series::Last;
use super::window::Window;
use super::{ALL, Point, Resolution, Retention, Rolling, RowError};
use crate::engine::{Database, FileCheck, Progress, StoreError};

/// The rollups of one replica. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rollups {
    pub(super) database: Database,
    pub(super) progress: Progress,
    pub(super) retention: Retention,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// From this time on.
    pub from: DateTime<Utc>,
    /// Until before this time.
    pub to: DateTime<Utc>,
    /// No more points than this; one at least.
    pub points: u32,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How wide each window is, in seconds.
    pub resolution: i64,
    /// The windows in which a heartbeat came, in order. Where none came there is no point.
    pub points: Vec<Point>,
}

/// A year, in seconds.
const FAR: i64 = 366 * 24 * 60 * 60;

/// Which rows make up an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    resolution: Resolution,
    /// The width of the windows of the answer, in seconds: a multiple of the resolution.
    step: i64,
    /// Both are multiples of the step.
    from: i64,
    to: i64,
}

type Windows = BTreeMap<i64, Window>;

/// Rows of one resolution: of one series, or of each instance of a service.
struct Rows {
    service: i64,
    one: Option<i64>,
    resolution: Resolution,
}

impl Rollups {
    /// Opens the file, or makes it. What it cannot be used as, it is made anew.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(path: &Path, retention: Retention) -> Result<Self, StoreError> {
        Self::open_watched(path, retention, &FileCheck::default()).await
    }

    /// The same, telling how far the check of the file has come.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_watched(
        path: &Path,
        retention: Retention,
        progress: &FileCheck,
    ) -> Result<Self, StoreError> {
        let database = Database::open_watched::<Rolling>(path, progress).await?;
        Ok(Self { database, progress: Progress::default(), retention })
    }

    /// The file that it reads.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How the projection is doing.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The metrics of an instance, or of all instances of a service together, whose latencies are merged then. The windows
    /// are the finest that are kept back to the beginning of the range and are not too many.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn series(
        &self,
        service: &ServiceName,
        instance: Option<&InstanceName>,
        range: Range,
    ) -> Result<Answer, StoreError> {
        let pool = self.database.pool().await;
        // One transaction, so that rows and checkpoint belong together.
        let mut tx = pool.begin().await.map_err(|e| self.database.error(e))?;
        let read = self.read(service, instance, range, &mut tx).await;
        read.map_err(|e| self.database.error(e))
    }

    async fn read(
        &self,
        service: &ServiceName,
        instance: Option<&InstanceName>,
        range: Range,
        tables: &mut SqliteConnection,
    ) -> Result<Answer, sqlx::Error> {
        let checkpoint = sqlx::query("SELECT recorded_at FROM meta").fetch_optional(&mut *tables).await?;
        let micros = checkpoint.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or_default();
        let now = micros.div_euclid(1_000_000);
        let plan = Plan::of(range.within(now, self.retention), now, self.retention);
        let Some((service, instance)) = whose(service, instance, tables).await? else {
            return Ok(Answer { resolution: plan.step, points: vec![] });
        };
        let closed = plan.resolution.floor(now).clamp(plan.from, plan.to);
        let kept =
            plan.resolution.floor(now - self.retention.of(plan.resolution)) - plan.resolution.seconds();
        let mut windows = Windows::new();
        let rows = Rows { service, one: Some(instance.unwrap_or(ALL)), resolution: plan.resolution };
        rows.read((plan.from.max(kept), closed), tables, &mut |time, _, window| {
            windows.entry(plan.floor(time)).or_default().go_on(&window);
        })
        .await?;
        // The open window has no row yet; the finer ones in it have, of each instance.
        let mut open: BTreeMap<(i64, i64), Window> = BTreeMap::new();
        let mut from = closed;
        for resolution in
            Resolution::ALL.into_iter().rev().skip_while(|resolution| *resolution > plan.resolution)
        {
            let finer = resolution.finer();
            let end = finer.map_or(now + 1, |finer| finer.floor(now)).min(plan.to);
            let rows = Rows { service, one: instance, resolution: finer.unwrap_or(Resolution::Second) };
            rows.read((from, end), tables, &mut |time, series, window| {
                open.entry((plan.floor(time), series)).or_default().go_on(&window);
            })
            .await?;
            from = from.max(end);
        }
        let mut together = Windows::new();
        for ((at, _), window) in open {
            together.entry(at).or_default().join(&window);
        }
        for (at, window) in together {
            windows.entry(at).or_default().go_on(&window);
        }
        let point = |(at, window)| Point::of(DateTime::from_timestamp(at, 0).unwrap_or_default(), window);
        Ok(Answer { resolution: plan.step, points: windows.into_iter().map(point).collect() })
    }
}

impl Range {
    /// Without what is far from all that there can be: a resolution is a number of seconds that people use.
    fn within(self, now: i64, retention: Retention) -> Self {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let (first, last) = (time(now - retention.longest() - FAR), time(now + FAR));
        Self { from: self.from.clamp(first, last), to: self.to.clamp(first, last), ..self }
    }
}

impl Plan {
    fn of(range: Range, now: i64, retention: Retention) -> Self {
        let (from, to) = (range.from.timestamp(), range.to.timestamp());
        // Where both ends are cut, one window more than fits is touched.
        let points = i64::from(range.points).max(1);
        let mut plan = None;
        for resolution in Resolution::ALL {
            let step = coarsened(resolution, from, to, points);
            let covers = from >= now - retention.of(resolution) || resolution.wider().is_none();
            let fine = resolution.wider().is_none_or(|wider| step < wider.seconds());
            if covers && fine {
                plan = Some((resolution, step));
                break;
            }
        }
        let (resolution, step) =
            plan.unwrap_or_else(|| (Resolution::Minute, coarsened(Resolution::Minute, from, to, points)));
        let floor = |time: i64| time - time.rem_euclid(step);
        let from = floor(from);
        Self { resolution, step, from, to: floor(to.max(from) + step - 1) }
    }

    fn floor(self, time: i64) -> i64 {
        time - time.rem_euclid(self.step)
    }
}

/// The smallest multiple of a resolution whose windows on the grid are no more than so many.
fn coarsened(resolution: Resolution, from: i64, to: i64, points: i64) -> i64 {
    let resolution = resolution.seconds();
    let mut times = ((to - from) / (resolution * points)).max(1);
    loop {
        let step = resolution * times;
        let first = from.div_euclid(step);
        let last = (to + step - 1).div_euclid(step);
        // One window holds a range only if its grid says so; then it cannot be had with fewer than two.
        if last - first <= points.max(2) {
            return step;
        }
        times += 1;
    }
}

/// The ids of a service and, where one is asked for, an instance of it.
async fn whose(
    service: &ServiceName,
    instance: Option<&InstanceName>,
    tables: &mut SqliteConnection,
) -> Result<Option<(i64, Option<i64>)>, sqlx::Error> {
    let query = sqlx::query("SELECT id FROM services WHERE name = ?").bind(service.as_str());
    let Some(row) = query.fetch_optional(&mut *tables).await? else { return Ok(None) };
    let service: i64 = row.try_get(0)?;
    let Some(instance) = instance else { return Ok(Some((service, None))) };
    let query = sqlx::query("SELECT id FROM series WHERE service = ? AND name = ?");
    let row = query.bind(service).bind(instance.as_str()).fetch_optional(&mut *tables).await?;
    row.map(|row| Ok((service, Some(row.try_get(0)?)))).transpose()
}

impl Rows {
    /// Reads those within a range, in order of time. Each is found by its key: the grid is known.
    async fn read(
        self,
        (from, to): (i64, i64),
        tables: &mut SqliteConnection,
        take: &mut (dyn FnMut(i64, i64, Window) + Send),
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query(
            "WITH RECURSIVE grid (t) AS (SELECT ?1 WHERE ?1 < ?2 UNION ALL SELECT t + ?3 FROM grid WHERE t + ?3 < ?2)
             SELECT time, series, figures FROM grid CROSS JOIN windows
             WHERE width = ?3 AND time = t AND service = ?4 AND series BETWEEN ?5 AND ?6",
        );
        let (first, last) = self.one.map_or((ALL + 1, i64::MAX), |id| (id, id));
        let query = query.bind(from).bind(to).bind(self.resolution.seconds()).bind(self.service);
        let mut rows = query.bind(first).bind(last).fetch(tables);
        while let Some(row) = rows.try_next().await? {
            let (time, series) = (row.try_get(0)?, row.try_get(1)?);
            let window = window_of(self.resolution, series, row.try_get(2)?);
            take(time, series, window.map_err(|e| sqlx::Error::Decode(e.into()))?);
        }
        Ok(())
    }
}

/// The metrics of a row. Rows of an instance with a resolution of one second begin with its counters.
fn window_of(resolution: Resolution, series: i64, mut bytes: &[u8]) -> Result<Window, RowError> {
    if resolution == Resolution::Second && series != ALL {
        let _counters = Last::read(&mut bytes)?;
    }
    Window::read(&mut bytes)
}
