//! `aegis events tail`

use aegis_domain::{AggregateId, AggregateKind, Recorded, ServiceName};
use aegis_projections::view::EventView;
use aegis_sdk::Journal;
use aegis_sdk::journal::{Entry, Item, Selection, Start};
use chrono::{SecondsFormat, Utc};
use clap::ValueEnum;
use serde_json::json;

use super::place::Place;
use crate::access::Access;
use crate::output::{complain, is_read, one_line, say};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for people.
    Text,
    /// One object a line.
    Ndjson,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    /// Begin there instead of with what is new: at this sequence, or at this time by the server's clock; 1 is the
    /// beginning.
    #[arg(long, value_name = "TIME|SEQUENCE")]
    from: Option<Place>,
    /// End once everything that stands in the log is printed.
    #[arg(long)]
    no_follow: bool,
    /// Of this service only.
    #[arg(long, conflicts_with = "aggregate")]
    service: Option<ServiceName>,
    /// Of this aggregate only, for example leadership.trading-service.ACC-1.
    #[arg(long)]
    aggregate: Option<AggregateId>,
    /// Of this type only, for example aegis.leadership.leader_elected.v1. May be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn tail(args: TailArgs) -> anyhow::Result<()> {
    let connection = args.access.connection().await?;
    let journal = Journal::new(&connection);
    let start = match args.from {
        Some(place) => Start::from(place),
        None => Start::Sequence(journal.last_sequence().await?.next()),
    };
    let mut selection = Selection::default().from(start);
    if let Some(id) = &args.aggregate {
        selection = selection.aggregate(id);
    }
    if let Some(service) = &args.service {
        let of = |kind: AggregateKind, rest: &str| format!("{}.{service}{rest}", kind.as_str());
        selection = selection
            .matching(of(AggregateKind::Definition, ""))
            .matching(of(AggregateKind::Instance, ".*"))
            .matching(of(AggregateKind::Leadership, ".*"));
    }
    for event_type in &args.types {
        selection = selection.event_type(event_type.as_str());
    }
    let mut events = journal.subscribe(selection);
    while is_read() {
        match events.next().await {
            Item::Event(entry) => say(&line(&entry, args.format)),
            Item::Live if args.no_follow => return Ok(()),
            Item::Live => {}
            Item::Replaced => complain(
                "warning: the log was replaced by another, or its history went back: this is its beginning",
            ),
            Item::Blind => complain("warning: the log cannot be read now; trying again"),
            Item::Unreadable { sequence, subject, error } => {
                complain(&format!("warning: message {sequence} on {subject} is no readable event: {error}"));
            }
        }
    }
    Ok(())
}

fn line(entry: &Entry<Recorded>, format: Format) -> String {
    let view = EventView::of(&entry.event, entry.recorded_at);
    match format {
        Format::Text => format!(
            "{:>8}  {}  {}  ({})",
            view.sequence.get(),
            view.recorded_at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Millis, true),
            one_line(&view.summary),
            one_line(&view.actor.to_string())
        ),
        Format::Ndjson => json!({
            "sequence": view.sequence,
            "recorded_at": view.recorded_at,
            "id": view.id,
            "type": view.event_type,
            "aggregate": view.aggregate,
            "version": view.version,
            "time": view.time,
            "actor": view.actor,
            "correlation": view.correlation,
            "causation": view.causation,
            "hash": entry.event.hash.to_string(),
            "previous": entry.event.envelope.previous.to_string(),
            "data": view.data,
        })
        .to_string(),
    }
}
