//! In which order a list shows instances.

use std::borrow::Cow;

use aegis_domain::{InstanceName, ServiceName};
use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;
use aegis_projections::view::{InstanceStatus as ViewStatus, InstanceView};
use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Utc};

use super::instance::minute;
use super::page::Position;
use super::rank::{Rank, of_float, of_time};

/// What a list of instances is ordered by; those that are equal by it stand in order of name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Enum)]
pub(crate) enum InstanceOrderField {
    /// Those that live: unhealthy, unknown, flapping, stopping, draining, starting, running; then those that have ended: failed,
    /// expired, stopped.
    #[default]
    Severity,
    Name,
    /// Numbers in a version count as numbers: 1.10 comes after 1.9.
    Version,
    StatusSince,
    RegisteredAt,
    LastBeatAt,
    /// Like the next two and `ERRORS`, of the last minute.
    CallsPerSecond,
    P50,
    P99,
    InFlight,
    QueueDepth,
    /// By the share of calls that failed.
    Errors,
    Cpu,
    Memory,
    Uptime,
}

/// The order of a list of instances. Those that have no such figure come last in either direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct InstanceOrder {
    field: InstanceOrderField,
    #[graphql(default)]
    descending: bool,
}

impl InstanceOrder {
    /// Whether heartbeats alone move instances in it.
    pub(crate) fn is_by_figures(self) -> bool {
        match self.field {
            InstanceOrderField::Severity
            | InstanceOrderField::Name
            | InstanceOrderField::Version
            | InstanceOrderField::StatusSince
            | InstanceOrderField::RegisteredAt => false,
            InstanceOrderField::LastBeatAt
            | InstanceOrderField::CallsPerSecond
            | InstanceOrderField::P50
            | InstanceOrderField::P99
            | InstanceOrderField::InFlight
            | InstanceOrderField::QueueDepth
            | InstanceOrderField::Errors
            | InstanceOrderField::Cpu
            | InstanceOrderField::Memory
            | InstanceOrderField::Uptime => true,
        }
    }

    pub(crate) fn rank(
        self,
        contents: &Contents,
        key: &InstanceKey,
        view: &InstanceView,
        now: DateTime<Utc>,
    ) -> Rank {
        let beat = self.is_by_figures().then(|| contents.beats.get(key)).flatten();
        let metrics = beat.map(|beat| &beat.heartbeat.metrics);
        let minute = beat.and_then(|beat| minute(beat, view));
        let number = match self.field {
            InstanceOrderField::Name => return Rank::default(),
            InstanceOrderField::Severity => {
                return Rank::of_class(severity(view, now), LAST_CLASS, self.descending);
            }
            InstanceOrderField::Version => {
                let version = view.state.registration.as_ref().map(|registration| &registration.version);
                let version = version.map(|version| version.as_str()).unwrap_or_default();
                return Rank::of_text(version, self.descending);
            }
            InstanceOrderField::StatusSince => Some(of_time(view.status_since)),
            InstanceOrderField::RegisteredAt => Some(of_time(view.registered_at)),
            InstanceOrderField::LastBeatAt => beat.map(|beat| of_time(beat.recorded_at)),
            InstanceOrderField::CallsPerSecond => minute.map(|minute| of_float(minute.calls_per_second())),
            InstanceOrderField::P50 => minute.and_then(|minute| minute.p50_ms).map(of_float),
            InstanceOrderField::P99 => minute.and_then(|minute| minute.p99_ms).map(of_float),
            InstanceOrderField::InFlight => metrics.map(|metrics| metrics.in_flight),
            InstanceOrderField::QueueDepth => metrics.map(|metrics| metrics.queue_depth),
            InstanceOrderField::Errors => {
                minute.and_then(|minute| minute.calls.failed_percent()).map(of_float)
            }
            InstanceOrderField::Cpu => metrics.and_then(|metrics| metrics.cpu_percent).map(of_float),
            InstanceOrderField::Memory => metrics.and_then(|metrics| metrics.memory_bytes),
            InstanceOrderField::Uptime => metrics.map(|metrics| metrics.uptime_seconds),
        };
        Rank::of_number(number, self.descending)
    }
}

/// One digit of a cursor.
const LAST_CLASS: u8 = 9;

/// Those that live first, whoever needs somebody before the others.
fn severity(view: &InstanceView, now: DateTime<Utc>) -> u8 {
    match view.status {
        ViewStatus::Unhealthy => 0,
        ViewStatus::Unknown => 1,
        ViewStatus::Running if view.is_flapping(now) => 2,
        ViewStatus::Stopping => 3,
        ViewStatus::Draining => 4,
        ViewStatus::Init | ViewStatus::Starting => 5,
        ViewStatus::Running => 6,
        ViewStatus::Failed => 7,
        ViewStatus::Expired => 8,
        ViewStatus::Stopped => LAST_CLASS,
    }
}

/// Where an instance stands in a list, and the cursor that tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InstancePosition<'a>(pub(crate) Rank, pub(crate) Cow<'a, InstanceKey>);

impl Position for InstancePosition<'_> {
    fn text(&self) -> String {
        let (service, instance) = &*self.1;
        format!("{}/{service}/{instance}", self.0.text())
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (rank, service, instance) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let key = (ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?);
        Some(Self(Rank::read(rank)?, Cow::Owned(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rank::natural;
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let key = (ServiceName::new("echo").unwrap(), InstanceName::new("e-1").unwrap());
        for rank in [
            Rank { class: 2, ..Rank::default() },
            Rank { number: u64::MAX, ..Rank::default() },
            Rank { text: natural("1.10"), ..Rank::default() },
        ] {
            let position = InstancePosition(rank, Cow::Borrowed(&key));
            assert_eq!(InstancePosition::read(&position.text()), Some(position));
        }
        let plain = InstancePosition(Rank { class: 2, ..Rank::default() }, Cow::Owned(key));
        assert_eq!(plain.text(), "2/echo/e-1");
        for junk in
            ["", "2", "2/echo", "2/echo/e-1/x", "x/echo/e-1", "2ff/echo/e-1", "2/Ech o/e-1", "ä/echo/e-1"]
        {
            assert_eq!(InstancePosition::read(junk), None, "{junk}");
        }
    }
}
