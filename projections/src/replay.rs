//! The registry as it stood, folded straight from the log: no file is read or written.

use aegis_domain::Sequence;
use aegis_sdk::Connection;

use crate::State;
use crate::engine::source::{Source, Sourced};
use crate::engine::{Entry, Gap, Mark, Step};
use crate::projector::{ProjectorError, events_stream};
use crate::registry::{Content, Log};
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
    /// What the log has lost. With a filter, what the filter leaves out is no gap.
    pub gaps: Vec<Gap>,
}

/// Folds the log from its beginning up to there. It is read as a stream: memory holds the registry and a few
/// batches, however long the log is. What is recorded after the call began is not looked at.
///
/// With `filters` (subjects, with wildcards), only events on these subjects are read; the state is then a part of
/// the registry, and its position the last such event. Filters must not overlap.
///
/// # Errors
/// When the log does not answer, at the beginning or for several attempts in a row.
pub async fn from_log(
    connection: &Connection,
    at: At,
    filters: Vec<String>,
) -> Result<Replayed, ProjectorError> {
    let stream = events_stream(connection).await?;
    let end = match at {
        At::Sequence(end) => end.min(stream.last),
        At::Time(_) => stream.last,
    };
    let whole = filters.is_empty();
    let mut replayed = Replayed { state: State::default(), events: 0, dead: 0, gaps: vec![] };
    if stream.is_empty || end == Sequence::ZERO {
        return Ok(replayed);
    }
    let log = Log { connection: connection.clone(), filters, puts_aside: false };
    let mut source = Source::start(&log, Sequence(1));
    let (mut mark, mut blind) = (Mark::default(), 0);
    while mark.position < end {
        match source.next().await {
            Sourced::Entries(entries) => {
                blind = 0;
                for entry in entries {
                    let last = entry.pending == 0;
                    if !replayed.take(entry, &mut mark, at, end, whole) || last {
                        return Ok(replayed);
                    }
                }
            }
            Sourced::Idle => return Ok(replayed),
            Sourced::Resumed => {}
            Sourced::Blind if blind < BLIND => blind += 1,
            Sourced::Blind => return Err(ProjectorError::Log("the stream cannot be read".into())),
        }
    }
    Ok(replayed)
}

impl Replayed {
    /// Applies an entry; `false` when it lies beyond the end.
    fn take(&mut self, entry: Entry<Content>, mark: &mut Mark, at: At, end: Sequence, whole: bool) -> bool {
        let before = *mark;
        let step = mark.advance(entry.sequence, entry.recorded_at);
        let later = match at {
            At::Sequence(_) => false,
            At::Time(time) => mark.recorded_at > time,
        };
        if later || entry.sequence > end {
            *mark = before;
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
                self.state.apply(event.fact(entry.sequence, mark.recorded_at));
            }
            Content::Dead(_) => {
                self.dead += 1;
                self.state.skip(entry.sequence, mark.recorded_at);
            }
        }
        true
    }
}
