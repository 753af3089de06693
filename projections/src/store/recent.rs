//! The newest events in memory, so that followers of the log do not read the file for each batch.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::Sequence;
use tokio::sync::watch;

use super::{EventFilter, EventPage};
use crate::view::EventView;

/// How many events are kept, and how many bytes of bodies, at most.
const EVENTS: usize = 4_096;
const BYTES: usize = 8 << 20;

/// The newest events. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    kept: RwLock<Kept>,
    position: watch::Sender<Sequence>,
    /// How often the log was found to have another history.
    histories: watch::Sender<u64>,
}

/// Every event after `floor` and up to `through`.
#[derive(Debug, Default)]
struct Kept {
    /// None before a projector runs: nothing is known then.
    floor: Option<Sequence>,
    through: Sequence,
    events: VecDeque<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    event: Arc<EventView>,
    bytes: usize,
}

impl Recent {
    /// The log has moved on to `position` by these events, each with the size of its body.
    pub(crate) fn extend(&self, events: Vec<(EventView, usize)>, position: Sequence) {
        let mut kept = self.inner.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.through = position;
        for (event, bytes) in events {
            kept.bytes += bytes;
            kept.events.push_back(Entry { event: Arc::new(event), bytes });
        }
        while kept.events.len() > EVENTS || kept.bytes > BYTES {
            let Some(Entry { event, bytes }) = kept.events.pop_front() else { break };
            kept.bytes -= bytes;
            kept.floor = Some(event.sequence);
        }
        drop(kept);
        // Last, so that whoever hears of the position finds its events.
        self.inner.position.send_replace(position);
    }

    /// The log has another history than the one that was told.
    pub(crate) fn history_replaced(&self) {
        self.inner.histories.send_modify(|count| *count += 1);
    }

    /// How often that happened, and each further time.
    pub(super) fn histories(&self) -> watch::Receiver<u64> {
        self.inner.histories.subscribe()
    }

    /// The last position that is known here, and each change of it.
    pub(super) fn position(&self) -> watch::Receiver<Sequence> {
        self.inner.position.subscribe()
    }

    /// The file was made anew and stands at `position`; nothing before that is known here.
    pub(crate) fn begin(&self, position: Sequence) {
        let mut kept = self.inner.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Kept { floor: Some(position), through: position, ..Kept::default() };
        drop(kept);
        self.inner.position.send_replace(position);
    }

    /// The first `count` events after this one, if all that follow it are here.
    pub(super) fn page(&self, filter: &EventFilter, count: u32, after: Sequence) -> Option<EventPage> {
        let kept = self.inner.kept.read().unwrap_or_else(PoisonError::into_inner);
        if kept.floor.is_none_or(|floor| after < floor) {
            return None;
        }
        let first = kept.events.partition_point(|entry| entry.event.sequence <= after);
        let mut wanted =
            kept.events.range(first..).map(|entry| &entry.event).filter(|event| filter.takes(event));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let events = wanted.by_ref().take(count).cloned().collect();
        let more = wanted.next().is_some();
        Some(EventPage { events, more, as_of: kept.through })
    }
}

#[cfg(test)]
mod tests {
    use aegis_domain::AggregateKind;
    use chrono::DateTime;

    use super::*;

    fn event(sequence: u64) -> EventView {
        EventView {
            sequence: Sequence(sequence),
            id: sequence.to_string(),
            event_type: "aegis.instance.recovered.v1".to_owned(),
            kind: AggregateKind::Instance,
            aggregate: "instance.echo.echo-1".to_owned(),
            service: Some("echo".to_owned()),
            version: sequence,
            time: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            actor: "system:test".to_owned(),
            correlation: None,
            causation: None,
            summary: "echo-1 recovered".to_owned(),
            data: serde_json::Value::Null,
        }
    }

    fn after(recent: &Recent, after: u64) -> Option<(Vec<u64>, bool)> {
        let page = recent.page(&EventFilter::default(), 3, Sequence(after))?;
        Some((page.events.iter().map(|event| event.sequence.get()).collect(), page.more))
    }

    #[test]
    fn what_is_no_longer_there_is_left_to_the_file() {
        let recent = Recent::default();
        assert_eq!(after(&recent, 0), None, "nothing is known yet");
        recent.begin(Sequence(10));
        assert_eq!((after(&recent, 9), after(&recent, 10)), (None, Some((vec![], false))));
        recent.extend((11..=5_000).map(|n| (event(n), 1)).collect(), Sequence(5_002));
        let oldest = 5_000 - EVENTS as u64;
        assert_eq!(after(&recent, oldest - 1), None);
        assert_eq!(after(&recent, oldest), Some((vec![oldest + 1, oldest + 2, oldest + 3], true)));
        assert_eq!(after(&recent, 4_997), Some((vec![4_998, 4_999, 5_000], false)));
        recent.extend(vec![(event(5_003), BYTES)], Sequence(5_003));
        assert_eq!((after(&recent, 4_999), after(&recent, 5_002)), (None, Some((vec![5_003], false))));
        recent.begin(Sequence(4_000));
        assert_eq!((after(&recent, 3_999), after(&recent, 4_000)), (None, Some((vec![], false))));
    }
}
