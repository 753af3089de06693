//! Events of a journal of users. Its schema is not known: what the headers say is shown, and the body as it stands.

use aegis_domain::schema::keep_digits;
use aegis_journal::foreign::{self, ForeignEvent};
use aegis_nats::Connection;
use aegis_nats::follow::{Followed, Follower, From, Message, Wanted};
use anyhow::ensure;
use serde_json::Value;

use super::{BLIND, Line, REPLACED, TailArgs, print};
use crate::audit::journals::unknown;
use crate::audit::place::Place;
use crate::output::{is_read, print_error};

/// So many characters of a body are in a line for people.
const SHOWN: usize = 160;

pub(super) async fn tail(args: &TailArgs, connection: &Connection, journal: &str) -> anyhow::Result<()> {
    let Some(stream) = foreign::stream(connection, journal).await? else {
        anyhow::bail!(unknown(connection, journal).await);
    };
    let last = stream.cached_info().state.last_sequence;
    let from = match args.from {
        Some(Place::Sequence(sequence)) => From::Sequence(sequence.get()),
        Some(Place::Time(time)) => From::Time(time),
        None => From::Sequence(last.saturating_add(1)),
    };
    let namespace = connection.namespace();
    let name = namespace.journal_stream(journal);
    let filters = args.aggregate.as_ref().map(|id| {
        ensure!(foreign::is_id(id), "INVALID_INPUT: {id:?} is no aggregate: use tokens joined by dots");
        Ok(format!("{}.{id}", namespace.journal_prefix(journal)))
    });
    let filters = filters.transpose()?.into_iter().collect();
    let wanted = Wanted { filters, ..Wanted::default() };
    let mut follower = Follower::filtered(connection, name, from, wanted);
    while is_read() {
        match follower.next().await {
            Followed::Message(message) => {
                let (sequence, subject) = (message.sequence, &message.subject);
                let headers = message.headers.as_ref();
                match foreign::decode((namespace, journal), sequence, subject, headers, &message.body) {
                    Ok(event) if is_wanted(args, &event) => print(&line(&event, &message), args.format),
                    Ok(_other) => {}
                    Err(error) => print_error(&format!(
                        "warning: message {sequence} on {subject} is no readable event: {error}"
                    )),
                }
                if args.no_follow && (message.pending == 0 || sequence >= last) {
                    return Ok(());
                }
            }
            Followed::Idle if args.no_follow => return Ok(()),
            Followed::Idle => {}
            Followed::Replaced => print_error(REPLACED),
            Followed::Blind => print_error(BLIND),
        }
    }
    Ok(())
}

fn is_wanted(args: &TailArgs, event: &ForeignEvent) -> bool {
    args.types.is_empty() || args.types.contains(&event.metadata.event_type)
}

fn line(event: &ForeignEvent, message: &Message) -> Line {
    let ForeignEvent { aggregate, metadata, hash } = event;
    let read = serde_json::from_slice::<Value>(&keep_digits(&message.body));
    let body = match &read {
        Ok(data) => data.to_string(),
        Err(_) => format!("a body of {} bytes that is no JSON", message.body.len()),
    };
    let shown: String = body.chars().take(SHOWN).collect();
    let more = if shown.len() < body.len() { "…" } else { "" };
    let (name, version) = (&metadata.event_type, metadata.version);
    Line {
        sequence: message.sequence,
        recorded_at: message.recorded_at,
        id: metadata.id.to_string(),
        event_type: name.clone(),
        aggregate: aggregate.clone(),
        version: version.get(),
        time: metadata.context.time,
        actor: metadata.context.actor.to_string(),
        correlation: metadata.context.correlation.clone(),
        causation: metadata.context.causation.clone(),
        summary: format!("{aggregate} {version} {name} {shown}{more}"),
        data: read.unwrap_or(Value::Null),
        hashes: Some((hash.to_string(), metadata.previous.to_string())),
    }
}
