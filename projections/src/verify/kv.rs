//! The KV entries against the log.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_domain::{Recorded, Registry};
use aegis_journal::Journal;
use aegis_journal::{Item, Selection, Start};
use aegis_nats::Connection;
use aegis_nats::bucket::entries;
use serde::Serialize;
use serde_json::Value;

use super::{Finding, VerifyError, unavailable};
use crate::State;
use crate::fact::Fact;

/// Matches every key of a bucket.
pub(super) const EVERY_KEY: &str = ">";
const TICK: Duration = Duration::from_millis(250);

/// The values of one bucket, or of one file, by key.
pub(super) type Entries = BTreeMap<String, Value>;

/// What differs after a while for it to settle: events may be appended meanwhile, and a projector may be about to
/// write an entry.
pub(super) async fn compare(
    connection: &Connection,
    journal: &Journal,
    state: &State,
    settle: Duration,
) -> Result<Vec<Finding>, VerifyError> {
    let deadline = tokio::time::Instant::now() + settle;
    let mut state = state.clone();
    let mut later = journal.subscribe(Selection::default().from(Start::Sequence(state.position.next())));
    loop {
        let found = differences(connection, &state).await?;
        if found.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(found);
        }
        let until = tokio::time::Instant::now() + TICK;
        while let Ok(item) = tokio::time::timeout_at(until, later.next()).await {
            apply(&mut state, &item);
        }
    }
}

fn apply(state: &mut State, item: &Item<Recorded<Registry>>) {
    match item {
        Item::Event(entry) => {
            state.apply(Fact::from(&entry.event).recorded_at(entry.recorded_at));
        }
        Item::Unreadable { sequence, .. } => state.skip(*sequence, state.time),
        Item::Replaced => *state = State::default(),
        Item::Live | Item::Blind => {}
    }
}

async fn differences(connection: &Connection, state: &State) -> Result<Vec<Finding>, VerifyError> {
    let mut found = Vec::new();
    for (bucket, expected) in expected(connection.namespace(), state) {
        let entries = entries(connection, bucket.clone(), &[EVERY_KEY.to_owned()]).await;
        let entries = entries.map_err(|e| unavailable(&bucket, e))?;
        let mut actual: Entries = BTreeMap::new();
        for (key, slot) in entries {
            let Some(bytes) = slot.value else { continue };
            actual.insert(key, serde_json::from_slice(&bytes).unwrap_or(Value::Null));
        }
        found.extend(differ(&format!("KV bucket {bucket}"), &expected, &actual));
    }
    Ok(found)
}

/// What each bucket has to hold.
pub(super) fn expected(namespace: &Namespace, state: &State) -> [(String, Entries); 2] {
    let definitions = state.definitions.iter().map(|(service, view)| (service.to_string(), value(view)));
    let leaders = state.leaders.iter();
    let leaders = leaders.map(|((service, group), view)| (format!("{service}.{group}"), value(view)));
    [(namespace.definitions_bucket(), definitions.collect()), (namespace.leaders_bucket(), leaders.collect())]
}

/// What is missing, too much, or different.
pub(super) fn differ(place: &str, expected: &Entries, actual: &Entries) -> Vec<Finding> {
    let finding = |key: &String, detail: String| Finding::Projection {
        place: place.to_owned(),
        key: key.clone(),
        detail,
    };
    let mut found = Vec::new();
    for (key, value) in expected {
        match actual.get(key) {
            None => found.push(finding(key, "it is missing".to_owned())),
            Some(other) if other != value => found.push(finding(key, describe(value, other))),
            Some(_) => {}
        }
    }
    let extra = actual.keys().filter(|key| !expected.contains_key(*key));
    found.extend(extra.map(|key| finding(key, "the log knows nothing of it".to_owned())));
    found
}

/// The fields that differ, each with what the log says.
fn describe(expected: &Value, actual: &Value) -> String {
    let (Some(expected), Some(actual)) = (expected.as_object(), actual.as_object()) else {
        return "it is no such view".to_owned();
    };
    let keys: std::collections::BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
    let differing = keys.into_iter().filter(|key| expected.get(*key) != actual.get(*key));
    let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let each = differing
        .map(|key| format!("{key} is {}, and {} by the log", text(actual.get(key)), text(expected.get(key))));
    each.collect::<Vec<_>>().join("; ")
}

fn value(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap_or(Value::Null)
}
