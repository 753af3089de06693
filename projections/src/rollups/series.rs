//! The series of one instance in memory: its counters, and its open windows.

use aegis_domain::wire::heartbeat::Heartbeat;
use chrono::{DateTime, Utc};

use super::pack::{put, take};
use super::window::{Window, put_messages, take_messages};
use super::{Resolution, RowError};
use crate::counters::{Counters, Done};

/// One instance.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) id: i64,
    pub(super) service: i64,
    pub(super) last: Last,
    /// The open window of each resolution. A wider one holds what has been closed of the next finer one.
    pub(super) open: [Option<Open>; 3],
}

/// What the last heartbeat said that was taken into account, and in which second it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) counters: Counters,
    pub(super) seen: i64,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) time: i64,
    pub(super) window: Window,
}

impl Series {
    /// Takes a heartbeat in; `false` when it says nothing new.
    pub(super) fn take(&mut self, heartbeat: Heartbeat, now: i64) -> bool {
        let counters = Counters::of(&heartbeat);
        if counters.repeats(&self.last.counters) {
            return false;
        }
        let done = Done::between(&self.last.counters, &counters);
        self.last = Last { counters, seen: now };
        self.add(Resolution::Second, now, &Window::of(heartbeat.metrics, done));
        true
    }

    /// The row of the open second.
    pub(super) fn now(&self) -> Option<Vec<u8>> {
        let open = self.open[Resolution::Second.index()].as_ref()?;
        let mut packed = Vec::new();
        self.last.write(&mut packed);
        open.window.write(&mut packed);
        Some(packed)
    }

    pub(super) fn add(&mut self, resolution: Resolution, time: i64, window: &Window) {
        let open = self.open[resolution.index()]
            .get_or_insert_with(|| Open { time: resolution.floor(time), window: Window::default() });
        open.window.go_on(window);
    }

    /// Takes the open window of this resolution away if it is over, and adds it to the next wider one.
    pub(super) fn close(&mut self, resolution: Resolution, now: i64) -> Option<Open> {
        let over = self.open[resolution.index()].take_if(|open| open.time < resolution.floor(now))?;
        if let Some(wider) = resolution.wider() {
            self.add(wider, over.time, &over.window);
        }
        Some(over)
    }
}

impl Last {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let Counters { life, window, calls, errors, events, commands } = self.counters;
        let numbers =
            [life.timestamp_micros().cast_unsigned(), window, calls, errors, self.seen.cast_unsigned()];
        numbers.into_iter().for_each(|number| put(number, bytes));
        put_messages([events, commands], bytes);
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, RowError> {
        let mut next = || take(bytes);
        let life = DateTime::<Utc>::from_timestamp_micros(next()?.cast_signed()).ok_or(RowError)?;
        let (window, calls, errors, seen) = (next()?, next()?, next()?, next()?.cast_signed());
        let [events, commands] = take_messages(bytes)?;
        Ok(Self { counters: Counters { life, window, calls, errors, events, commands }, seen })
    }
}
