//! Events on a real server.

mod faults;
mod lost;
mod publish;
mod subscribe;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::{InstanceName, ServiceName};
use aegis_sdk::dead_letters::DeadLetters;
use aegis_sdk::events::Subscription;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Events, Fault, RetryPolicy, Service, ServiceConfig, Subscribe};
use aegis_testkit::{NatsServer, wait_until};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) events: Events,
    pub(crate) letters: DeadLetters,
    pub(crate) connection: Connection,
    pub(crate) server: NatsServer,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        provision(&connection).await.unwrap();
        let (events, letters) = (Events::new(&connection), DeadLetters::new(&connection));
        Self { events, letters, connection, server }
    }

    pub(crate) fn config(&self, instance: &str) -> ServiceConfig {
        config(&self.server.url(), instance)
    }

    /// Publishes the numbers on one subject, in order.
    pub(crate) async fn publish(&self, event_type: &str, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.events.publish("test", event_type, &number).await.unwrap();
        }
    }

    pub(crate) async fn subscribe(&self, instance: &str, subscribe: Subscribe) -> Subscription {
        let (service, instance) = (ServiceName::new("reader").unwrap(), InstanceName::new(instance).unwrap());
        self.events.subscribe(&service, &instance, subscribe).await.unwrap()
    }

    pub(crate) async fn stored(&self) -> u64 {
        let stream = self.connection.jetstream().get_stream("EVENTS").await.unwrap();
        stream.cached_info().state.messages
    }

    pub(crate) async fn wait_for_letters(&self, count: u64) {
        wait_until("the dead letters", PATIENCE, || async {
            let found = self.letters.count().await.map_err(|e| e.to_string())?;
            if found == count { Ok(()) } else { Err(format!("{found} of {count}")) }
        })
        .await;
    }
}

pub(crate) fn config(url: &str, instance: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new("reader", "1.0.0").unwrap();
    config.instance = Some(InstanceName::new(instance).unwrap());
    config.nats_url = url.to_owned();
    config.drain_ms = 3_000;
    config
}

/// What handlers have seen: who, on which subject, and the number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<(String, String, u64)>>>);

impl Seen {
    pub(crate) fn note(&self, who: &str, subject: &str, number: u64) {
        self.0.lock().unwrap().push((who.to_owned(), subject.to_owned(), number));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn by(&self, who: &str) -> Vec<u64> {
        self.0.lock().unwrap().iter().filter(|it| it.0 == who).map(|it| it.2).collect()
    }

    pub(crate) fn on(&self, event_type: &str) -> Vec<u64> {
        let subject = format!("events.test.{event_type}");
        self.0.lock().unwrap().iter().filter(|it| it.1 == subject).map(|it| it.2).collect()
    }

    pub(crate) async fn wait(&self, count: usize) {
        wait_until("the events", PATIENCE, || async {
            let found = self.len();
            if found >= count { Ok(()) } else { Err(format!("{found} of {count}: {self:?}")) }
        })
        .await;
    }
}

/// A service that notes what it gets.
pub(crate) async fn noting(config: ServiceConfig, subscribe: Subscribe, seen: &Seen) -> Service {
    let (seen, me) = (seen.clone(), config.instance.clone().unwrap().to_string());
    Service::builder(config)
        .on_event(subscribe, move |context, number: u64| {
            seen.note(&me, &context.event.subject, number);
            async { Ok::<_, Fault>(()) }
        })
        .start()
        .await
        .unwrap()
}

/// Quick tries, so many.
pub(crate) fn tries(count: u32) -> RetryPolicy {
    RetryPolicy::exponential(Duration::from_millis(30), Duration::from_millis(100), count)
}
