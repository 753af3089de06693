//! `aegis replay`: folded from the log, or told by a control plane.

use std::io::Write as _;

use aegis_domain::wire::Namespace;
use aegis_domain::{AggregateKind, ServiceName};
use aegis_projections::State;
use aegis_projections::replay::from_log_keeping;
use aegis_projections::store::At;
use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::past;
use super::place::Place;
use super::tables::{Tables, time};
use crate::access::{Access, Way};
use crate::output::{Raw, print_error, say, table};
use crate::remote::Remote;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One object.
    Json,
    /// One object a line, in a fixed order: the same registry gives the same bytes.
    Ndjson,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// As it stood then: after the message with this sequence, or at this time by the server's clock. Without it, as it
    /// stands.
    #[arg(long, value_name = "TIME|SEQUENCE")]
    at: Option<Place>,
    /// Of this service only.
    #[arg(long)]
    service: Option<ServiceName>,
    /// How many minutes an instance stays in the registry after its end: what the replicas are configured with, as
    /// `[projection] keep_ended_minutes`. Default 1440. Not over the API, where the control plane knows.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=5_256_000))]
    keep_ended_minutes: Option<u32>,
    /// How to print it. Over the API as a table only: objects are folded from the log itself.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn replay(args: ReplayArgs, remote: Remote) -> anyhow::Result<()> {
    let connection = match args.access.way(&remote).await? {
        Way::Nats(connection) => connection,
        Way::Api(api) => {
            match args.format {
                Format::Table => {}
                Format::Json | Format::Ndjson => anyhow::bail!(
                    "over the API the registry is told as a table only: --format json and ndjson are folded from the log \
                     itself, so that the same log gives the same bytes; give --nats-url"
                ),
            }
            anyhow::ensure!(
                args.keep_ended_minutes.is_none(),
                "--keep-ended-minutes does not go with a URL: the control plane has its own setting; leave it away"
            );
            let tables = past::tables(&api, args.at, args.service.as_ref()).await?;
            name(&tables.missing);
            tables.print();
            return whole(&tables.missing);
        }
    };
    let at = args.at.map_or(At::Time(DateTime::<Utc>::MAX_UTC), At::from);
    let filters = args.service.as_ref().map(|service| of_service(connection.namespace(), service));
    let keep_ended = TimeDelta::minutes(i64::from(args.keep_ended_minutes.unwrap_or(1_440)));
    let replayed = from_log_keeping(&connection, at, filters.unwrap_or_default(), keep_ended).await?;
    let missing: Vec<_> = replayed.gaps.iter().map(|gap| (gap.first.get(), gap.last.get())).collect();
    name(&missing);
    if replayed.dead > 0 {
        print_error(&format!("warning: {} messages are no events; `aegis verify` names them", replayed.dead));
    }
    match args.format {
        Format::Table => tables(&replayed.state).print(),
        Format::Json => say(&serde_json::to_string_pretty(&object(&replayed.state)?)?),
        // As it is, to the byte.
        Format::Ndjson => Raw.write_all(&replayed.state.canonical()?)?,
    }
    whole(&missing)
}

fn name(missing: &[(u64, u64)]) {
    for (first, last) in missing {
        print_error(&format!("missing: messages {first} to {last} of the log"));
    }
}

fn whole(missing: &[(u64, u64)]) -> anyhow::Result<()> {
    anyhow::ensure!(
        missing.is_empty(),
        "the log has lost messages, so this is not the registry as it stood, only what the rest of the log says"
    );
    Ok(())
}

fn of_service(namespace: &Namespace, service: &ServiceName) -> Vec<String> {
    let prefix = namespace.events_prefix();
    let of = |kind: AggregateKind, rest: &str| format!("{prefix}.{}.{service}{rest}", kind.as_str());
    vec![
        of(AggregateKind::Definition, ""),
        of(AggregateKind::Instance, ".*"),
        of(AggregateKind::Leadership, ".*"),
    ]
}

fn object(state: &State) -> anyhow::Result<Value> {
    fn all<'a, T: serde::Serialize + 'a>(views: impl Iterator<Item = &'a T>) -> anyhow::Result<Vec<Value>> {
        views.map(|view| Ok(serde_json::to_value(view)?)).collect()
    }
    Ok(json!({
        "position": state.position,
        "installation": serde_json::to_value(&state.installation)?,
        "definitions": all(state.definitions.values())?,
        "instances": all(state.instances.values())?,
        "leaders": all(state.leaders.values())?,
    }))
}

fn tables(state: &State) -> Tables {
    let definitions = state.definitions.values().map(|view| {
        let status = if view.retired { "RETIRED" } else { "ACTIVE" };
        [
            view.service.to_string(),
            status.to_owned(),
            view.content.version.to_string(),
            view.content.owner.clone(),
            time(view.updated_at),
        ]
    });
    let instances = state.instances.values().map(|view| {
        let version =
            view.state.registration.as_ref().map_or("-", |registration| registration.version.as_str());
        let status = serde_json::to_value(view.status).ok();
        let status = status.as_ref().and_then(Value::as_str).unwrap_or_default();
        [
            view.service.to_string(),
            view.instance.to_string(),
            status.to_owned(),
            version.to_owned(),
            time(view.status_since),
        ]
    });
    let groups = state.leaders.values().map(|view| {
        let owner = view.instance.as_ref().map_or("-", |instance| instance.as_str());
        [
            view.service.to_string(),
            view.group.to_string(),
            owner.to_owned(),
            view.term.to_string(),
            time(view.since),
        ]
    });
    Tables {
        missing: vec![],
        position: state.position.get(),
        definitions: definitions.collect(),
        instances: instances.collect(),
        groups: groups.collect(),
    }
}

impl Tables {
    fn print(&self) {
        say(&format!("the registry after message {}", self.position));
        section("definitions", ["SERVICE", "STATUS", "VERSION", "OWNER", "SINCE"], &self.definitions);
        section("instances", ["SERVICE", "INSTANCE", "STATUS", "VERSION", "SINCE"], &self.instances);
        section("groups", ["SERVICE", "GROUP", "OWNER", "TERM", "SINCE"], &self.groups);
    }
}

fn section<const N: usize>(title: &str, header: [&str; N], rows: &[[String; N]]) {
    say(&format!("\n{title}: {}", rows.len()));
    if !rows.is_empty() {
        table(header, rows);
    }
}
