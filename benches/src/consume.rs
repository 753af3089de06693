//! Events delivered to a durable subscription of the SDK and acknowledged, against a pull consumer of the client
//! library with the same policy: explicit acknowledgements, 256 at most without one, asked for 256 at a time. From the first
//! delivery, so that getting the pin of a competing reader is no part of it, until the server has all acknowledgements.

use std::time::{Duration, Instant};

use aegis_domain::wire::consumer::durable;
use aegis_domain::{InstanceName, ServiceName};
use aegis_sdk::events::Mode;
use aegis_sdk::{Connection, Events, Start, Subscribe};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::measure::{median, windowed};
use crate::report::{Bar, Row};

const WINDOW: usize = 256;
/// Events of one subject are handed out one after the other, so a single one would measure something else.
const SUBJECTS: u32 = 64;
const ACK_WAIT: Duration = Duration::from_secs(15);
const BOUND: Duration = Duration::from_secs(60);

pub(crate) async fn rows(connection: &Connection, quick: bool) -> anyhow::Result<Vec<Row>> {
    let (rounds, burst) = if quick { (3, 5_000) } else { (11, 20_000) };
    let events = Events::new(connection);
    let (mut raw, mut compete, mut broadcast) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let first = fill(&events, burst).await?;
        // Another one begins each time: the first to read finds the events written a moment ago.
        let mut taken = [0.0; 3];
        for turn in 0..taken.len() {
            let who = (turn + usize::try_from(round)?) % taken.len();
            let work = async {
                match who {
                    0 => plain(connection, first, burst).await,
                    1 => subscribed(connection, &events, Mode::Compete, first, burst).await,
                    _ => subscribed(connection, &events, Mode::Broadcast, first, burst).await,
                }
            };
            taken[who] = f64::from(burst) / tokio::time::timeout(BOUND, work).await??.as_secs_f64();
        }
        // The first round warms up.
        if round > 0 {
            raw.push(taken[0]);
            compete.push(taken[1]);
            broadcast.push(taken[2]);
        }
    }
    let (raw, trials) = (median(raw), u64::from(rounds * burst));
    let row = |name, ours| Row::new(name, "sdk", (ours, raw), "1/s", Bar::None, trials);
    Ok(vec![row("consume, compete", median(compete)), row("consume, broadcast", median(broadcast))])
}

/// Publishes so many events, and says where in the stream the first stands.
async fn fill(events: &Events, burst: u32) -> anyhow::Result<u64> {
    let body = json!({"symbol": "EURUSD", "price": 1.0842, "sequence": 17, "time_ms": 1_700_000_000_000_u64,
        "note": "x".repeat(48)});
    let first = events.draft("market", "quote-0").publish(&body).await?.sequence;
    let body = &body;
    windowed(burst - 1, WINDOW, |n| async move {
        events.draft("market", &format!("quote-{}", n % SUBJECTS)).publish(body).await?;
        Ok(())
    })
    .await?;
    Ok(first)
}

async fn subscribed(
    connection: &Connection,
    events: &Events,
    mode: Mode,
    first: u64,
    burst: u32,
) -> anyhow::Result<Duration> {
    let name = Uuid::now_v7().simple().to_string();
    let (service, instance): (ServiceName, InstanceName) = ("bench".parse()?, "bench-1".parse()?);
    let subscribe = Subscribe::to("market.*")
        .named(&name)
        .mode(mode)
        .from(Start::Sequence(first))
        .window(WINDOW)
        .concurrency(WINDOW)
        .ack_wait(ACK_WAIT);
    let mut subscription = events.subscribe(&service, &instance, subscribe).await?;
    let mut begun = Instant::now();
    for n in 0..burst {
        let delivery = subscription.next().await.ok_or_else(|| anyhow::anyhow!("the subscription ended"))?;
        if n == 0 {
            begun = Instant::now();
        }
        delivery.event.decode::<Value>()?;
        delivery.ack();
    }
    let alone = match mode {
        Mode::Compete | Mode::Spread => None,
        Mode::Broadcast => Some(&instance),
    };
    let durable = durable(&service, &name, alone);
    settled(connection, &durable).await?;
    let took = begun.elapsed();
    subscription.close(ACK_WAIT).await?;
    remove(connection, &durable).await?;
    Ok(took)
}

async fn plain(connection: &Connection, first: u64, burst: u32) -> anyhow::Result<Duration> {
    let durable = Uuid::now_v7().simple().to_string();
    let config = pull::Config {
        durable_name: Some(durable.clone()),
        filter_subject: "events.market.*".to_owned(),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: first },
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: i64::try_from(WINDOW)?,
        ..pull::Config::default()
    };
    let consumer: PullConsumer = connection
        .jetstream()
        .create_consumer_on_stream(config, connection.namespace().app_events_stream())
        .await?;
    let mut messages = consumer.stream().max_messages_per_batch(WINDOW).messages().await?;
    let mut begun = Instant::now();
    for n in 0..burst {
        let message = messages.next().await.ok_or_else(|| anyhow::anyhow!("the consumer ended"))??;
        if n == 0 {
            begun = Instant::now();
        }
        serde_json::from_slice::<Value>(&message.payload)?;
        message.ack().await.map_err(|error| anyhow::anyhow!(error))?;
    }
    settled(connection, &durable).await?;
    let took = begun.elapsed();
    drop(messages);
    remove(connection, &durable).await?;
    Ok(took)
}

/// Until the server has all acknowledgements.
async fn settled(connection: &Connection, durable: &str) -> anyhow::Result<()> {
    loop {
        let consumer: PullConsumer = connection
            .jetstream()
            .get_consumer_from_stream(durable, connection.namespace().app_events_stream())
            .await?;
        let info = consumer.cached_info();
        if info.num_pending == 0 && info.num_ack_pending == 0 {
            return Ok(());
        }
    }
}

async fn remove(connection: &Connection, durable: &str) -> anyhow::Result<()> {
    connection
        .jetstream()
        .delete_consumer_from_stream(durable, connection.namespace().app_events_stream())
        .await?;
    Ok(())
}
