//! Writing a batch, many rows a statement: a statement costs more than a row.

use std::sync::LazyLock;

use sqlx::SqliteConnection;

use super::{Batch, Resolution, Retention, RowKey};
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
    retention: &Retention,
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
    rows(batch, tables).await?;
    forget(retention, batch, tables).await
}

async fn rows(batch: &Batch, tables: &mut SqliteConnection) -> Result<(), WriteError> {
    let rows: Vec<(&RowKey, &Vec<u8>)> = batch.rows.iter().collect();
    let mut rows = rows.as_slice();
    for (size, insert) in ROWS.into_iter().zip(INSERTS.iter()) {
        while rows.len() >= size {
            let (part, later) = rows.split_at(size);
            let query = part.iter().fold(sqlx::query(insert.as_str()), |query, (key, packed)| {
                query
                    .bind(key.resolution.seconds())
                    .bind(key.time)
                    .bind(key.service)
                    .bind(key.series)
                    .bind(packed.to_vec())
            });
            query.execute(&mut *tables).await?;
            rows = later;
        }
    }
    Ok(())
}

async fn forget(
    retention: &Retention,
    batch: &Batch,
    tables: &mut SqliteConnection,
) -> Result<(), WriteError> {
    if let Some(time) = batch.forget {
        for resolution in Resolution::ALL {
            sqlx::query("DELETE FROM windows WHERE width = ? AND time < ?")
                .bind(resolution.seconds())
                .bind(Resolution::Ten.floor(time) - retention.of(resolution))
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
