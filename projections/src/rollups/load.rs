//! The projection in memory, from its tables: the counters of each instance, and the open windows, folded anew
//! from the seconds of the open minute.

use std::collections::{BTreeMap, HashMap};

use aegis_domain::{InstanceName, ServiceName};
use sqlx::{Row as _, SqliteConnection};

use super::series::{Last, Series};
use super::window::Window;
use super::{Resolution, Retention, Rolling, RowError};
use crate::engine::{Checkpoint, Projection as _, RestoreError};
use crate::state::InstanceKey;

pub(super) async fn rolling(
    retention: Retention,
    checkpoint: Checkpoint,
    tables: &mut SqliteConnection,
) -> Result<Rolling, RestoreError> {
    let mut rolling = Rolling::empty(&retention);
    rolling.now = checkpoint.recorded_at.timestamp();
    let mut names = HashMap::new();
    for row in sqlx::query("SELECT id, name FROM services").fetch_all(&mut *tables).await? {
        let name = ServiceName::new(row.try_get::<String, _>("name")?).map_err(broken)?;
        names.insert(row.try_get::<i64, _>("id")?, name.clone());
        rolling.services.insert(name, row.try_get("id")?);
    }
    let mut series = BTreeMap::new();
    for row in sqlx::query("SELECT id, service, name, last FROM series").fetch_all(&mut *tables).await? {
        let (id, service) = (row.try_get("id")?, row.try_get("service")?);
        let last = Last::read(&mut row.try_get::<&[u8], _>("last")?).map_err(broken)?;
        let of = names.get(&service).cloned().ok_or_else(|| broken(RowError))?;
        let name = InstanceName::new(row.try_get::<String, _>("name")?).map_err(broken)?;
        series.insert(id, ((of, name), Series { id, service, last, open: [const { None }; 3] }));
    }
    open_windows(rolling.now, &mut series, tables).await?;
    rolling.series = series.into_values().collect();
    Ok(rolling)
}

async fn open_windows(
    now: i64,
    series: &mut BTreeMap<i64, (InstanceKey, Series)>,
    tables: &mut SqliteConnection,
) -> Result<(), RestoreError> {
    let rows = sqlx::query(
        "SELECT time, series, figures FROM windows WHERE width = 1 AND time >= ? AND series <> 0 ORDER BY time, series",
    );
    let rows = rows.bind(Resolution::Minute.floor(now)).fetch_all(tables).await?;
    for row in rows {
        let (time, mut packed) = (row.try_get("time")?, row.try_get::<&[u8], _>("figures")?);
        let Some((_, series)) = series.get_mut(&row.try_get("series")?) else {
            return Err(broken(RowError));
        };
        series.last = Last::read(&mut packed).map_err(broken)?;
        let window = Window::read(&mut packed).map_err(broken)?;
        for resolution in [Resolution::Second, Resolution::Ten] {
            series.close(resolution, time);
        }
        series.add(Resolution::Second, time, &window);
    }
    for (_, series) in series.values_mut() {
        for resolution in [Resolution::Second, Resolution::Ten] {
            series.close(resolution, now);
        }
    }
    Ok(())
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> RestoreError {
    RestoreError::Row(Box::new(error))
}
