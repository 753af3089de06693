//! What the servers of JetStream tell of the streams and of the lease store. They are asked in the background: a scrape never
//! waits for them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_graphql::ports::{DeadLetters as _, JetStream as _, Refused, StorageFacts, StreamFacts};
use aegis_nats::ConnectionState;
use anyhow::Context as _;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::services::{as_f64, tell, tell_one};
use crate::adapter::Adapter;
use crate::background::{Task, reconnected};

/// The streams are asked for at every third time that the lease store is read.
const STREAMS: u32 = 3;
/// So many streams are told, in order of name: the number of series has a bound.
const MOST: usize = 200;

/// What was told last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Servers {
    known: Arc<Mutex<Known>>,
    read: Reads,
}

/// Asks them.
#[derive(Debug)]
pub(crate) struct Asking {
    servers: Servers,
    adapter: Arc<Adapter>,
    state: watch::Receiver<ConnectionState>,
    /// How often it has asked.
    n: u32,
}

#[derive(Debug, Default)]
struct Known {
    streams: Vec<StreamFacts>,
    storage: Option<StorageFacts>,
    letters: Option<u64>,
    readable: Option<bool>,
}

/// How long reads of the lease store took.
#[derive(Debug, Clone)]
struct Reads(Histogram);

impl Default for Reads {
    fn default() -> Self {
        Self(Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]))
    }
}

impl Servers {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "lease_store_read_seconds",
            "How long reads of the lease store took; it is read every ten seconds",
            self.read.0.clone(),
        );
        registry.register_collector(Box::new(Self::clone(self)));
    }

    /// Who asks them.
    pub(crate) fn asking(&self, adapter: &Arc<Adapter>) -> Asking {
        let state = adapter.connection.state();
        Asking { servers: self.clone(), adapter: Arc::clone(adapter), state, n: 0 }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task for Asking {
    const NAME: &'static str = "nats-servers";
    /// How often the lease store is read.
    const PERIOD: Duration = Duration::from_secs(10);
    const SPREAD: Duration = Duration::from_secs(1);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let streams = self.n.is_multiple_of(STREAMS);
        self.n = self.n.wrapping_add(1);
        let read = self.read_lease_store().await;
        let looked = if streams { self.look().await } else { Ok(()) };
        let ms = read?;
        looked?;
        Ok(format!("the lease store was read within {ms:.1} ms"))
    }

    /// Nothing of what was told before the outage is known to be so.
    async fn between(&mut self) {
        reconnected(&mut self.state).await;
        self.n = 0;
    }
}

impl Asking {
    async fn read_lease_store(&self) -> anyhow::Result<f64> {
        let facts = self.adapter.lease_store_facts().await;
        let read = facts.as_ref().ok().and_then(|facts| facts.read_ms);
        if let Some(ms) = read {
            self.servers.read.0.observe(ms / 1e3);
        }
        self.servers.known().readable = Some(read.is_some());
        facts.map_err(|refused| failed("the lease store", &refused))?;
        read.context("the lease store was not read within a second")
    }

    /// What NATS does not answer now is left out of the metrics; older values are not kept.
    async fn look(&self) -> anyhow::Result<()> {
        let adapter = &self.adapter;
        let (streams, storage, letters) = tokio::join!(adapter.streams(), adapter.storage(), adapter.count());
        let errors = [
            streams.as_ref().err().map(|refused| failed("streams", refused)),
            storage.as_ref().err().map(|refused| failed("storage", refused)),
            letters.as_ref().err().map(|refused| failed("dead letters", refused)),
        ];
        let mut known = self.servers.known();
        known.streams = streams.unwrap_or_default();
        (known.storage, known.letters) = (storage.ok(), letters.ok());
        errors.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

fn failed(what: &str, Refused { message, .. }: &Refused) -> anyhow::Error {
    anyhow::anyhow!("{what}: {message}")
}

impl Collector for Servers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let known = self.known();
        tell_one(
            &mut encoder,
            "lease_store_readable",
            "1 when the lease store was read within a second when it was tried last",
            known.readable.map(|readable| as_f64(u64::from(readable))),
        )?;
        tell_one(
            &mut encoder,
            "dead_letters_undecided",
            "Messages that nobody could process and nobody has decided on",
            known.letters.map(as_f64),
        )?;
        let storage = known.storage;
        tell_one(
            &mut encoder,
            "storage_used_bytes",
            "What the account stores in files",
            storage.map(|storage| as_f64(storage.used)),
        )?;
        tell_one(
            &mut encoder,
            "storage_limit_bytes",
            "The most that the account may store in files",
            storage.and_then(|storage| storage.limit).map(as_f64),
        )?;
        let days = storage.and_then(|storage| storage.days_left(&known.streams));
        tell_one(
            &mut encoder,
            "storage_days_left",
            "After how many days that limit is reached at the rate of the streams that still grow",
            days,
        )?;
        let mut of_streams = |name: &str, help: &str, value: &dyn Fn(&StreamFacts) -> u64| {
            let rows = known.streams.iter().take(MOST);
            let rows = rows.map(|stream| ([("stream", stream.name.as_str())], Some(as_f64(value(stream)))));
            tell(&mut encoder, name, help, rows)
        };
        of_streams("stream_messages", "Messages in the stream", &|stream| stream.messages)?;
        of_streams("stream_bytes", "Bytes of the stream", &|stream| stream.bytes)?;
        of_streams("stream_replicas", "How many copies the stream is to have", &|stream| stream.replicas)?;
        of_streams("stream_replicas_current", "How many of them are there and current", &|stream| {
            stream.current
        })
    }
}
