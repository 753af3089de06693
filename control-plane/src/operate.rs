//! `aegis leaders`, `stepdown`, `drain` and `forget`: straight to NATS, so that they work while every control plane
//! is down.

use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_sdk::leadership::kv::{Leader, Leaders};
use aegis_sdk::{Operator, OperatorError};
use chrono::SecondsFormat;
use serde_json::json;

use crate::access::Access;
use crate::output::{one_line, say, table};

#[derive(Debug, clap::Args)]
pub(crate) struct LeadersArgs {
    /// Of this service only.
    service: Option<ServiceName>,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StepdownArgs {
    /// The service.
    service: ServiceName,
    /// The group.
    group: GroupName,
    /// The member that is to have it; without it, whichever comes first.
    #[arg(long, value_name = "INSTANCE")]
    to: Option<InstanceName>,
    /// Why, for the record.
    #[arg(long, default_value = "asked on the command line")]
    reason: String,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DrainArgs {
    /// The service.
    service: ServiceName,
    /// The instance.
    instance: InstanceName,
    /// Why, for the record.
    #[arg(long, default_value = "asked on the command line")]
    reason: String,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// The service.
    service: ServiceName,
    /// The instance.
    instance: InstanceName,
    /// What it is to log: a level, or several with what they are for (`info,my_service=debug`).
    filter: String,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn leaders(args: LeadersArgs) -> anyhow::Result<()> {
    let operator = operator(&args.access).await?;
    let found = operator.leaders(args.service.as_ref()).await.map_err(|e| with_code(&e))?;
    let Leaders { leaders, unreadable } = found;
    if args.json {
        leaders.iter().for_each(|leader| say(&line(leader).to_string()));
        return whole(&unreadable);
    }
    let rows: Vec<_> = leaders.iter().map(row).collect();
    table(["SERVICE", "GROUP", "OWNER", "TERM", "SINCE", "STATE"], &rows);
    whole(&unreadable)
}

/// Fails when something could not be read, and names it.
fn whole(unreadable: &[String]) -> anyhow::Result<()> {
    if unreadable.is_empty() {
        return Ok(());
    }
    anyhow::bail!(
        "these keys of the lease bucket cannot be read and are left out: {}; the next claim of such a group replaces its record",
        unreadable.join(", ")
    )
}

pub(crate) async fn stepdown(args: StepdownArgs) -> anyhow::Result<()> {
    let operator = operator(&args.access).await?;
    let StepdownArgs { service, group, to, reason, .. } = &args;
    let owner = operator.step_down(service, group, to.as_ref(), reason).await.map_err(|e| with_code(&e))?;
    say(&format!("{group} of {service} is {}'s, in term {}", owner.instance, owner.term));
    Ok(())
}

pub(crate) async fn drain(args: DrainArgs) -> anyhow::Result<()> {
    let operator = operator(&args.access).await?;
    operator.drain(&args.service, &args.instance, &args.reason).await.map_err(|e| with_code(&e))?;
    say(&format!("{} of {} drains", args.instance, args.service));
    Ok(())
}

pub(crate) async fn forget(args: DrainArgs) -> anyhow::Result<()> {
    let operator = operator(&args.access).await?;
    operator.forget(&args.service, &args.instance, &args.reason).await.map_err(|e| with_code(&e))?;
    say(&format!("{} of {} is forgotten; its history stays in the log", args.instance, args.service));
    Ok(())
}

pub(crate) async fn log(args: LogArgs) -> anyhow::Result<()> {
    let operator = operator(&args.access).await?;
    operator.set_log(&args.service, &args.instance, &args.filter).await.map_err(|e| with_code(&e))?;
    say(&format!("{} of {} logs {}", args.instance, args.service, args.filter));
    Ok(())
}

async fn operator(access: &Access) -> anyhow::Result<Operator> {
    Ok(Operator::new(&access.connection().await?, access.actor()))
}

fn row(leader: &Leader) -> [String; 6] {
    let record = &leader.record;
    let owner = record.holder.as_ref().map_or("-", |holder| holder.instance.as_str());
    [
        leader.service.to_string(),
        leader.group.to_string(),
        owner.to_owned(),
        record.term.to_string(),
        record.since.to_rfc3339_opts(SecondsFormat::Secs, true),
        state(leader).to_owned(),
    ]
}

fn line(leader: &Leader) -> serde_json::Value {
    let record = &leader.record;
    json!({
        "service": leader.service,
        "group": leader.group,
        "owner": record.holder.as_ref().map(|holder| &holder.instance),
        "term": record.term,
        "since": record.since,
        "state": state(leader),
    })
}

fn state(leader: &Leader) -> &'static str {
    match (&leader.record.holder, leader.lives) {
        (Some(_), true) => "owned",
        (Some(_), false) => "lost",
        (None, _) => "vacant",
    }
}

fn with_code(error: &OperatorError) -> anyhow::Error {
    // In part the words of whoever refused.
    anyhow::anyhow!("{}: {}", error.code, one_line(&error.message))
}
