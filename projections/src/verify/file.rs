//! The file of a replica against the log: its views and its index of events, at the position it has come to.
//!
//! All of it is read in one transaction, so a replica may go on writing meanwhile. Nothing is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aegis_domain::schema::keep_digits;
use aegis_domain::wire::DecodeError;
use aegis_domain::{Recorded, Sequence};
use aegis_nats::follow::Message;
use chrono::TimeDelta;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use super::finding::{FILE, Finding};
use super::kv::differ;
use crate::State;
use crate::engine::{Checkpoint, Projection as _, Step};
use crate::registry::{Registry, Retention};
use crate::state::KEEP_ENDED;
use crate::store::range;
use crate::view::EventView;

const BUSY: Duration = Duration::from_secs(5);
/// So many events are compared with the index at a time.
const PAGE: usize = 1000;
/// So many differences are told of one file; the rest is counted.
const TOLD: usize = 100;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(super) struct File {
    place: String,
    tables: Option<Tables>,
    findings: Vec<Finding>,
    untold: usize,
}

#[derive(Debug)]
struct Tables {
    connection: SqliteConnection,
    checkpoint: Checkpoint,
    keep_ended: TimeDelta,
    state: State,
    /// What the log says of events that the index has to have.
    expected: Vec<EventView>,
    times: Checkpoint,
    /// Events up to this one may have left the index.
    forgotten: Sequence,
    /// Up to here the index was compared.
    compared: Sequence,
    matched: bool,
}

impl File {
    /// Opens the file. What keeps it from being read is a finding.
    pub(super) async fn open(path: &Path, log: &str) -> Self {
        let place = format!("{FILE}{}", path.display());
        let mut file = Self { place, tables: None, findings: Vec::new(), untold: 0 };
        match Tables::open(path, log).await {
            Ok(Ok(tables)) => file.tables = Some(tables),
            Ok(Err(detail)) => file.tell("the file", detail),
            Err(error) => file.tell("the file", format!("it cannot be read: {error}")),
        }
        file
    }

    /// For how long the replica keeps ended instances.
    pub(super) fn keep_ended(&self) -> Option<TimeDelta> {
        self.tables.as_ref().map(|tables| tables.keep_ended)
    }

    /// The next message of the log, and the registry after it.
    pub(super) async fn meet(
        &mut self,
        message: &Message,
        event: Result<&Recorded, &DecodeError>,
        state: &State,
    ) {
        let Some(tables) = &mut self.tables else { return };
        let sequence = Sequence(message.sequence);
        if sequence > tables.checkpoint.position {
            return;
        }
        let step = tables.times.advance(sequence, message.recorded_at);
        if let Ok(recorded) = event
            && step != Step::Duplicate
            && sequence > tables.forgotten
        {
            let view = EventView::of(recorded, tables.times.recorded_at);
            // As it stands in the log, with what this version does not know of it.
            let data = serde_json::from_slice(&keep_digits(&message.body)).unwrap_or_default();
            tables.expected.push(EventView { data, ..view });
        }
        let is_last = sequence == tables.checkpoint.position;
        if tables.expected.len() >= PAGE || is_last {
            self.compare_index(sequence).await;
        }
        if is_last {
            self.compare_views(state);
        }
    }

    /// The log has come to its end.
    pub(super) async fn finish(mut self, state: &State) -> Vec<Finding> {
        if let Some(tables) = &self.tables
            && !tables.matched
        {
            let position = tables.checkpoint.position;
            if position > state.position {
                self.tell("the file", format!("it stands at {position}, beyond the end of the log"));
            } else {
                // The message at its position is one that the log has lost.
                self.compare_index(position).await;
                self.tell("the file", format!("it stands at {position}, and the log has no such message"));
            }
        }
        if self.untold > 0 {
            let detail = format!("{} more differences", self.untold);
            self.findings.push(Finding::Projection { place: self.place, key: "the file".to_owned(), detail });
        }
        self.findings
    }

