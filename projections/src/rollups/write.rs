//! Writing a batch, many rows a statement: a statement costs more than a row.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::SqliteConnection;

use super::series::Series;
use super::{Batch, Rolling, RowKey, Width};
use crate::engine::WriteError;

/// How many rows one statement writes at most; the rest of a batch goes in smaller steps.
const ROWS: [usize; 3] = [128, 16, 1];

static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| {
    ROWS.map(|rows| {
        let values = vec!["(?,?,?,?,?)"; rows].join(",");
        format!("INSERT OR REPLACE INTO windows (width, time, service, series, figures) VALUES {values}")
    })
});

pub(super) async fn batch(
    rolling: &Rolling,
    batch: &Batch,
    tables: &mut SqliteConnection,
) -> Result<(), WriteError> {
    for (id, name) in &batch.services {
        let insert = sqlx::query("INSERT OR REPLACE INTO services (id, name) VALUES (?, ?)");
        insert.bind(id).bind(name.as_str()).execute(&mut *tables).await?;
    }
    for new in &batch.series {
        let mut last = Vec::new();
        new.last.write(&mut last);
        sqlx::query("INSERT OR REPLACE INTO series (id, service, name, last) VALUES (?, ?, ?, ?)")
            .bind(new.id)
            .bind(new.service)
            .bind(new.name.as_str())
            .bind(last)
            .execute(&mut *tables)
            .await?;
    }
    for (id, last) in &batch.counters {
        let mut bytes = Vec::new();
        last.write(&mut bytes);
        let update = sqlx::query("UPDATE series SET last = ? WHERE id = ?");
        update.bind(bytes).bind(id).execute(&mut *tables).await?;
    }
    rows(rolling, batch, tables).await?;
    forget(rolling, batch, tables).await
}

/// A row, where what stands in an open window is written out now.
async fn rows(rolling: &Rolling, batch: &Batch, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    let open = batch.rows.values().any(Vec::is_empty);
    let series = if open { rolling.series.values() } else { Default::default() };
    let series: HashMap<i64, &Series> = series.map(|series| (series.id, series)).collect();
    let rows = batch.rows.iter().filter_map(|(key, figures)| {
        let figures =
            if figures.is_empty() { Cow::Owned(now(series.get(&key.series)?)?) } else { figures.into() };
        Some((key, figures))
    });
    let rows: Vec<(&RowKey, Cow<'_, [u8]>)> = rows.collect();
    let mut rows = rows.as_slice();
    for (size, insert) in ROWS.into_iter().zip(INSERTS.iter()) {
        while rows.len() >= size {
            let (part, later) = rows.split_at(size);
            let query = part.iter().fold(sqlx::query(insert.as_str()), |query, (key, figures)| {
                query
                    .bind(key.width.seconds())
                    .bind(key.time)
                    .bind(key.service)
                    .bind(key.series)
                    .bind(figures.to_vec())
            });
            query.execute(&mut *tables).await?;
            rows = later;
        }
    }
    Ok(())
}

/// The row of the open second.
fn now(series: &Series) -> Option<Vec<u8>> {
    let open = series.open[Width::Second.index()].as_ref()?;
    let mut figures = Vec::new();
    series.last.write(&mut figures);
    open.window.write(&mut figures);
    Some(figures)
}

async fn forget(rolling: &Rolling, batch: &Batch, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    if let Some(time) = batch.forget {
        for width in Width::ALL {
            sqlx::query("DELETE FROM windows WHERE width = ? AND time < ?")
                .bind(width.seconds())
                .bind(Width::Ten.floor(time) - rolling.keep.of(width))
                .execute(&mut *tables)
                .await?;
        }
    }
    for id in &batch.gone {
        sqlx::query("DELETE FROM series WHERE id = ?").bind(id).execute(&mut *tables).await?;
    }
    for id in &batch.gone_services {
        sqlx::query("DELETE FROM services WHERE id = ?").bind(id).execute(&mut *tables).await?;
    }
    Ok(())
}
