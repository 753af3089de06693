//! How long the stream of the services' events keeps them, as configured.

use std::time::Duration;

use aegis_sdk::Connection;
use anyhow::Context as _;
use serde::Deserialize;

use crate::background::Task;

/// How long events of services are kept. What is not said stays as the stream has it: 24 hours and 1 GiB, where nobody
/// has changed that. Unknown fields are refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// For how many hours events are kept: a subscription that is away for longer loses them. 1 to 87,600.
    pub(crate) keep_hours: Option<u32>,
    /// How many MiB they may take; the oldest make room. 1 to 16,777,216.
    pub(crate) keep_mib: Option<u32>,
}

/// The same, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventsRetention {
    age: Option<Duration>,
    bytes: Option<i64>,
}

/// Has the stream keep them for so long, also after somebody has made it anew.
#[derive(Debug)]
pub(crate) struct Retain {
    connection: Connection,
    wanted: EventsRetention,
}

impl Settings {
    /// None where nothing is said.
    pub(crate) fn check(&self) -> anyhow::Result<Option<EventsRetention>> {
        let check = |name: &str, value: Option<u32>, most: u32| match value {
            Some(value) if !(1..=most).contains(&value) => {
                anyhow::bail!("events.{name} is {value}: choose 1 to {most}")
            }
            value => Ok(value),
        };
        let hours = check("keep_hours", self.keep_hours, 87_600)?;
        let mib = check("keep_mib", self.keep_mib, 16_777_216)?;
        if hours.is_none() && mib.is_none() {
            return Ok(None);
        }
        Ok(Some(EventsRetention {
            age: hours.map(|hours| Duration::from_secs(u64::from(hours) * 3_600)),
            bytes: mib.map(|mib| i64::from(mib) << 20),
        }))
    }
}

impl Retain {
    pub(crate) fn new(connection: Connection, wanted: EventsRetention) -> Self {
        Self { connection, wanted }
    }
}

impl Task for Retain {
    const NAME: &'static str = "events-retention";
    const PERIOD: Duration = Duration::from_secs(60);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let (jetstream, name) =
            (self.connection.jetstream(), self.connection.namespace().app_events_stream());
        let stream = jetstream.get_stream(&name).await.with_context(|| format!("{name} cannot be read"))?;
        let mut config = stream.cached_info().config.clone();
        let as_found = (config.max_age, config.max_bytes);
        config.max_age = self.wanted.age.unwrap_or(config.max_age);
        config.max_bytes = self.wanted.bytes.unwrap_or(config.max_bytes);
        let (age, bytes) = (config.max_age, config.max_bytes);
        if (age, bytes) != as_found {
            jetstream.update_stream(config).await.with_context(|| format!("{name} cannot be changed"))?;
            tracing::info!(
                stream = name,
                ?age,
                bytes,
                "the retention of the stream was changed, as configured"
            );
        }
        let age =
            if age.is_zero() { "for ever".to_owned() } else { format!("for {} h", age.as_secs() / 3_600) };
        let bound = if bytes > 0 { format!("{} MiB at most", bytes >> 20) } else { "of any size".to_owned() };
        Ok(format!("{name} keeps events {age}, {bound}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_is_checked_by_name() {
        let of = |text: &str| toml::from_str::<Settings>(text).unwrap().check();
        assert_eq!(of("").unwrap(), None);
        let day = of("keep_hours = 24\nkeep_mib = 16777216").unwrap().unwrap();
        assert_eq!((day.age, day.bytes), (Some(Duration::from_secs(86_400)), Some(1 << 44)));
        for (line, name) in [
            ("keep_hours = 0", "events.keep_hours"),
            ("keep_hours = 87601", "events.keep_hours"),
            ("keep_mib = 0", "events.keep_mib"),
            ("keep_mib = 16777217", "events.keep_mib"),
        ] {
            assert!(of(line).unwrap_err().to_string().contains(name), "{line}");
        }
    }
}
