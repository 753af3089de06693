//! The metrics of one instance in one window, and their aggregation to wider windows.

use aegis_domain::wire::heartbeat::{Messages, Metrics};
use aegis_domain::wire::latency::Latency;

use super::RowError;
use super::pack::{put, take};
use crate::counters::{Calls, Done};

/// What one instance did in one window. All whole numbers, so that no order of adding makes a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) calls: Calls,
    pub(super) in_flight: Gauge,
    pub(super) queue: Gauge,
    /// In thousandths of a percent of one core, of so many heartbeats that told it.
    pub(super) cpu_sum: u64,
    pub(super) cpu_count: u64,
    pub(super) cpu_max: u64,
    /// In bytes; 0 when no heartbeat told it.
    pub(super) memory_max: u64,
    pub(super) events: Messages,
    pub(super) commands: Messages,
    /// Messages that wait for its consumers.
    pub(super) lag: Gauge,
    pub(super) latency: Latency,
}

/// A value that goes up and down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gauge {
    pub(super) max: u64,
    pub(super) last: u64,
}

impl Window {
    /// One heartbeat, with what was done since the one before.
    pub(super) fn of(metrics: Metrics, done: Done) -> Self {
        let cpu = metrics.cpu_percent.map(thousandths);
        let gauge = |now| Gauge { max: now, last: now };
        let waiting = metrics.lag.iter().fold(0_u64, |sum, lag| sum.saturating_add(lag.pending));
        let Done { calls, events, commands } = done;
        Self {
            calls,
            events,
            commands,
            lag: gauge(waiting),
            in_flight: gauge(metrics.in_flight),
            queue: gauge(metrics.queue_depth),
            cpu_sum: cpu.unwrap_or(0),
            cpu_count: u64::from(cpu.is_some()),
            cpu_max: cpu.unwrap_or(0),
            memory_max: metrics.memory_bytes.unwrap_or(0),
            latency: metrics.latency.unwrap_or_default(),
        }
    }

    /// Takes in what the same instance did later.
    pub(super) fn go_on(&mut self, later: &Self) {
        self.calls = self.calls.and(later.calls);
        self.events = self.events.and(later.events);
        self.commands = self.commands.and(later.commands);
        self.lag.go_on(later.lag);
        self.in_flight.go_on(later.in_flight);
        self.queue.go_on(later.queue);
        self.cpu_sum = self.cpu_sum.saturating_add(later.cpu_sum);
        self.cpu_count = self.cpu_count.saturating_add(later.cpu_count);
        self.cpu_max = self.cpu_max.max(later.cpu_max);
        self.memory_max = self.memory_max.max(later.memory_max);
        self.latency.merge(&later.latency);
    }

    /// Takes in what another instance did at the same time: what stands at an instant is the sum then, and so are the
    /// averages. Only consumers are shared: the most that any instance says waits for them is what waits.
    pub(super) fn join(&mut self, other: &Self) {
        self.calls = self.calls.and(other.calls);
        self.events = self.events.and(other.events);
        self.commands = self.commands.and(other.commands);
        self.lag.share(other.lag);
        self.in_flight.join(other.in_flight);
        self.queue.join(other.queue);
        self.cpu_sum = self.cpu_average().saturating_add(other.cpu_average());
        self.cpu_count = self.cpu_count.max(other.cpu_count).min(1);
        self.cpu_max = self.cpu_max.saturating_add(other.cpu_max);
        self.memory_max = self.memory_max.saturating_add(other.memory_max);
        self.latency.merge(&other.latency);
    }

    /// In thousandths of a percent.
    fn cpu_average(&self) -> u64 {
        self.cpu_sum / self.cpu_count.max(1)
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let Self { calls, in_flight, queue, cpu_sum, cpu_count, cpu_max, memory_max, .. } = self;
        let numbers = [
            calls.ended,
            calls.failed,
            in_flight.max,
            in_flight.last,
            queue.max,
            queue.last,
            *cpu_sum,
            *cpu_count,
            *cpu_max,
            *memory_max,
            self.lag.max,
            self.lag.last,
        ];
        numbers.into_iter().for_each(|number| put(number, bytes));
        put_messages([self.events, self.commands], bytes);
        bytes.extend(self.latency.to_counts());
    }

    /// Reads what [`Window::write`] has written; nothing may follow.
    pub(super) fn read(bytes: &mut &[u8]) -> Result<Self, RowError> {
        let mut next = || take(bytes);
        let calls = Calls { ended: next()?, failed: next()? };
        let mut gauge = || Ok::<_, RowError>(Gauge { max: next()?, last: next()? });
        let (in_flight, queue) = (gauge()?, gauge()?);
        let (cpu_sum, cpu_count, cpu_max, memory_max) = (next()?, next()?, next()?, next()?);
        let lag = Gauge { max: next()?, last: next()? };
        let [events, commands] = take_messages(bytes)?;
        let latency = Latency::from_counts(bytes).map_err(|_junk| RowError)?;
        Ok(Self {
            calls,
            in_flight,
            queue,
            cpu_sum,
            cpu_count,
            cpu_max,
            memory_max,
            events,
            commands,
            lag,
            latency,
        })
    }
}

/// Most instances have neither events nor commands: each kind takes a bit then.
pub(super) fn put_messages(kinds: [Messages; 2], bytes: &mut Vec<u8>) {
    let present = kinds.iter().zip(0..).fold(0, |bits, (kind, at)| bits | u64::from(!kind.is_none()) << at);
    put(present, bytes);
    for kind in kinds.into_iter().filter(|kind| !kind.is_none()) {
        let Messages { published, consumed, failed, retried, dead_lettered } = kind;
        for number in [published, consumed, failed, retried, dead_lettered] {
            put(number, bytes);
        }
    }
}

/// What [`put_messages`] has written.
pub(super) fn take_messages(bytes: &mut &[u8]) -> Result<[Messages; 2], RowError> {
    let present = take(bytes)?;
    let mut kinds = [Messages::default(); 2];
    for (_, kind) in kinds.iter_mut().enumerate().filter(|(at, _)| present & 1 << at != 0) {
        *kind = Messages {
            published: take(bytes)?,
            consumed: take(bytes)?,
            failed: take(bytes)?,
            retried: take(bytes)?,
            dead_lettered: take(bytes)?,
        };
    }
    Ok(kinds)
}

impl Gauge {
    fn go_on(&mut self, later: Self) {
        self.max = self.max.max(later.max);
        self.last = later.last;
    }

    fn join(&mut self, other: Self) {
        self.max = self.max.saturating_add(other.max);
        self.last = self.last.saturating_add(other.last);
    }

    /// A value that both report: the greater one.
    fn share(&mut self, other: Self) {
        self.max = self.max.max(other.max);
        self.last = self.last.max(other.last);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped, and rounded on purpose"
)]
fn thousandths(percent: f64) -> u64 {
    (percent * 1000.0).round().clamp(0.0, 1e12) as u64
}