    async fn compare_index(&mut self, through: Sequence) {
        let Some(tables) = &mut self.tables else { return };
        let expected = std::mem::take(&mut tables.expected);
        let after = tables.compared.max(tables.forgotten);
        tables.compared = through;
        match range(after, through, &mut tables.connection).await {
            Ok(found) => {
                let differences = differ("", &by_sequence(&expected), &by_sequence(&found));
                for finding in differences {
                    if let Finding::Projection { key, detail, .. } = finding {
                        self.tell(&format!("event {key} of the index"), detail);
                    }
                }
            }
            Err(error) => self.tell("the index of events", format!("it cannot be read: {error}")),
        }
    }

    fn compare_views(&mut self, state: &State) {
        let Some(tables) = &mut self.tables else { return };
        tables.matched = true;
        let (expected, found) = (lines(state), lines(&tables.state));
        for finding in differ("", &expected, &found) {
            if let Finding::Projection { key, detail, .. } = finding {
                self.tell(&key, detail);
            }
        }
    }

    fn tell(&mut self, key: &str, detail: String) {
        if self.findings.len() >= TOLD {
            self.untold += 1;
            return;
        }
        let (place, key) = (self.place.clone(), key.to_owned());
        self.findings.push(Finding::Projection { place, key, detail });
    }
}

impl Tables {
    /// The tables, or what is wrong with the file.
    async fn open(path: &Path, log: &str) -> Result<Result<Self, String>, Failure> {
        if !path.exists() {
            return Ok(Err("there is none".to_owned()));
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY);
        let mut connection = options.disable_statement_logging().connect().await?;
        sqlx::query("BEGIN").execute(&mut connection).await?;
        let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await?;
        if version != Registry::VERSION {
            let known = Registry::VERSION;
            return Ok(Err(format!("it is of version {version}, and this program reads version {known}")));
        }
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await?;
        if verdict != "ok" {
            return Ok(Err(format!("it is damaged: {verdict}")));
        }
        let Some(checkpoint) = Checkpoint::read(&mut connection, log).await? else {
            return Ok(Err("it is of another log".to_owned()));
        };
        let kept = sqlx::query_scalar("SELECT seconds FROM kept").fetch_optional(&mut connection).await?;
        let keep_ended = kept.map_or(KEEP_ENDED, TimeDelta::seconds);
        let retention = Retention { keep_ended, ..Retention::default() };
        let registry = Registry::load(&retention, checkpoint, &mut connection).await?;
        Ok(Ok(Self {
            connection,
            checkpoint,
            keep_ended,
            forgotten: registry.forgotten(),
            state: registry.state,
            expected: Vec::new(),
            times: Checkpoint::default(),
            compared: Sequence::ZERO,
            matched: checkpoint.position == Sequence::ZERO,
        }))
    }
}

fn by_sequence(events: &[EventView]) -> BTreeMap<String, Value> {
    let line =
        |event: &EventView| (event.sequence.to_string(), serde_json::to_value(event).unwrap_or(Value::Null));
    events.iter().map(line).collect()
}

/// The views of a registry, each under its name.
fn lines(state: &State) -> BTreeMap<String, Value> {
    fn entry(name: String, view: &impl serde::Serialize) -> (String, Value) {
        (name, serde_json::to_value(view).unwrap_or(Value::Null))
    }
    let definitions = state.definitions.iter().map(|(name, view)| entry(format!("definition {name}"), view));
    let instances =
        state.instances.iter().map(|(key, view)| entry(format!("instance {}/{}", key.0, key.1), view));
    let leaders = state.leaders.iter().map(|(key, view)| entry(format!("group {}/{}", key.0, key.1), view));
    let installation = [entry("the installation".to_owned(), &state.installation)];
    definitions.chain(instances).chain(leaders).chain(installation).collect()
}
