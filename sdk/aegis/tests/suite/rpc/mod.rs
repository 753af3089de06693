//! Calls on a real server: codecs, limits, cancellation, traces, streams, the services API, the Python wire.

mod codecs;
mod declared;
mod errors;
mod faults;
mod legacy;
mod legacy_records;
mod metrics;
mod micro;
mod repeats;
mod streams;
mod traces;
mod turns;

use std::time::Duration;

use aegis_sdk::{Builder, Client, ConnectOptions, Connection, Service, ServiceConfig, Target};
use aegis_testkit::NatsServer;

const PATIENCE: Duration = Duration::from_secs(10);

fn config(server: &NatsServer, service: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new(service, "1.2.3").unwrap();
    config.nats_url = server.url();
    config.instance = Some(format!("{service}-1").parse().unwrap());
    config.heartbeat_ms = 100;
    config.drain_ms = 1_000;
    config
}

/// The service, and a client on a connection of its own.
async fn start(server: &NatsServer, builder: Builder) -> (Service, Client, Connection) {
    let service = builder.start().await.unwrap();
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    (service, Client::new(&connection), connection)
}

fn any(service: &str) -> Target {
    Target::any(service).unwrap()
}
