//! Calls through the SDK against raw NATS request and reply, with bodies of the same size; beside them what else a
//! caller might use on this machine.

mod grpc;
mod micro;

use std::time::{Duration, Instant};

use aegis_sdk::metrics::{Meters, Role};
use aegis_sdk::nats::transport::TransportKind;
use aegis_sdk::{Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};
use aegis_testkit::NatsServer;
use async_nats::HeaderMap;
use futures_util::StreamExt as _;

use crate::measure::{Latencies, median, serial, windowed};
use crate::process::resident_bytes;
use crate::report::{Bar, Row};

const PATIENCE: Duration = Duration::from_secs(10);
const WINDOW: usize = 256;

/// How much is measured.
struct Size {
    rounds: u32,
    calls: u32,
    burst: u32,
    /// Calls over which memory must not grow.
    long: u32,
}

/// One way to call.
struct Figures {
    latencies: Latencies,
    rates: Vec<f64>,
}

impl Figures {
    fn new() -> Self {
        Self { latencies: Latencies::default(), rates: vec![] }
    }

    async fn warm<F, Fut>(size: &Size, work: F) -> anyhow::Result<()>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = anyhow::Result<()>>,
    {
        serial(size.calls, &mut Latencies::default(), work).await
    }

    async fn round<F, Fut>(&mut self, size: &Size, work: F) -> anyhow::Result<()>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = anyhow::Result<()>>,
    {
        serial(size.calls, &mut self.latencies, &work).await?;
        self.rates.push(windowed(size.burst, WINDOW, |_| work()).await?);
        Ok(())
    }
}

pub(crate) async fn run(quick: bool) -> anyhow::Result<Vec<Row>> {
    let size = match quick {
        true => Size { rounds: 3, calls: 300, burst: 3_000, long: 100_000 },
        false => Size { rounds: 20, calls: 1_000, burst: 20_000, long: 10_000_000 },
    };
    let server = NatsServer::start().await;
    let raw = server.client().await;
    let responder = tokio::spawn(respond(server.client().await));
    let direct = Pair::start(&server, "echo", TransportKind::Direct).await?;
    let library = Pair::start(&server, "echo-library", TransportKind::AsyncNats).await?;
    let services = micro::Peer::start(&server).await?;
    let grpc = grpc::Peer::start().await?;
    let text = "x".repeat(128);
    let body = bytes::Bytes::from(serde_json::to_vec(&text)?);
    let through_sdk = || direct.call(&text);
    let through_library = || library.call(&text);
    let through_nats = || async {
        raw.request("raw.echo", body.clone()).await?;
        Ok(())
    };
    // The two headers that each call through the SDK has.
    let with_headers = || async {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        headers.insert("Aegis-Timeout-Ms", "10000");
        raw.request_with_headers("raw.echo", headers, body.clone()).await?;
        Ok(())
    };
    let through_services = || services.call(&body);
    let through_grpc = || grpc.call(&text);
    let [mut sdk, mut by_library, mut nats, mut headers, mut micro, mut tonic] =
        std::array::from_fn(|_| Figures::new());
    Figures::warm(&size, through_nats).await?;
    Figures::warm(&size, through_sdk).await?;
    Figures::warm(&size, through_library).await?;
    Figures::warm(&size, through_services).await?;
    Figures::warm(&size, through_grpc).await?;
    for _ in 0..size.rounds {
        nats.round(&size, through_nats).await?;
        sdk.round(&size, through_sdk).await?;
        by_library.round(&size, through_library).await?;
        headers.round(&size, with_headers).await?;
        micro.round(&size, through_services).await?;
        tonic.round(&size, through_grpc).await?;
    }
    let memory = memory(&size, through_sdk).await?;
    direct.service.stop("done").await?;
    library.service.stop("done").await?;
    responder.abort();
    let mut rows = rows(&size, "sdk", &sdk, &nats, Some((1.05, 0.95)));
    rows.push(memory);
    rows.push(recording(&size));
    rows.push(gain(&size, &sdk, &by_library));
    rows.extend(self::rows(&size, "own/library", &sdk, &by_library, None));
    for (name, peer) in
        [("sdk, library", &by_library), ("raw+headers", &headers), ("nats micro", &micro), ("tonic", &tonic)]
    {
        rows.extend(self::rows(&size, name, peer, &nats, None));
    }
    Ok(rows)
}

