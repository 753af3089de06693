//! In which order a list shows instances.

use std::borrow::Cow;

use aegis_domain::{InstanceName, ServiceName};
use aegis_projections::live::Contents;
use aegis_projections::state::InstanceKey;
use aegis_projections::view::{InstanceStatus as ViewStatus, InstanceView};
use async_graphql::{Enum, InputObject};
use chrono::{DateTime, Utc};

use super::page::Position;

/// What a list of instances is ordered by; those that are equal by it stand in order of name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Enum)]
pub(crate) enum InstanceOrderField {
    /// Those that need somebody (unhealthy), then those that live, then those that have ended.
    #[default]
    Severity,
    Name,
    /// Numbers in a version count as numbers: 1.10 comes after 1.9.
    Version,
    StatusSince,
    RegisteredAt,
    LastBeatAt,
    CallsPerSecond,
    P50,
    P99,
    InFlight,
    QueueDepth,
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

/// Where an instance stands in an order, names aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// One digit: a severity, or whether there is a figure at all.
    class: u8,
    number: u64,
    text: Vec<u8>,
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

    pub(crate) fn rank(self, contents: &Contents, key: &InstanceKey, view: &InstanceView) -> Rank {
        let beat = self.is_by_figures().then(|| contents.beats.get(key)).flatten();
        let metrics = beat.map(|beat| &beat.heartbeat.metrics);
        let number = match self.field {
            InstanceOrderField::Name => return Rank::default(),
            InstanceOrderField::Severity => {
                let severity = severity(view.status);
                let class = if self.descending { LAST_CLASS - severity } else { severity };
                return Rank { class, ..Rank::default() };
            }
            InstanceOrderField::Version => {
                let version = view.state.registration.as_ref().map(|registration| &registration.version);
                return self.by_text(version.map(|version| version.as_str()).unwrap_or_default());
            }
            InstanceOrderField::StatusSince => Some(of_time(view.status_since)),
            InstanceOrderField::RegisteredAt => Some(of_time(view.registered_at)),
            InstanceOrderField::LastBeatAt => beat.map(|beat| of_time(beat.recorded_at)),
            InstanceOrderField::CallsPerSecond => metrics.map(|metrics| of_float(metrics.calls_per_second)),
            InstanceOrderField::P50 => metrics.and_then(|metrics| metrics.p50_ms).map(of_float),
            InstanceOrderField::P99 => metrics.and_then(|metrics| metrics.p99_ms).map(of_float),
            InstanceOrderField::InFlight => metrics.map(|metrics| metrics.in_flight),
            InstanceOrderField::QueueDepth => metrics.map(|metrics| metrics.queue_depth),
            InstanceOrderField::Errors => metrics.map(|metrics| metrics.errors),
            InstanceOrderField::Cpu => metrics.and_then(|metrics| metrics.cpu_percent).map(of_float),
            InstanceOrderField::Memory => metrics.and_then(|metrics| metrics.memory_bytes),
            InstanceOrderField::Uptime => metrics.map(|metrics| metrics.uptime_seconds),
        };
        match number {
            Some(number) => {
                let number = if self.descending { !number } else { number };
                Rank { number, ..Rank::default() }
            }
            None => Rank { class: 1, ..Rank::default() },
        }
    }

    fn by_text(self, text: &str) -> Rank {
        if text.is_empty() {
            return Rank { class: 1, ..Rank::default() };
        }
        let mut text = natural(text);
        if self.descending {
            text.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Rank { text, ..Rank::default() }
    }
}

const LAST_CLASS: u8 = 5;

fn severity(status: ViewStatus) -> u8 {
    match status {
        ViewStatus::Unhealthy | ViewStatus::Unknown => 0,
        ViewStatus::Init | ViewStatus::Starting | ViewStatus::Draining | ViewStatus::Stopping => 1,
        ViewStatus::Running => 2,
        ViewStatus::Expired => 3,
        ViewStatus::Failed => 4,
        ViewStatus::Stopped => LAST_CLASS,
    }
}

/// A number that is ordered as the float is.
fn of_float(float: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    // Not two zeros.
    let bits = (float + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn of_time(time: DateTime<Utc>) -> u64 {
    time.timestamp_micros().cast_unsigned() ^ (1 << 63)
}

/// Bytes that are ordered as people order texts with numbers in them. The end is a byte, too, so that it may be turned round.
fn natural(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            let length = first.len_utf8();
            bytes.extend_from_slice(&rest.as_bytes()[..length]);
            rest = &rest[length..];
        } else {
            let number = rest[..digits].trim_start_matches('0');
            // Of numbers the longer one is the larger one. Digits stay below the bytes of letters.
            bytes.push(b'0');
            bytes.push(u8::try_from(number.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(number.as_bytes());
            rest = &rest[digits..];
        }
    }
    bytes.push(0);
    bytes
}

/// Where an instance stands in a list, and the cursor that tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InstancePosition<'a>(pub(crate) Rank, pub(crate) Cow<'a, InstanceKey>);

impl Position for InstancePosition<'_> {
    fn text(&self) -> String {
        let Self(Rank { class, number, text }, key) = self;
        let (service, instance) = &**key;
        let mut cursor = class.to_string();
        if *number > 0 || !text.is_empty() {
            cursor += &format!("{number:016x}");
            text.iter().for_each(|byte| cursor += &format!("{byte:02x}"));
        }
        format!("{cursor}/{service}/{instance}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (rank, service, instance) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !rank.is_ascii() {
            return None;
        }
        let class = rank.get(..1)?.parse().ok()?;
        let number = match rank.get(1..17) {
            Some(number) => u64::from_str_radix(number, 16).ok()?,
            None if rank.len() == 1 => 0,
            None => return None,
        };
        let mut text = Vec::new();
        let mut left = rank.get(17..).unwrap_or_default();
        while !left.is_empty() {
            text.push(u8::from_str_radix(left.get(..2)?, 16).ok()?);
            left = &left[2..];
        }
        let key = (ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?);
        Some(Self(Rank { class, number, text }, Cow::Owned(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_order_as_numbers() {
        let floats = [f64::NEG_INFINITY, -2.5, -1e-9, 0.0, 1e-9, 0.5, 3.0, 1e12, f64::INFINITY];
        assert!(floats.map(of_float).is_sorted_by(|a, b| a < b));
        assert_eq!(of_float(-0.0), of_float(0.0));
    }

    #[test]
    fn versions_are_ordered_by_their_numbers_and_the_other_way_round() {
        let versions = ["1", "1.2", "1.2.0-rc", "1.9", "1.10", "1.10.1", "2.0-alpha", "2.0-beta", "10"];
        let rank = |descending| {
            let order = InstanceOrder { field: InstanceOrderField::Version, descending };
            versions.map(|version| order.by_text(version))
        };
        assert!(rank(false).is_sorted_by(|a, b| a < b));
        assert!(rank(true).is_sorted_by(|a, b| a > b));
    }

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
