//! Decodes messages again that an older version of the program could not read.

use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use aegis_domain::Sequence;
use aegis_nats::Connection;
use async_nats::jetstream;
use async_nats::jetstream::stream::RawMessageErrorKind;
use sqlx::Row as _;

use super::Event;
use crate::engine::checkpoint::{integer, sequence};
use crate::engine::{Database, Handle};

/// How long it waits before it tries again when NATS or the file does not answer.
const PAUSE: Duration = Duration::from_secs(5);
/// How many dead letters are looked up at a time.
const PAGE: i64 = 500;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Which program this is: another build of it may read more.
pub(super) fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let file = std::env::current_exe().and_then(std::fs::metadata).ok();
        let built = file.as_ref().and_then(|file| file.modified().ok());
        let built = built.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let size = file.map_or(0, |file| file.len());
        format!("{} {size} {}", env!("CARGO_PKG_VERSION"), built.as_nanos())
    })
}

/// Looks once, until it has succeeded, at what was put aside if another program has put it there. If this one can read
/// any of it, the projection is made anew beside the live one: what follows an event depends on it.
pub(crate) async fn reread(connection: &Connection, database: &Database, handle: &Handle) {
    loop {
        match attempt(connection, database, handle).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "messages that were put aside cannot be tried again yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn attempt(connection: &Connection, database: &Database, handle: &Handle) -> Result<(), Error> {
    if !is_of_another_program(database).await? {
        return Ok(());
    }
    if let Some(found) = first_readable(connection, database).await? {
        tracing::info!(sequence = %found, "this version can read what was put aside or read in part; rebuilding");
        handle.rebuild().await?;
        return Ok(());
    }
    let pool = database.pool().await;
    sqlx::query("UPDATE reader SET program = ? WHERE id = 1").bind(program()).execute(&*pool).await?;
    Ok(())
}

async fn is_of_another_program(database: &Database) -> Result<bool, sqlx::Error> {
    let pool = database.pool().await;
    let row = sqlx::query("SELECT program FROM reader WHERE id = 1").fetch_optional(&*pool).await?;
    let of = row.map(|row| row.try_get::<String, _>(0)).transpose()?;
    Ok(of.is_some_and(|of| of != program()))
}

async fn first_readable(connection: &Connection, database: &Database) -> Result<Option<Sequence>, Error> {
    let stream = connection.jetstream().get_stream_no_info(connection.namespace().events_stream()).await?;
    for sequence in partly(database).await? {
        if read(connection, &stream, sequence).await?.is_some_and(|event| event.left_out.is_empty()) {
            return Ok(Some(sequence));
        }
    }
    let mut after = Sequence::ZERO;
    loop {
        let page = dead_letters(database, after).await?;
        let Some(last) = page.last().copied() else { return Ok(None) };
        for sequence in page {
            if read(connection, &stream, sequence).await?.is_some() {
                return Ok(Some(sequence));
            }
        }
        after = last;
    }
}

/// The event, if the log still has it and it can be read.
async fn read(
    connection: &Connection,
    stream: &jetstream::stream::Stream<()>,
    sequence: Sequence,
) -> Result<Option<Event>, Error> {
    let message = match stream.get_raw_message(sequence.get()).await {
        Ok(message) => message,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (subject, headers) = (&message.subject, Some(&message.headers));
    Ok(Event::stored(connection.namespace(), sequence.get(), subject, headers, &message.payload).ok())
}

/// The first and the last event that were read in part.
async fn partly(database: &Database) -> Result<Vec<Sequence>, sqlx::Error> {
    let pool = database.pool().await;
    let row = sqlx::query("SELECT first, last FROM partly").fetch_optional(&*pool).await?;
    let Some(row) = row else { return Ok(vec![]) };
    Ok(vec![sequence(row.try_get("first")?), sequence(row.try_get("last")?)])
}

async fn dead_letters(database: &Database, after: Sequence) -> Result<Vec<Sequence>, sqlx::Error> {
    let pool = database.pool().await;
    let rows = sqlx::query("SELECT sequence FROM dead_letters WHERE sequence > ? ORDER BY sequence LIMIT ?");
    let rows = rows.bind(integer(after.get())).bind(PAGE).fetch_all(&*pool).await?;
    rows.iter().map(|row| row.try_get(0).map(sequence)).collect()
}
