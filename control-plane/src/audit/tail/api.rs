//! Over the API of a control plane: what stands in the log in pages, what comes as a stream.

use aegis_api_client::types::Event;
use aegis_api_client::{Error, EventWindow, EventsFilter, Followed, Start};
use anyhow::bail;

use super::{BLIND, Line, REPLACED, TailArgs, print};
use crate::audit::place::Place;
use crate::output::{is_read, print_error};
use crate::remote::{Api, told};

/// The longest page of events.
const PAGE: u32 = 500;

pub(super) async fn tail(args: &TailArgs, api: &Api) -> anyhow::Result<()> {
    let filter = EventsFilter {
        types: args.types.clone(),
        service: args.service.as_ref().map(ToString::to_string),
        aggregate: args.aggregate.clone(),
        ..EventsFilter::default()
    };
    let mut after = match args.from {
        None => api.head,
        Some(place) => {
            api.caught_up().await?;
            check_beginning(api, place).await?;
            standing(args, api, &filter, place).await?
        }
    };
    if args.no_follow {
        return Ok(());
    }
    loop {
        let Err(error) = live(args, api, &filter, after).await else { return Ok(()) };
        if error.code() != Some("HISTORY_REPLACED") {
            return Err(told(&error));
        }
        print_error(REPLACED);
        after = 0;
    }
}

/// Prints what stands in the log from this place on, and answers the position up to which that is all.
async fn standing(args: &TailArgs, api: &Api, filter: &EventsFilter, place: Place) -> anyhow::Result<u64> {
    let mut filter = filter.clone();
    let mut after = match place {
        Place::Sequence(sequence) => Some(sequence.get().saturating_sub(1)),
        Place::Time(time) => {
            filter.from = Some(time);
            None
        }
    };
    while is_read() {
        let page = api.client.events(&filter, EventWindow::First(PAGE, after)).await.map_err(|e| told(&e))?;
        page.items.iter().for_each(|event| print(&line(event), args.format));
        match (page.next_cursor, page.items.last()) {
            (Some(_), Some(last)) => after = Some(last.sequence),
            (_, last) => {
                let last = last.map(|last| last.sequence).or(after);
                return Ok(page.as_of_sequence.max(last.unwrap_or_default()));
            }
        }
    }
    Ok(after.unwrap_or_default())
}

/// The index of a replica may begin later than the log. What it has not is said, and not passed over.
async fn check_beginning(api: &Api, place: Place) -> anyhow::Result<()> {
    let all = EventsFilter::default();
    let oldest = api.client.events(&all, EventWindow::First(1, None)).await.map_err(|e| told(&e))?;
    let Some(oldest) = oldest.items.first() else { return Ok(()) };
    // Messages before it may also be none of events; the replica knows.
    match api.client.events(&all, EventWindow::First(1, Some(0))).await {
        Ok(_) => return Ok(()),
        Err(error) if error.code() == Some("CURSOR_EXPIRED") => {}
        Err(error) => return Err(told(&error)),
    }
    let is_before = match place {
        Place::Sequence(sequence) => sequence.get() < oldest.sequence,
        Place::Time(time) => time < oldest.recorded_at,
    };
    if is_before {
        bail!(
            "CURSOR_EXPIRED: the control plane tells events from {} on, of {}: begin there, or read the log itself with \
             --nats-url",
            oldest.sequence,
            oldest.recorded_at.to_rfc3339()
        );
    }
    Ok(())
}

async fn live(args: &TailArgs, api: &Api, filter: &EventsFilter, after: u64) -> Result<(), Error> {
    let mut events = api.client.follow(filter.clone(), Start::After(after));
    let mut is_blind = false;
    while is_read() {
        match events.next().await? {
            Followed::Event(event) => {
                is_blind = false;
                print(&line(&event), args.format);
            }
            // Once, however long it takes.
            Followed::Interrupted(_) if is_blind => {}
            Followed::Interrupted(_) => {
                is_blind = true;
                print_error(BLIND);
            }
        }
    }
    Ok(())
}

fn line(event: &Event) -> Line {
    Line {
        sequence: event.sequence,
        recorded_at: event.recorded_at,
        id: event.id.clone(),
        event_type: event.event_type.clone(),
        aggregate: event.aggregate.clone(),
        version: event.aggregate_version,
        time: event.time,
        actor: event.actor.clone(),
        correlation: event.correlation_id.clone(),
        causation: event.causation_id.clone(),
        summary: event.summary.clone(),
        data: event.data.clone(),
        hashes: None,
    }
}
