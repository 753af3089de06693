//! Consumers in words.

use aegis_graphql::ports::ConsumerFacts;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::output::{one_line, say, table};

pub(super) fn table_of(consumers: &[ConsumerFacts], now: DateTime<Utc>, as_json: bool) {
    if as_json {
        consumers.iter().for_each(|facts| say(&object(facts, now).to_string()));
        return;
    }
    let rows: Vec<_> = consumers.iter().map(|facts| row(facts, now)).collect();
    let header =
        ["STREAM", "NAME", "FILTER", "READER", "PENDING", "UNACKNOWLEDGED", "REDELIVERED", "LAST DELIVERED"];
    table(header, &rows);
}

pub(super) fn whole(facts: &ConsumerFacts, now: DateTime<Utc>, as_json: bool) {
    if as_json {
        say(&object(facts, now).to_string());
        return;
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    for (name, value) in [
        ("stream", facts.stream.clone()),
        ("name", facts.name.clone()),
        ("owner", or_dash(facts.owner.clone())),
        ("filter", filter(facts)),
        ("reader", reader(facts, now)),
        ("requests waiting", facts.waiting.to_string()),
        ("pending", facts.pending.to_string()),
        ("unacknowledged", facts.ack_pending.to_string()),
        ("oldest unprocessed", moment(facts.oldest_at)),
        ("redelivered", facts.redelivered.to_string()),
        ("last delivered", moment(facts.delivered_at)),
        ("last acknowledged", moment(facts.acknowledged_at)),
        ("delivered up to", facts.delivered.to_string()),
        ("acknowledged up to", facts.ack_floor.to_string()),
        ("made", moment(facts.created_at)),
        ("durable", yes(facts.durable)),
        ("sent by the server", yes(facts.push)),
        ("paused", yes(facts.paused)),
        ("leader", or_dash(facts.leader.clone())),
    ] {
        say(&format!("{name:<20}{}", one_line(&value)));
    }
}

/// What is lost with a consumer.
pub(super) fn lost(facts: &ConsumerFacts) -> String {
    match (facts.pending, facts.ack_pending) {
        (0, 0) => "it had processed all its messages".to_owned(),
        (pending, unacknowledged) => format!(
            "{pending} messages that were waiting for it, and {unacknowledged} that it had not acknowledged, are given to \
             nobody in its place"
        ),
    }
}

fn row(facts: &ConsumerFacts, now: DateTime<Utc>) -> [String; 8] {
    [
        facts.stream.clone(),
        facts.name.clone(),
        filter(facts),
        reader(facts, now),
        facts.pending.to_string(),
        facts.ack_pending.to_string(),
        facts.redelivered.to_string(),
        moment(facts.delivered_at),
    ]
}

fn filter(facts: &ConsumerFacts) -> String {
    if facts.filters.is_empty() { ">".to_owned() } else { facts.filters.join(" ") }
}

fn reader(facts: &ConsumerFacts, now: DateTime<Utc>) -> String {
    let told = match (facts.has_reader(now), facts.paused) {
        (true, false) => "yes",
        (true, true) => "yes, paused",
        (false, false) => "no reader",
        (false, true) => "no reader, paused",
    };
    told.to_owned()
}

fn moment(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn object(facts: &ConsumerFacts, now: DateTime<Utc>) -> Value {
    json!({
        "stream": facts.stream,
        "name": facts.name,
        "owner": facts.owner,
        "filters": facts.filters,
        "hasReader": facts.has_reader(now),
        "waiting": facts.waiting,
        "bound": facts.bound,
        "push": facts.push,
        "durable": facts.durable,
        "paused": facts.paused,
        "pending": facts.pending,
        "ackPending": facts.ack_pending,
        "redelivered": facts.redelivered,
        "oldestUnprocessedAt": facts.oldest_at,
        "deliveredSequence": facts.delivered,
        "deliveredAt": facts.delivered_at,
        "ackFloorSequence": facts.ack_floor,
        "acknowledgedAt": facts.acknowledged_at,
        "createdAt": facts.created_at,
        "leader": facts.leader,
    })
}
