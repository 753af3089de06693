//! Reading an event that another version wrote: its type is known, and some of its values are not.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::event::Entry;
use super::instance::Status;
use super::{AggregateId, AggregateKind, Event};
use crate::mend::mend;
use crate::schema::{DecodeError, from_tagged, keep_digits};

/// An event, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Partly {
    /// What happened.
    pub event: Event,
    /// The parts that could not be read; they are as if they had not been said.
    pub left_out: Vec<String>,
}

/// Reads an event of the control plane. Unknown fields are passed over, and so are known ones with values or types that
/// this program does not know, unless the event says nothing without them: who was elected, to which term.
///
/// # Errors
/// What is wrong with it.
pub fn read_partly(id: &AggregateId, event_type: &str, body: &[u8]) -> Result<Partly, DecodeError> {
    let entry = entry_of(event_type)?;
    if entry.kind != id.kind() {
        return Err(DecodeError::Misplaced { event_type: event_type.to_owned(), aggregate: id.to_string() });
    }
    let body = &keep_digits(body);
    match entry.kind {
        AggregateKind::Definition => read(entry, body, Event::Definition),
        AggregateKind::Instance => read(entry, body, Event::Instance),
        AggregateKind::Leadership => read(entry, body, Event::Leadership),
        AggregateKind::Installation => read(entry, body, Event::Installation),
    }
}

fn read<T: DeserializeOwned>(
    entry: &Entry,
    body: &[u8],
    wrap: impl FnOnce(T) -> Event,
) -> Result<Partly, DecodeError> {
    let error = match from_tagged(entry.name, body) {
        Ok(event) => return Ok(Partly { event: wrap(event), left_out: vec![] }),
        Err(error) => DecodeError::Body { detail: error.to_string() },
    };
    let Ok(Value::Object(said)) = serde_json::from_slice(body) else { return Err(error) };
    let Some(least) = least(entry, &said) else { return Err(error) };
    // The fields stand one level down, below the name of the variant.
    let tagged = json!({ entry.name: least });
    let (event, left_out) =
        mend(tagged, Map::from_iter([(entry.name.to_owned(), Value::Object(said))])).ok_or(error)?;
    let prefix = format!("{}.", entry.name);
    let name = |path: String| path.strip_prefix(&prefix).map(str::to_owned).unwrap_or(path);
    Ok(Partly { event: wrap(event), left_out: left_out.into_iter().map(name).collect() })
}

/// The least that an event of this type says; none if what it is about is missing.
fn least(entry: &Entry, said: &Map<String, Value>) -> Option<Value> {
    let given = |name: &str| said.get(name);
    Some(match (entry.kind, entry.name) {
        (AggregateKind::Definition, "defined" | "amended") => {
            json!({ "owner": given("owner")?, "description": "", "version": "0.0.0" })
        }
        (AggregateKind::Instance, "registered") => {
            given("version")?;
            json!({ "version": "0.0.0", "heartbeat_ms": 1_000, "record_ttl_ms": 15_000 })
        }
        (AggregateKind::Instance, "status_changed") => {
            let mut least = json!({ "from": "UNKNOWN", "to": "UNKNOWN" });
            let to = given("to")?;
            if Status::deserialize(to).is_err() {
                let to: String = to.to_string().chars().filter(|c| !c.is_control()).take(QUOTED).collect();
                least["reason"] = json!(format!("its status is {to}, which this version does not know"));
            }
            least
        }
        (AggregateKind::Instance, "unhealthy") => {
            json!({ "last_beat": null, "missed": 0, "reason": "the reason cannot be read by this version" })
        }
        (AggregateKind::Instance, "configuration_reported") => {
            json!({ "configuration": given("configuration")? })
        }
        (AggregateKind::Instance, "conflicted") => json!({ "life": given("life")? }),
        (AggregateKind::Leadership, "leader_elected") => json!({
            "term": given("term")?, "instance": given("instance")?, "session": NO_SESSION, "previous": null,
            "reason": "unknown", "vacancy_ms": null,
        }),
        (AggregateKind::Leadership, "leader_resigned" | "leader_lost") => {
            json!({ "term": given("term")?, "instance": given("instance")?, "reason": "" })
        }
        (AggregateKind::Leadership, "step_down_requested") => {
            json!({ "term": given("term")?, "to": null, "reason": "" })
        }
        (AggregateKind::Installation, "self_preservation_entered") => json!({ "silent": 0, "alive": 0 }),
        (AggregateKind::Installation, "dead_letter_redriven" | "dead_letter_discarded") => {
            json!({ "sequence": given("sequence")?, "subject": "", "reason": "" })
        }
        (AggregateKind::Installation, "consumer_deleted") => json!({
            "stream": "", "consumer": "", "pending": 0, "unacknowledged": 0,
            "had_reader": false, "reason": "",
        }),
        // A group or a member that cannot be read is not to become all of them, or any.
        (AggregateKind::Installation, "maintenance_begun") => json!({
            "service": given("service")?, "group": given("group"), "until": given("until")?, "reason": "",
        }),
        (AggregateKind::Installation, "maintenance_ended") => {
            json!({ "service": given("service")?, "group": given("group") })
        }
        (AggregateKind::Installation, "switchover_scheduled") => json!({
            "service": given("service")?, "group": given("group")?, "to": given("to"), "at": given("at")?, "reason": "",
        }),
        (AggregateKind::Installation, "switchover_begun") => {
            json!({ "service": given("service")?, "group": given("group")?, "at": given("at")? })
        }
        (AggregateKind::Installation, "switchover_cancelled" | "switchover_ended") => {
            json!({ "service": given("service")?, "group": given("group")?, "reason": "" })
        }
        // All others say why, at most; what is needed beyond that makes them unreadable.
        (
            AggregateKind::Definition
            | AggregateKind::Instance
            | AggregateKind::Leadership
            | AggregateKind::Installation,
            _,
        ) => json!({ "reason": "", "last_beat": null }),
    })
}

/// So much of an unknown status is quoted at most, in characters.
const QUOTED: usize = 64;
/// Stands for a session that cannot be read: no session has this id.
const NO_SESSION: &str = "00000000-0000-0000-0000-000000000000";

/// The entry of an event type in the catalogue.
fn entry_of(event_type: &str) -> Result<&'static Entry, DecodeError> {
    let unknown = || DecodeError::UnknownType { event_type: event_type.to_owned() };
    let (stem, version) = event_type.rsplit_once(".v").ok_or_else(unknown)?;
    let (kind, name) =
        stem.strip_prefix("aegis.").and_then(|rest| rest.split_once('.')).ok_or_else(unknown)?;
    let entry = Entry::find(kind, name).ok_or_else(unknown)?;
    match version.parse::<u32>() {
        // One form only: no sign, no leading zero.
        Ok(number) if number.to_string() != version => Err(unknown()),
        Ok(number) if number == entry.version => Ok(entry),
        Ok(number) if number > entry.version => {
            Err(DecodeError::FutureVersion { event_type: event_type.to_owned() })
        }
        Ok(_) | Err(_) => Err(unknown()),
    }
}
