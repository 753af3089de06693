//! Whether enough instances of a service ran, over time, out of their events.

use std::collections::BTreeMap;

use aegis_domain::Sequence;
use chrono::{DateTime, Utc};

use super::lifeline::Lifeline;
use super::{EventView, InstanceStatus};

/// Whether as many instances ran as are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// As many as are needed, or more.
    Enough,
    /// Some, and fewer than are needed.
    Few,
    /// None at all.
    Nothing,
}

/// A time in which that did not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Whether enough ran.
    pub supply: Supply,
    /// The fewest that ran in it.
    pub fewest: u64,
    /// When the log took the event that it began with.
    pub from: DateTime<Utc>,
    /// When the log took the event that ended it; none while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// The event that it began with; zero where that is not known.
    pub sequence: Sequence,
}

/// How a service was supplied with instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uptime {
    /// Oldest first.
    pub spans: Vec<Span>,
}

/// One instance more or less that runs; of none, something was heard of the service for the first time.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: DateTime<Utc>,
    sequence: Sequence,
    change: i8,
}

impl Uptime {
    /// Out of the events of all instances of the service, in the order in which they come, and of since when others run that
    /// no event tells of.
    #[must_use]
    pub fn of<'a>(
        events: impl IntoIterator<Item = &'a EventView>,
        others: impl IntoIterator<Item = DateTime<Utc>>,
        needed: u64,
    ) -> Self {
        let mut instances = BTreeMap::<&str, Vec<&EventView>>::new();
        for event in events {
            instances.entry(&event.aggregate).or_default().push(event);
        }
        let mut turns: Vec<_> =
            others.into_iter().map(|at| Turn { at, sequence: Sequence::ZERO, change: 1 }).collect();
        for events in instances.into_values() {
            turns.extend(turns_of(&Lifeline::of(events)));
        }
        turns.sort_by_key(|turn| (turn.at, turn.sequence));
        let (mut uptime, mut running) = (Self::default(), 0_u64);
        for Turn { at, sequence, change } in turns {
            running = running.saturating_add_signed(change.into());
            uptime.take(running, needed.max(1), at, sequence);
        }
        uptime
    }

    fn take(&mut self, running: u64, needed: u64, at: DateTime<Utc>, sequence: Sequence) {
        let supply = match running {
            0 => Supply::Nothing,
            _ if running < needed => Supply::Few,
            _ => Supply::Enough,
        };
        if let Some(last) = self.spans.last_mut() {
            if last.supply == supply {
                last.fewest = last.fewest.min(running);
                return;
            }
            last.to = Some(at);
        }
        self.spans.push(Span { supply, fewest: running, from: at, to: None, sequence });
    }

    /// The share of a range of time in which enough ran, of the part of it of which that is known; none where none is.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn up_percent(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<f64> {
        let (mut up, mut known) = (0, 0);
        for span in &self.spans {
            let (begin, end) = (span.from.max(from), span.to.unwrap_or(to).min(to));
            let lasted = end.signed_duration_since(begin).num_milliseconds().max(0);
            known += lasted;
            if span.supply == Supply::Enough {
                up += lasted;
            }
        }
        (known > 0).then(|| up as f64 * 100.0 / known as f64)
    }

    /// How often enough had run, and then did not any more, in a range of time.
    #[must_use]
    pub fn shortfalls(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
        let ended = self.spans.iter().filter(|span| span.supply == Supply::Enough);
        ended.filter_map(|span| span.to).filter(|at| (from..to).contains(at)).count() as u64
    }
}

fn turns_of(lifeline: &Lifeline) -> Vec<Turn> {
    let (mut turns, mut up) = (Vec::new(), false);
    for stretch in &lifeline.stretches {
        let now = matches!(stretch.status, InstanceStatus::Running | InstanceStatus::Draining);
        if now != up || turns.is_empty() {
            let change = i8::from(now) - i8::from(up);
            turns.push(Turn { at: stretch.from, sequence: stretch.sequence, change });
        }
        up = now;
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    /// What becomes of it when so many instances run at these moments.
    fn uptime(needed: u64, running: &[(i64, u64)]) -> Uptime {
        let mut uptime = Uptime::default();
        for (seconds, running) in running {
            uptime.take(*running, needed, at(*seconds), Sequence(1));
        }
        uptime
    }

    #[test]
    fn a_service_is_up_while_as_many_run_as_are_needed() {
        let uptime = uptime(2, &[(0, 0), (10, 1), (20, 2), (30, 3), (60, 1), (80, 2)]);
        let told: Vec<_> = uptime.spans.iter().map(|span| (span.supply, span.fewest)).collect();
        let expected = [
            (Supply::Nothing, 0),
            (Supply::Few, 1),
            (Supply::Enough, 2),
            (Supply::Few, 1),
            (Supply::Enough, 2),
        ];
        assert_eq!(told, expected);
        assert_eq!((uptime.spans[2].from, uptime.spans[2].to), (at(20), Some(at(60))));
        assert_eq!(uptime.up_percent(at(0), at(100)), Some(60.0));
        assert_eq!(uptime.up_percent(at(50), at(70)), Some(50.0));
        assert_eq!((uptime.shortfalls(at(0), at(100)), uptime.shortfalls(at(61), at(100))), (1, 0));
    }

    #[test]
    fn of_a_time_before_anything_is_known_nothing_is_told() {
        assert_eq!(Uptime::of([], [], 1).up_percent(at(0), at(10)), None);
        let known = Uptime::of([], [at(5)], 0);
        assert_eq!((known.up_percent(at(0), at(10)), known.spans.len()), (Some(100.0), 1));
        assert_eq!(known.up_percent(at(0), at(5)), None);
    }
}
