//! The queries of the page, several at a time.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::json;

use crate::control::ControlPlane;
use crate::measure::Latencies;
use crate::report::{Bar, Row};

/// So many are under way at a time.
const ASKERS: usize = 4;
/// Bar, in milliseconds.
const LATENCY: f64 = 50.0;
const QUERIES: [(&str, &str); 5] = [
    (
        "instances, worst first",
        "{ instances(first: 50) { nodes { id service instance version status reason statusSince groups { group term since } \
         defined flapping conflict lastBeatAt metrics { inFlight queueDepth callsPerSecond p99Ms calls errors } } \
         pageInfo { hasNextPage endCursor } totalCount asOfSequence } }",
    ),
    (
        "instances, by p99",
        "{ instances(first: 50, orderBy: { field: P99, descending: true }) { nodes { id status metrics { p99Ms } } \
         totalCount asOfSequence } }",
    ),
    (
        "leaders",
        "{ leaders(first: 200) { nodes { id service group term instance since reason } totalCount } }",
    ),
    (
        "events",
        "{ events(last: 50) { nodes { id sequence type kind aggregate service time actor summary data } asOfSequence } }",
    ),
    ("system", "{ system { asOfSequence natsConnected version } }"),
];

/// Each for so long.
pub(super) async fn run(
    control: &ControlPlane,
    tokens: &[String],
    time: Duration,
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, query) in QUERIES {
        let begun = Instant::now();
        let asked = try_join_all((0..ASKERS).map(|n| ask(control, tokens, query, (n, begun + time)))).await?;
        let mut all = Latencies::default();
        for one in &asked {
            all.add(one)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let rate = all.count() as f64 / begun.elapsed().as_secs_f64();
        rows.push(Row::new(format!("{name}: rate"), "queries", (rate, 0.0), "1/s", Bar::None, all.count()));
        let p99 = (all.micros(0.99) / 1000.0, LATENCY);
        rows.push(Row::new(format!("{name}: p99"), "queries", p99, "ms", Bar::AtMost(1.0), all.count()));
    }
    Ok(rows)
}

async fn ask(
    control: &ControlPlane,
    tokens: &[String],
    query: &str,
    (asker, until): (usize, Instant),
) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::default();
    // One principal alone would soon have spent what it may.
    for token in tokens.iter().cycle().skip(asker) {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        match control.query_as(token, query, &json!({})).await? {
            Ok(_data) => latencies.record(begun.elapsed()),
            Err(Some(wait)) => tokio::time::sleep(wait).await,
            Err(None) => anyhow::bail!("refused: {query}"),
        }
    }
    Ok(latencies)
}
