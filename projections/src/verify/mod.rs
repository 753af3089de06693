//! Verification: the log against itself and against heads that were exported before, the KV entries and the file
//! against the log. Nothing is written, but by a [repair](repair_entries).
//!
//! What it shows, and what it cannot: a changed, removed or inserted event breaks the chain of its aggregate, unless
//! it is the last of it; a missing message is a gap. An attacker who can write the whole stream anew, every chain
//! intact, is found only by heads that were kept where the attacker cannot write: [`Heads`].

mod file;
mod finding;
mod heads;
mod journal;
mod kv;
mod repair;
mod report;
mod walk;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_domain::wire::DecodeError;
use aegis_domain::{Recorded, Registry, Sequence};
use aegis_journal::Journal;
use aegis_journal::{decode, hash, record_hash};
use aegis_nats::Connection;
use aegis_nats::follow::{Followed, Follower, Message};
use chrono::Utc;

use crate::State;
use crate::engine::Checkpoint;
use crate::fact::Fact;
use crate::projector::events_stream;
use crate::state::KEEP_ENDED;

pub use finding::{ChainFault, Finding};
pub use heads::{ChainHead, Heads, HeadsError};
pub use journal::{JournalReport, verify_journal};
pub use repair::{RepairError, repair_entries, repair_file};
pub use report::Report;
pub use walk::{Chained, Met, Walk};

/// How long the log may give nothing before the verification gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is held to the log beside the KV entries.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The projection's file of a replica.
    pub file: Option<&'a Path>,
    /// Heads that were exported before.
    pub heads: Option<&'a Heads>,
    /// How long KV entries may differ before it counts: a projector that runs writes an entry a moment after its
    /// event. By default 5 s.
    pub settle: Duration,
    /// Told of the last message that was looked at.
    pub progress: Option<&'a AtomicU64>,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self { file: None, heads: None, settle: Duration::from_secs(5), progress: None }
    }
}

/// The verification could not be carried out. It says nothing of the log then.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The log or a bucket does not answer.
    #[error("{what} cannot be read")]
    Unavailable {
        /// What.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The log stopped giving messages before its end.
    #[error(
        "the log gives no message after {after}, although there are more up to {last}: look at the server's log for damage of its store"
    )]
    Stuck {
        /// The last one that came.
        after: Sequence,
        /// The last one there is.
        last: Sequence,
    },
}

/// Reads the whole log as it stands, and holds everything to it. Memory grows with the number of aggregates, not
/// with that of events.
///
/// # Errors
/// See [`VerifyError`]. What is found is no error: it stands in the [`Report`].
pub async fn verify(connection: &Connection, scope: Scope<'_>) -> Result<Report, VerifyError> {
    let name = connection.namespace().events_stream();
    let stream = connection.jetstream().get_stream(&name).await;
    let stream = stream.map_err(|e| unavailable(&name, e))?;
    let info = stream.cached_info();
    let last = Sequence(info.state.last_sequence);
    let mut walk = Walk::new(scope.heads);
    walk.findings.extend(settings(&info.config).into_iter().map(|setting| Finding::Setting { setting }));
    let mut times = Checkpoint::default();
    let log = events_stream(connection).await.map_err(|e| unavailable(&name, e))?.identity;
    let mut file = match scope.file {
        Some(path) => Some(file::File::open(path, &log).await),
        None => None,
    };
    let keep_ended = file.as_ref().and_then(file::File::keep_ended).unwrap_or(KEEP_ENDED);
    let mut state = State::keeping(keep_ended);
    let journal = Journal::new(connection);
    let mut follower = journal.follow(Sequence(1));
    while walk.last() < last {
        let Some(message) = next(&mut follower, walk.last(), last).await? else { break };
        let pending = message.pending;
        let decoded: Result<Recorded<Registry>, DecodeError> = decode(
            connection.namespace(),
            message.sequence,
            &message.subject,
            message.headers.as_ref(),
            &message.body,
        );
        meet(&mut walk, &mut state, &mut times, &message, decoded.as_ref());
        if let Some(progress) = scope.progress {
            progress.store(message.sequence, Ordering::Relaxed);
        }
        if let Some(file) = &mut file {
            file.meet(&message, decoded.as_ref(), &state).await;
        }
        if pending == 0 {
            break;
        }
    }
    walk.end(last);
    state.skip(last, state.time);
    let mut findings = std::mem::take(&mut walk.findings);
    findings.extend(kv::compare(connection, &journal, &state, scope.settle).await?);
    if let Some(file) = file {
        findings.extend(file.finish(&state).await);
    }
    Ok(Report {
        stream: name.clone(),
        last,
        messages: walk.messages,
        events: walk.events,
        aggregates: walk.aggregates() as u64,
        findings,
        heads: walk.heads(name, Utc::now()),
        state,
    })
}

/// The next message up to the last one of which it is known that it was there; none at the end.
async fn next(
    follower: &mut Follower,
    after: Sequence,
    last: Sequence,
) -> Result<Option<Message>, VerifyError> {
    loop {
        match tokio::time::timeout(PATIENCE, follower.next()).await {
            Ok(Followed::Message(message)) if message.sequence <= last.get() => return Ok(Some(message)),
            // Also when nothing more is there, although the log has been further.
            Ok(Followed::Message(_) | Followed::Idle) => return Ok(None),
            Ok(Followed::Blind | Followed::Replaced) => {}
            Err(_silent) => return Err(VerifyError::Stuck { after, last }),
        }
    }
}

fn meet(
    walk: &mut Walk,
    state: &mut State,
    times: &mut Checkpoint,
    message: &Message,
    event: Result<&Recorded, &DecodeError>,
) {
    let sequence = Sequence(message.sequence);
    let hash = match event {
        Ok(recorded) => recorded.hash,
        Err(_) => hash(&message.subject, message.headers.as_ref(), &message.body),
    };
    let record = record_hash(&message.subject, message.recorded_at, message.headers.as_ref(), &message.body);
    walk.meet(Met { sequence, subject: &message.subject, hash, record, event: event.map(Chained::from) });
    times.advance(sequence, message.recorded_at);
    match event {
        Ok(recorded) => {
            state.apply(Fact::from(recorded).recorded_at(times.recorded_at));
        }
        Err(_) => state.skip(sequence, times.recorded_at),
    }
}

/// The settings with which events can be lost.
fn settings(config: &async_nats::jetstream::stream::Config) -> Vec<&'static str> {
    let limited = config.max_bytes > 0 || config.max_messages > 0 || config.max_messages_per_subject > 0;
    [
        (!config.deny_delete, "deny_delete must be true"),
        (!config.deny_purge, "deny_purge must be true"),
        (!config.max_age.is_zero(), "max_age must be 0"),
        (limited, "there must be no limit on messages, bytes, or messages of a subject"),
        (
            config.retention != async_nats::jetstream::stream::RetentionPolicy::Limits,
            "the retention policy must be limits",
        ),
        (config.storage != async_nats::jetstream::stream::StorageType::File, "it must be stored in files"),
    ]
    .into_iter()
    .filter_map(|(at_fault, needed)| at_fault.then_some(needed))
    .collect()
}

fn unavailable(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> VerifyError {
    VerifyError::Unavailable { what: what.to_owned(), source: source.into() }
}
