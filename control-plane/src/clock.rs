//! How far this machine's clock is off that of NATS, whose time of record counts everywhere: for ages on the page,
//! and for operators who set clocks. No decision depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use aegis_nats::{Connection, ConnectionState};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::sync::watch;

use crate::background::{Task, reconnected};

/// What is known of the server's clock. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerClock(Arc<AtomicI64>);

/// Asks the server for its time.
#[derive(Debug)]
pub(crate) struct Asking {
    clock: ServerClock,
    connection: Connection,
    state: watch::Receiver<ConnectionState>,
}

/// What an answer of JetStream begins with.
#[derive(Deserialize)]
struct Told {
    ts: DateTime<Utc>,
}

impl ServerClock {
    /// How far the server's clock is ahead of this machine's, in microseconds; 0 before it is known.
    pub(crate) fn ahead_micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The same in seconds.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
    pub(crate) fn ahead_seconds(&self) -> f64 {
        self.ahead_micros() as f64 / 1e6
    }

    /// The server's time now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.checked_add_signed(TimeDelta::microseconds(self.ahead_micros())).unwrap_or(now)
    }

    /// Who asks the server for its time.
    pub(crate) fn asking(&self, connection: &Connection) -> Asking {
        Asking { clock: self.clone(), connection: connection.clone(), state: connection.state() }
    }
}

impl Task for Asking {
    const NAME: &'static str = "server-clock";
    const PERIOD: Duration = Duration::from_secs(10);
    const SPREAD: Duration = Duration::from_secs(1);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let subject = format!("STREAM.INFO.{}", self.connection.namespace().events_stream());
        let asked = Instant::now();
        let answer = self.connection.jetstream().request::<_, _, Told>(subject, &()).await;
        let Told { ts } = answer.context("the server's time is not known now")?;
        // It was told about halfway.
        let here = Utc::now() - asked.elapsed() / 2;
        let ahead = ts.signed_duration_since(here).num_microseconds().unwrap_or_default();
        self.clock.0.store(ahead, Ordering::Relaxed);
        Ok(format!("the clock of NATS is ahead by {:.3} s", self.clock.ahead_seconds()))
    }

    async fn between(&mut self) {
        reconnected(&mut self.state).await;
    }
}
