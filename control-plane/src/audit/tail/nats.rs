//! Straight from the log.

use aegis_domain::{AggregateId, AggregateKind, Recorded};
use aegis_journal::Journal;
use aegis_journal::{Entry, Item, Selection, Start};
use aegis_nats::Connection;
use aegis_projections::view::EventView;

use super::{BLIND, Line, REPLACED, TailArgs, print};
use crate::output::{is_read, print_error};

pub(super) async fn tail(
    args: &TailArgs,
    aggregate: Option<&AggregateId>,
    connection: &Connection,
) -> anyhow::Result<()> {
    let journal = Journal::new(connection);
    let start = match args.from {
        Some(place) => Start::from(place),
        None => Start::Sequence(journal.last_sequence().await?.next()),
    };
    let mut selection = Selection::default().from(start);
    if let Some(id) = aggregate {
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
            Item::Event(entry) => print(&line(&entry), args.format),
            Item::Live if args.no_follow => return Ok(()),
            Item::Live => {}
            Item::Replaced => print_error(REPLACED),
            Item::Blind => print_error(BLIND),
            Item::Unreadable { sequence, subject, error } => {
                print_error(&format!(
                    "warning: message {sequence} on {subject} is no readable event: {error}"
                ));
            }
        }
    }
    Ok(())
}

fn line(entry: &Entry<Recorded>) -> Line {
    let view = EventView::of(&entry.event, entry.recorded_at);
    Line {
        sequence: view.sequence.get(),
        recorded_at: view.recorded_at,
        id: view.id,
        event_type: view.event_type,
        aggregate: view.aggregate,
        version: view.version,
        time: view.time,
        actor: view.actor,
        correlation: view.correlation,
        causation: view.causation,
        summary: view.summary,
        data: view.data,
        hashes: Some((entry.event.hash.to_string(), entry.event.envelope.previous.to_string())),
    }
}
