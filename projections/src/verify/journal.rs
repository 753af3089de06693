//! Verification of a journal of users. Its schema is not known, and need not be: chains, versions and gaps are of the messages
//! as they stand.

use std::sync::atomic::{AtomicU64, Ordering};

use aegis_domain::Sequence;
use aegis_journal::foreign::{self, ForeignEvent};
use aegis_journal::{hash, record_hash};
use aegis_nats::Connection;
use aegis_nats::follow::{self, Follower};
use chrono::Utc;

use super::finding::Finding;
use super::heads::Heads;
use super::walk::{Chained, Met, Walk};
use super::{VerifyError, next, settings, unavailable};

/// The outcome of a verification of a journal of users.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalReport {
    /// The stream.
    pub stream: String,
    /// The last message of the journal.
    pub last: Sequence,
    /// Messages read.
    pub messages: u64,
    /// Events among them.
    pub events: u64,
    /// Aggregates that they belong to.
    pub aggregates: u64,
    /// What is wrong, in the order of the journal.
    pub findings: Vec<Finding>,
    /// The heads of the chains, for a later verification.
    pub heads: Heads,
}

impl JournalReport {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl From<&ForeignEvent> for Chained {
    fn from(event: &ForeignEvent) -> Self {
        let (aggregate, metadata) = (event.aggregate.clone(), &event.metadata);
        let (version, previous, id) = (metadata.version, metadata.previous, metadata.id.clone());
        // Terms of a journal of users stand in no event of their own.
        Self { aggregate, version, previous, id, term: None }
    }
}

/// Reads the whole journal of this name as it stands, and holds it to its chains, and to heads that were exported before. None when
/// there is no such journal. Memory grows with the number of aggregates, not with that of events.
///
/// # Errors
/// See [`VerifyError`]. What is found is no error: it stands in the [`JournalReport`].
pub async fn verify_journal(
    connection: &Connection,
    journal: &str,
    heads: Option<&Heads>,
    progress: Option<&AtomicU64>,
) -> Result<Option<JournalReport>, VerifyError> {
    let namespace = connection.namespace();
    let name = namespace.journal_stream(journal);
    let stream = foreign::stream(connection, journal).await.map_err(|e| unavailable(&name, e))?;
    let Some(stream) = stream else { return Ok(None) };
    let info = stream.cached_info();
    let last = Sequence(info.state.last_sequence);
    let mut walk = Walk::new(heads);
    walk.findings.extend(settings(&info.config).into_iter().map(|setting| Finding::Setting { setting }));
    let mut follower = Follower::start(connection, name.clone(), follow::From::Sequence(1));
    while walk.last() < last {
        let Some(message) = next(&mut follower, walk.last(), last).await? else { break };
        let (sequence, subject) = (Sequence(message.sequence), message.subject.as_str());
        let (headers, body) = (message.headers.as_ref(), &message.body);
        let decoded = foreign::decode((namespace, journal), message.sequence, subject, headers, body);
        let record = record_hash(subject, message.recorded_at, headers, body);
        let hash = hash(subject, headers, body);
        walk.meet(Met { sequence, subject, hash, record, event: decoded.as_ref().map(Chained::from) });
        if let Some(progress) = progress {
            progress.store(message.sequence, Ordering::Relaxed);
        }
        if message.pending == 0 {
            break;
        }
    }
    walk.end(last);
    Ok(Some(JournalReport {
        stream: name.clone(),
        last,
        messages: walk.messages,
        events: walk.events,
        aggregates: walk.aggregates() as u64,
        findings: std::mem::take(&mut walk.findings),
        heads: walk.heads(name, Utc::now()),
    }))
}
