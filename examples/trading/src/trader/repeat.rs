//! Orders one after the other, whatever happens to them.

use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use super::summary::Summary;
use super::{Answer, Desk, print_line};
use crate::cli::LoopArgs;
use crate::outcome::Outcome;

/// Ends after `count` orders, or when asked to; errors of orders do not end it.
pub(super) async fn run(desk: &Desk, args: &LoopArgs) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut pace = tokio::time::interval(args.every);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut summary = Summary::default();
    while args.count.is_none_or(|count| summary.sent() < count) {
        tokio::select! {
            _ = pace.tick() => {}
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
        // Not cut short by a signal: an order that was sent gets its line.
        let answer = desk.send().await;
        print_line(&line(&answer))?;
        match &answer.result {
            Ok(_filled) => summary.filled(Instant::now()),
            Err(error) => summary.failed(Outcome::from(error)),
        }
    }
    print_line(&summary.to_string())
}

fn line(answer: &Answer) -> String {
    let latency = answer.took.as_secs_f64() * 1_000.0;
    match &answer.result {
        Ok(reply) => {
            let fill = &reply.body;
            format!(
                "ok order={} term={} price={} latency_ms={latency:.1}",
                fill.order_id, fill.term, fill.price
            )
        }
        Err(error) => format!("error code={} latency_ms={latency:.1} ({error})", error.code()),
    }
}