/// A service that is called through the SDK, and its caller.
struct Pair {
    service: Service,
    client: Client,
    target: Target,
}

impl Pair {
    async fn start(server: &NatsServer, name: &str, transport: TransportKind) -> anyhow::Result<Self> {
        let mut config = ServiceConfig::new(name, "1.0.0")?;
        (config.nats_url, config.transport) = (server.url(), transport);
        let service = Service::builder(config)
            .rpc("say", |_call, text: String| async move { Ok::<_, Fault>(text) })
            .start()
            .await?;
        let options = ConnectOptions { transport, ..ConnectOptions::new(server.url(), "bench") };
        let client = Client::new(&Connection::open(options).await?);
        Ok(Self { service, client, target: Target::any(name)? })
    }

    async fn call(&self, text: &str) -> anyhow::Result<()> {
        self.client.call::<_, String>(&self.target, "say", &text, PATIENCE).await?;
        Ok(())
    }
}

/// By how much calls are better over the project's own client than over the client library, in rate or in the median of
/// serial calls, whichever is more. Below the bar that client would not be worth its code: then it goes.
fn gain(size: &Size, own: &Figures, library: &Figures) -> Row {
    let rate = median(own.rates.clone()) / median(library.rates.clone());
    let latency = library.latencies.micros(0.5) / own.latencies.micros(0.5);
    let trials = u64::from(size.rounds * size.calls);
    Row::new(
        "rate or p50, the better",
        "own/library",
        (rate.max(latency), 1.0),
        "",
        Bar::AtLeast(1.1),
        trials,
    )
}

/// One contestant's rows; `bars` for latency and rate.
fn rows(
    size: &Size,
    name: &'static str,
    figures: &Figures,
    raw: &Figures,
    bars: Option<(f64, f64)>,
) -> Vec<Row> {
    let trials = u64::from(size.rounds * size.calls);
    let (at_most, at_least) = match bars {
        Some((most, least)) => (Bar::AtMost(most), Bar::AtLeast(least)),
        None => (Bar::None, Bar::None),
    };
    let latency = |metric, quantile| {
        let values = (figures.latencies.micros(quantile), raw.latencies.micros(quantile));
        Row::new(metric, name, values, "us", at_most, trials)
    };
    let rates = (median(figures.rates.clone()), median(raw.rates.clone()));
    vec![
        latency("serial call p50", 0.5),
        latency("serial call p99", 0.99),
        Row::new("calls at 256 in flight", name, rates, "1/s", at_least, u64::from(size.rounds * size.burst)),
    ]
}

/// What the process holds after all calls, against what it held after a fifth of them.
async fn memory<F, Fut>(size: &Size, work: F) -> anyhow::Result<Row>
where
    F: Fn() -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let megabytes = || anyhow::Ok(resident_bytes()? / (1024.0 * 1024.0));
    windowed(size.long / 5, WINDOW, |_| work()).await?;
    let early = megabytes()?;
    windowed(size.long - size.long / 5, WINDOW, |_| work()).await?;
    let values = (megabytes()?, early);
    Ok(Row::new("memory after all calls", "sdk", values, "MB", Bar::AtMost(1.05), u64::from(size.long)))
}

/// What it costs to count one call, in nanoseconds, against what it may.
fn recording(size: &Size) -> Row {
    let meters = Meters::default();
    let meter = meters.of(Role::Serve, "say");
    let begun = Instant::now();
    for n in 0..size.long {
        meter.begin();
        meter.end(Duration::from_micros(u64::from(n % 4_096)), None);
    }
    let nanos = begun.elapsed().as_secs_f64() * 1e9 / f64::from(size.long);
    Row::new("counting one call", "sdk", (nanos, 100.0), "ns", Bar::AtMost(1.0), u64::from(size.long))
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
