//! Whether a stream holds a log that was imported, and up to where.
//!
//! The time of record of a message is that at which the server stored it. An imported log was recorded elsewhere, and
//! each of its messages says when; that is believed because the stream as a whole is marked, once, by whoever imported
//! it: up to this sequence. A header alone proves nothing, since anybody who may publish may write it.

use aegis_domain::wire::{header, subject};
use async_nats::HeaderMap;
use async_nats::jetstream::context::{GetStreamError, UpdateStreamError};
use chrono::{DateTime, SubsecRound as _, Utc};

use super::connection::Connection;

/// The stream's mark could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// It cannot be read.
    #[error("the stream {name} cannot be read")]
    Read {
        /// Its name.
        name: String,
        /// Why.
        source: GetStreamError,
    },
    /// It cannot be marked.
    #[error("the stream {name} cannot be marked as imported: allow this user to update it")]
    Write {
        /// Its name.
        name: String,
        /// Why.
        source: UpdateStreamError,
    },
}

/// What is known of a stream's mark.
#[derive(Debug)]
pub struct Imported {
    connection: Connection,
    stream: String,
    /// The last message that was imported.
    through: u64,
    /// The last message of the stream when that was read: it is marked before it is filled, so of all up to here the
    /// answer stands.
    known: u64,
}

impl Imported {
    pub fn of(connection: &Connection, stream: &str) -> Self {
        Self { connection: connection.clone(), stream: stream.to_owned(), through: 0, known: 0 }
    }

    /// The stream may be another one now.
    pub fn forget(&mut self) {
        (self.through, self.known) = (0, 0);
    }

    /// When a message was recorded: as it says if it belongs to an imported log, or else when the server stored it.
    /// What was imported was recorded before.
    pub async fn recorded_at(
        &mut self,
        sequence: u64,
        headers: Option<&HeaderMap>,
        stored: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, GetStreamError> {
        let told = headers.and_then(|headers| headers.get(header::RECORDED_AT));
        let told = told.and_then(|told| DateTime::parse_from_rfc3339(told.as_str()).ok());
        let Some(told) = told else { return Ok(stored) };
        if sequence > self.known {
            let stream = self.connection.jetstream().get_stream(&self.stream).await?;
            let info = stream.cached_info();
            self.known = info.state.last_sequence;
            let through = info.config.metadata.get(subject::IMPORTED_THROUGH);
            self.through = through.and_then(|through| through.parse().ok()).unwrap_or(0);
        }
        let imported = sequence <= self.through;
        Ok(if imported { told.to_utc().trunc_subsecs(6).min(stored) } else { stored })
    }
}

/// Marks a stream as an imported log up to this sequence, before it is filled.
///
/// # Errors
/// See [`MarkError`].
pub async fn mark(connection: &Connection, name: &str, through: u64) -> Result<(), MarkError> {
    let jetstream = connection.jetstream();
    let stream = jetstream.get_stream(name).await;
    let stream = stream.map_err(|source| MarkError::Read { name: name.to_owned(), source })?;
    let mut config = stream.cached_info().config.clone();
    config.metadata.insert(subject::IMPORTED_THROUGH.to_owned(), through.to_string());
    match jetstream.update_stream(config).await {
        Ok(_) => Ok(()),
        Err(source) => Err(MarkError::Write { name: name.to_owned(), source }),
    }
}
