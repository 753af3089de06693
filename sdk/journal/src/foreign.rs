//! Journals of users, by name alone: which there are, and their events without the schema that they were written by. Streams and
//! messages are those of others: whatever stands there is read, or said to be unreadable.

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::{DecodeError, Metadata, Namespace};
use aegis_nats::Connection;
use async_nats::HeaderMap;
use async_nats::jetstream::stream::{Info, Stream};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;

use crate::error::LoadError;
use crate::message::{counted, decode_metadata, hash};

/// So many journals are told at most.
const MOST: usize = 2_000;

/// A journal of users, as its stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalInfo {
    /// Its name, that of its schema.
    pub name: String,
    /// The stream that holds it.
    pub stream: String,
    /// Messages in it; events, as long as nobody else writes there.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sequence of the first message; zero while there was none.
    pub first: Sequence,
    /// The sequence of the last one.
    pub last: Sequence,
    /// When the first one was stored; none while there is none.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last one was stored; none while there was none.
    pub last_at: Option<DateTime<Utc>>,
    /// Subjects with messages: aggregates, as long as nobody else writes there.
    pub aggregates: u64,
}

/// An event of a journal whose schema is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignEvent {
    /// Its aggregate: what follows the prefix in its subject.
    pub aggregate: String,
    /// What its headers say.
    pub metadata: Metadata,
    /// Its hash.
    pub hash: Hash,
}

/// The journals of users in this connection's namespace, in order of name; 2,000 at most.
///
/// # Errors
/// When the streams cannot be listed.
pub async fn journals(connection: &Connection) -> Result<Vec<JournalInfo>, LoadError> {
    let (mut streams, namespace) = (connection.jetstream().streams(), connection.namespace());
    let mut journals = Vec::new();
    while let Some(info) = streams.try_next().await.map_err(LoadError::unavailable)? {
        journals.extend(described(namespace, &info));
        if journals.len() == MOST {
            break;
        }
    }
    journals.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(journals)
}

/// The names of the journals of users, in order; 2,000 at most. Whoever may list no streams may list their names.
///
/// # Errors
/// When the names cannot be listed.
pub async fn names(connection: &Connection) -> Result<Vec<String>, LoadError> {
    let (mut streams, namespace) = (connection.jetstream().stream_names(), connection.namespace());
    let mut names = Vec::new();
    while let Some(stream) = streams.try_next().await.map_err(LoadError::unavailable)? {
        names.extend(namespace.parse_journal_stream(&stream));
        if names.len() == MOST {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// What a stream tells of the journal that it holds, if it holds one of this namespace.
#[must_use]
pub fn described(namespace: &Namespace, info: &Info) -> Option<JournalInfo> {
    let (config, state) = (&info.config, &info.state);
    Some(JournalInfo {
        name: namespace.parse_journal_stream(&config.name)?,
        stream: config.name.clone(),
        messages: state.messages,
        bytes: state.bytes,
        first: Sequence(if state.messages == 0 { 0 } else { state.first_sequence }),
        last: Sequence(state.last_sequence),
        first_at: time(state.first_timestamp.unix_timestamp_nanos()).filter(|_| state.messages > 0),
        last_at: time(state.last_timestamp.unix_timestamp_nanos()).filter(|_| state.last_sequence > 0),
        aggregates: state.subjects_count,
    })
}

/// The stream of this journal of users; none when there is no such journal.
///
/// # Errors
/// When it cannot be asked for.
pub async fn stream(connection: &Connection, journal: &str) -> Result<Option<Stream>, LoadError> {
    let name = connection.namespace().journal_stream(journal);
    // What is no name of a journal names no stream of one.
    if connection.namespace().parse_journal_stream(&name).as_deref() != Some(journal) {
        return Ok(None);
    }
    match connection.jetstream().get_stream(&name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if aegis_nats::provision::is_absent(&error.kind()) => Ok(None),
        Err(error) => Err(LoadError::unavailable(error)),
    }
}

/// Reads a message of this journal's stream as an event.
///
/// # Errors
/// What is wrong with it.
pub fn decode(
    (namespace, journal): (&Namespace, &str),
    sequence: u64,
    subject: &str,
    headers: Option<&HeaderMap>,
    body: &[u8],
) -> Result<ForeignEvent, DecodeError> {
    let aggregate = aggregate(namespace, journal, subject)
        .ok_or_else(|| DecodeError::Subject { subject: subject.to_owned() })?;
    let metadata = decode_metadata(headers)?;
    counted(metadata.version, sequence)?;
    let hash = hash(subject, headers, body);
    Ok(ForeignEvent { aggregate: aggregate.to_owned(), metadata, hash })
}

/// The aggregate that a subject of this journal names.
#[must_use]
pub fn aggregate<'a>(namespace: &Namespace, journal: &str, subject: &'a str) -> Option<&'a str> {
    let id = subject.strip_prefix(&namespace.journal_prefix(journal))?.strip_prefix('.')?;
    is_id(id).then_some(id)
}

/// Whether a text can be the id of an aggregate of any schema.
#[must_use]
pub fn is_id(text: &str) -> bool {
    aegis_domain::wire::subject::is_subject(text, false)
}

fn time(nanos: i128) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(i64::try_from(nanos.div_euclid(1000)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_of_a_journal_names_an_aggregate_and_no_other_one_does() {
        let namespace = Namespace::default();
        let of = |subject| aggregate(&namespace, "ledger", subject);
        assert_eq!(of("aegis.journal.ledger.account.42"), Some("account.42"));
        for foreign in [
            "aegis.journal.ledger",
            "aegis.journal.ledger.",
            "aegis.journal.ledgers.account.42",
            "aegis.journal.ledger..42",
            "aegis.journal.ledger.a\u{7f}b",
            "aegis.event.installation",
        ] {
            assert_eq!(of(foreign), None, "{foreign:?}");
        }
    }
}
