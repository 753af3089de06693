//! How far this machine's clock is off that of NATS, whose time of record counts everywhere: for what is shown as an age,
//! and for whoever sets clocks. Nothing is decided by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use aegis_sdk::Connection;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// How often the server is asked for its time.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// What is known of the server's clock. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerClock(Arc<AtomicI64>);

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

    /// Asks again and again, until stopped.
    pub(crate) async fn follow(self, connection: Connection, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let subject = format!("STREAM.INFO.{}", connection.namespace().events_stream());
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let asked = Instant::now();
            let answer = connection.jetstream().request::<_, _, Told>(subject.clone(), &());
            match stop.run_until_cancelled(answer).await {
                // It was told about halfway.
                Some(Ok(Told { ts })) => {
                    let here = Utc::now() - asked.elapsed() / 2;
                    let ahead = ts.signed_duration_since(here).num_microseconds().unwrap_or_default();
                    self.0.store(ahead, Ordering::Relaxed);
                }
                Some(Err(error)) => tracing::debug!(%error, "the server's time is not known now"),
                None => return,
            }
        }
    }
}
