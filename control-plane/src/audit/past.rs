//! The registry as it stood, over the API of a control plane.

use aegis_api_client::types::{Definition, DefinitionStatus, Instance, Leader};
use aegis_api_client::{At, Moment};
use aegis_domain::ServiceName;

use super::place::Place;
use super::tables::{Tables, time};
use crate::remote::{Api, told};

/// The longest page of each list.
const PAGE: u32 = 200;

pub(super) async fn tables(
    api: &Api,
    at: Option<Place>,
    service: Option<&ServiceName>,
) -> anyhow::Result<Tables> {
    let stands = api.caught_up().await?;
    let at = match at {
        None => At::Sequence(stands),
        Some(Place::Sequence(sequence)) => At::Sequence(sequence.get()),
        Some(Place::Time(time)) => At::Time(time),
    };
    let mut tables = Tables::default();
    let mut moment = Moment {
        at,
        id: None,
        first: Some(PAGE),
        after_definition: None,
        after_instance: None,
        after_leader: None,
    };
    let is_of = |name: &str| service.is_none_or(|service| service.as_str() == name);
    // Pages of one and the same history: each tells which one it is of.
    let mut history = None;
    loop {
        let page = api.client.registry(&moment).await.map_err(|e| told(&e))?;
        let (is_first, same) = (history.is_none(), history.get_or_insert_with(|| page.history.clone()));
        anyhow::ensure!(
            *same == page.history,
            "HISTORY_REPLACED: the log was replaced while the registry was read: ask again"
        );
        tables.position = page.as_of_sequence;
        if is_first {
            tables.missing = page.missing.iter().map(|gap| (gap.first, gap.last)).collect();
        }
        // A list that has come to its end comes again from its beginning, or from where it ended, beside the others.
        if is_first || moment.after_definition.is_some() {
            let items = page.definitions.items.iter().filter(|it| is_of(&it.service));
            tables.definitions.extend(items.map(definition));
        }
        if is_first || moment.after_instance.is_some() {
            tables
                .instances
                .extend(page.instances.items.iter().filter(|it| is_of(&it.service)).map(instance));
        }
        if is_first || moment.after_leader.is_some() {
            tables.groups.extend(page.leaders.items.iter().filter(|it| is_of(&it.service)).map(group));
        }
        moment.after_definition = page.definitions.next_cursor;
        moment.after_instance = page.instances.next_cursor;
        moment.after_leader = page.leaders.next_cursor;
        let cursors = [&moment.after_definition, &moment.after_instance, &moment.after_leader];
        if cursors.iter().all(|cursor| cursor.is_none()) {
            break;
        }
        // By its position from now on: a time may take in more while pages are read.
        moment.at = At::Sequence(page.as_of_sequence);
    }
    for rows in [&mut tables.definitions, &mut tables.instances, &mut tables.groups] {
        rows.sort_by(|a, b| (&a[0], &a[1]).cmp(&(&b[0], &b[1])));
    }
    Ok(tables)
}

fn definition(shown: &Definition) -> [String; 5] {
    let status = match shown.status {
        DefinitionStatus::Active => "ACTIVE",
        DefinitionStatus::Retired => "RETIRED",
        DefinitionStatus::Unknown => "UNKNOWN",
    };
    let since = time(shown.updated_at);
    [shown.service.clone(), status.to_owned(), shown.version.clone(), shown.owner.clone(), since]
}

fn instance(shown: &Instance) -> [String; 5] {
    let version = if shown.version.is_empty() { "-" } else { &shown.version };
    [
        shown.service.clone(),
        shown.instance.clone(),
        shown.status.as_str().to_owned(),
        version.to_owned(),
        time(shown.status_since),
    ]
}

fn group(shown: &Leader) -> [String; 5] {
    let owner = shown.instance.as_deref().unwrap_or("-");
    let term = shown.term.to_string();
    [shown.service.clone(), shown.group.clone(), owner.to_owned(), term, time(shown.since)]
}
