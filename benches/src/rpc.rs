//! Calls through the SDK against raw NATS request and reply, with bodies of the same size.

use std::time::Duration;

use aegis_sdk::{Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};
use aegis_testkit::NatsServer;
use futures_util::StreamExt as _;

use crate::measure::{Latencies, median, serial, windowed};
use crate::report::{Bar, Row};

const PATIENCE: Duration = Duration::from_secs(10);
const WINDOW: usize = 256;

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, calls, burst) = if quick { (3, 300, 3_000) } else { (20, 1_000, 20_000) };
    let server = NatsServer::start().await;
    let raw = server.client().await;
    let responder = tokio::spawn(respond(server.client().await));
    let mut config = ServiceConfig::new("echo", "1.0.0")?;
    config.nats_url = server.url();
    let service = Service::builder(config)
        .rpc("say", |_call, text: String| async move { Ok::<_, Fault>(text) })
        .start()
        .await?;
    let connection = Connection::open(ConnectOptions::new(server.url(), "bench")).await?;
    let (client, target) = (Client::new(&connection), Target::any("echo")?);
    let text = "x".repeat(128);
    let body = bytes::Bytes::from(serde_json::to_vec(&text)?);
    let through_sdk = || async {
        client.call::<_, String>(&target, "say", &text, PATIENCE).await?;
        Ok(())
    };
    let through_nats = || async {
        raw.request("raw.echo", body.clone()).await?;
        Ok(())
    };
    let (mut sdk, mut nats) = (Latencies::default(), Latencies::default());
    let (mut sdk_rate, mut nats_rate) = (Vec::new(), Vec::new());
    let (mut warm_sdk, mut warm_nats) = (Latencies::default(), Latencies::default());
    serial(calls, &mut warm_nats, through_nats).await?;
    serial(calls, &mut warm_sdk, through_sdk).await?;
    for _ in 0..rounds {
        serial(calls, &mut nats, through_nats).await?;
        serial(calls, &mut sdk, through_sdk).await?;
        nats_rate.push(windowed(burst, WINDOW, |_| through_nats()).await?);
        sdk_rate.push(windowed(burst, WINDOW, |_| through_sdk()).await?);
    }
    service.stop("done").await?;
    responder.abort();
    let trials = u64::from(rounds * calls);
    let latency = |metric, quantile| {
        let values = (sdk.micros(quantile), nats.micros(quantile));
        Row::new(metric, "sdk", values, "us", Bar::AtMost(1.05), trials)
    };
    let rates = (median(sdk_rate), median(nats_rate));
    Ok(vec![
        latency("serial call p50", 0.5),
        latency("serial call p99", 0.99),
        Row::new(
            "calls at 256 in flight",
            "sdk",
            rates,
            "1/s",
            Bar::AtLeast(0.95),
            u64::from(rounds * burst),
        ),
    ])
}

async fn respond(client: async_nats::Client) -> anyhow::Result<()> {
    let mut requests = client.queue_subscribe("raw.echo", "raw".to_owned()).await?;
    while let Some(request) = requests.next().await {
        if let Some(reply) = request.reply {
            client.publish(reply, request.payload).await?;
        }
    }
    Ok(())
}
