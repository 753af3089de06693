//! The registry as it stood, folded straight from the log: no file is read or written.

use aegis_domain::Sequence;
use aegis_nats::Connection;
use chrono::TimeDelta;

use crate::State;
use crate::engine::source::{Source, Sourced};
use crate::engine::{Checkpoint, Entry, Gap, Step};
use crate::projector::{ProjectorError, events_stream};
use crate::registry::{Content, Log};
use crate::state::KEEP_ENDED;
use crate::store::At;

/// How many times in a row the log may be out of reach before a replay gives up.
const BLIND: u32 = 10;

/// What a replay has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The registry as it stood.
    pub state: State,
    /// How many events it was folded from.
    pub events: u64,
    /// How many messages are no events. They were passed over.
    pub dead: u64,
    /// What the log has lost, of whatever subject.
    pub gaps: Vec<Gap>,
}

/// Like [`from_log_keeping`], with ended instances kept for as long as replicas do by default.
///
/// # Errors
/// See there.
pub async fn from_log(
    connection: &Connection,
    at: At,
    filters: Vec<String>,
) -> Result<Replayed, ProjectorError> {
    from_log_keeping(connection, at, filters, KEEP_ENDED).await
}

/// Folds the log from its beginning up to there, with ended instances kept for so long. It is read as a stream: memory holds the registry and a few
/// batches, however long the log is. What is recorded after the call began is not looked at.
///
/// With `filters` (subjects, with wildcards), only events on these subjects are read; the state is then a part of
/// the registry, and its position the last such event. Filters must not overlap.
///
/// # Errors
/// When the log does not answer, at the beginning or for several attempts in a row.
pub async fn from_log_keeping(
    connection: &Connection,
    at: At,
    filters: Vec<String>,
    keep_ended: TimeDelta,
) -> Result<Replayed, ProjectorError> {
    let stream = events_stream(connection).await?;
    let end = match at {
        At::Sequence(end) => end.min(stream.last),
        At::Time(_) => stream.last,
    };
    let whole = filters.is_empty();
    let mut replayed = Replayed { state: State::keeping(keep_ended), events: 0, dead: 0, gaps: vec![] };
    let mut checkpoint = Checkpoint::default();
    let reached = if stream.is_empty || end == Sequence::ZERO {
        true
    } else {
        let log = Log { connection: connection.clone(), filters, puts_aside: false };
        replayed.read(&log, &mut checkpoint, at, end, whole).await?
    };
    if whole && reached && checkpoint.position < end {
        replayed.gaps.push(Gap { first: checkpoint.position.next(), last: end });
    }
    if !whole {
        let through = if reached { end } else { checkpoint.position };
        replayed.gaps = lost(connection, through).await?;
    }
    Ok(replayed)
}

/// What the log has lost up to there, as the server knows it.
async fn lost(connection: &Connection, through: Sequence) -> Result<Vec<Gap>, ProjectorError> {
    let name = connection.namespace().events_stream();
    let stream = connection.jetstream().get_stream_no_info(name).await;
    let stream = stream.map_err(|e| ProjectorError::Log(e.into()))?;
    let info = stream.info_builder().with_deleted(true).fetch().await;
    let info = info.map_err(|e| ProjectorError::Log(e.into()))?.info;
    let before = (info.state.first_sequence > 1)
        .then(|| Gap { first: Sequence(1), last: Sequence(info.state.first_sequence - 1) });
    let mut gaps: Vec<Gap> = before.into_iter().collect();
    for sequence in info.state.deleted.into_iter().flatten().map(Sequence) {
        match gaps.last_mut() {
            Some(gap) if sequence == gap.last.next() => gap.last = sequence,
            Some(gap) if sequence <= gap.last => {}
            Some(_) | None => gaps.push(Gap { first: sequence, last: sequence }),
        }
    }
    gaps.retain(|gap| gap.first <= through);
    Ok(gaps)
}

impl Replayed {
    /// Reads up to there. `false` when something later than the moment was met.
    async fn read(
        &mut self,
        log: &Log,
        checkpoint: &mut Checkpoint,
        at: At,
        end: Sequence,
        whole: bool,
    ) -> Result<bool, ProjectorError> {
        let mut source = Source::start(log, Sequence(1));
        let mut blind = 0;
        while checkpoint.position < end {
            match source.next().await {
                Sourced::Entries(entries) => {
                    blind = 0;
                    for entry in entries {
                        let last = entry.pending == 0;
                        if !self.take(entry, checkpoint, at, end, whole) {
                            return Ok(matches!(at, At::Sequence(_)));
                        }
                        if last {
                            return Ok(true);
                        }
                    }
                }
                Sourced::Idle => return Ok(true),
                Sourced::Resumed => {}
                Sourced::Blind if blind < BLIND => blind += 1,
                Sourced::Blind => return Err(ProjectorError::Log("the stream cannot be read".into())),
            }
        }
        Ok(true)
    }

    /// Applies an entry; `false` when it lies beyond the end.
    fn take(
        &mut self,
        entry: Entry<Content>,
        checkpoint: &mut Checkpoint,
        at: At,
        end: Sequence,
        whole: bool,
    ) -> bool {
        let before = *checkpoint;
        let step = checkpoint.advance(entry.sequence, entry.recorded_at);
        let later = match at {
            At::Sequence(_) => false,
            At::Time(time) => checkpoint.recorded_at > time,
        };
        if later || entry.sequence > end {
            *checkpoint = before;
            return false;
        }
        match step {
            Step::Duplicate => return true,
            Step::After(gap) if whole => self.gaps.push(gap),
            Step::After(_) | Step::Next => {}
        }
        match entry.value {
            Content::Event(event) => {
                self.events += 1;
                self.state.apply(event.fact(entry.sequence, checkpoint.recorded_at));
            }
            Content::Dead(_) => {
                self.dead += 1;
                self.state.skip(entry.sequence, checkpoint.recorded_at);
            }
        }
        true
    }
}
