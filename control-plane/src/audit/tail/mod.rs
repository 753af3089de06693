//! `aegis events tail`: straight from the log, or over the API; of a journal of users, straight from its stream.

mod api;
mod journal;
mod nats;

use std::str::FromStr as _;

use aegis_domain::{AggregateId, ServiceName};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::place::Place;
use crate::access::{Access, Way};
use crate::output::{one_line, say};
use crate::remote::Remote;

/// What is said where a history ends and another one is read from its beginning.
const REPLACED: &str =
    "warning: the log was replaced by another, or its history went back: this is its beginning";
const BLIND: &str = "warning: the log cannot be read now; trying again";

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
    aggregate: Option<String>,
    /// Events of this journal of users instead of those of the control plane's log, with bodies as they stand. Over NATS alone.
    #[arg(long, value_name = "NAME", conflicts_with = "service")]
    journal: Option<String>,
    /// Of this type only, for example aegis.leadership.leader_elected.v1. May be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// How to print them. Over the API, objects have no hashes: those stand in the log alone.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

impl TailArgs {
    /// Whether it is of a journal of users, which goes over NATS alone.
    pub(super) fn is_of_a_journal(&self) -> bool {
        self.journal.is_some()
    }
}

/// An event, as it is printed.
struct Line {
    sequence: u64,
    recorded_at: DateTime<Utc>,
    id: String,
    event_type: String,
    aggregate: String,
    version: u64,
    time: DateTime<Utc>,
    actor: String,
    correlation: Option<String>,
    causation: Option<String>,
    summary: String,
    data: Value,
    /// Its own hash and that of the event before it, where they are known.
    hashes: Option<(String, String)>,
}

pub(crate) async fn tail(args: TailArgs, remote: Remote) -> anyhow::Result<()> {
    if let Some(journal) = &args.journal {
        return journal::tail(&args, &args.access.connection().await?, journal).await;
    }
    let aggregate = args.aggregate.as_deref().map(AggregateId::from_str).transpose()?;
    match args.access.way(&remote).await? {
        Way::Nats(connection) => nats::tail(&args, aggregate.as_ref(), &connection).await,
        Way::Api(api) => api::tail(&args, &api).await,
    }
}

fn print(line: &Line, format: Format) {
    match format {
        Format::Text => say(&format!(
            "{:>8}  {}  {}  ({})",
            line.sequence,
            line.recorded_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            one_line(&line.summary),
            one_line(&line.actor)
        )),
        Format::Ndjson => say(&line.object().to_string()),
    }
}

impl Line {
    fn object(&self) -> Value {
        let mut object = json!({
            "sequence": self.sequence,
            "recorded_at": self.recorded_at,
            "id": self.id,
            "type": self.event_type,
            "aggregate": self.aggregate,
            "version": self.version,
            "time": self.time,
            "actor": self.actor,
            "correlation": self.correlation,
            "causation": self.causation,
            "data": self.data,
        });
        if let (Some((own, previous)), Some(fields)) = (&self.hashes, object.as_object_mut()) {
            fields.insert("hash".to_owned(), json!(own));
            fields.insert("previous".to_owned(), json!(previous));
        }
        object
    }
}
