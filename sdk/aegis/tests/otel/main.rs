//! Export to a collector that is there, away, or in trouble.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod collector;
mod metrics;
mod spans;
mod trouble;

use std::time::Duration;

use aegis_sdk::{OtelConfig, ServiceConfig, Target};
use aegis_testkit::{NatsServer, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);

/// An instance `<service>-1` that exports to this address.
fn config(server: &NatsServer, service: &str, endpoint: &str) -> ServiceConfig {
    let mut config = ServiceConfig::new(service, "1.2.3").unwrap();
    config.nats_url = server.url();
    config.instance = Some(format!("{service}-1").parse().unwrap());
    config.heartbeat_ms = 100;
    config.drain_ms = 1_000;
    config.otel = Some(OtelConfig { interval_ms: 100, ..OtelConfig::new(endpoint) });
    config
}

fn any(service: &str) -> Target {
    Target::any(service).unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let check = || std::future::ready(if holds() { Ok(()) } else { Err("not yet".to_owned()) });
    wait_until(what, PATIENCE, check).await;
}
