//! `aegis leaders`, `stepdown`, `drain`, `forget` and `log`: straight to NATS, so that they work while every control plane
//! is down; all but the last over the API as well.

mod api;
mod nats;
pub(crate) mod plans;

use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_sdk::Operator;
use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::access::{Access, Way};
use crate::output::{say, table};
use crate::remote::Remote;

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

/// What operators ask for, whichever way it goes.
#[async_trait(?Send)]
trait Operations {
    async fn leaders(&self, service: Option<&ServiceName>) -> anyhow::Result<Groups>;
    async fn step_down(&self, asked: &StepdownArgs) -> anyhow::Result<Owner>;
    async fn drain(&self, asked: &DrainArgs) -> anyhow::Result<()>;
    async fn forget(&self, asked: &DrainArgs) -> anyhow::Result<()>;
}

/// Groups in order of service and name.
struct Groups {
    groups: Vec<Group>,
    /// What stands there and cannot be read.
    unreadable: Vec<String>,
}

struct Group {
    service: String,
    group: String,
    owner: Option<String>,
    term: u64,
    since: DateTime<Utc>,
    state: GroupState,
}

#[derive(Clone, Copy)]
enum GroupState {
    Owned,
    /// Its owner is gone, and no member has claimed it yet.
    Lost,
    Vacant,
}

/// The new owner of a group.
struct Owner {
    instance: String,
    term: u64,
}

pub(crate) async fn leaders(args: LeadersArgs, remote: Remote) -> anyhow::Result<()> {
    let operations = operations(&args.access, &remote).await?;
    let Groups { groups, unreadable } = operations.leaders(args.service.as_ref()).await?;
    if args.json {
        groups.iter().for_each(|group| say(&group.line().to_string()));
        return whole(&unreadable);
    }
    let rows: Vec<_> = groups.iter().map(Group::row).collect();
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

pub(crate) async fn stepdown(args: StepdownArgs, remote: Remote) -> anyhow::Result<()> {
    let owner = operations(&args.access, &remote).await?.step_down(&args).await?;
    say(&format!("{} of {} is {}'s, in term {}", args.group, args.service, owner.instance, owner.term));
    Ok(())
}

pub(crate) async fn drain(args: DrainArgs, remote: Remote) -> anyhow::Result<()> {
    operations(&args.access, &remote).await?.drain(&args).await?;
    say(&format!("{} of {} drains", args.instance, args.service));
    Ok(())
}

pub(crate) async fn forget(args: DrainArgs, remote: Remote) -> anyhow::Result<()> {
    operations(&args.access, &remote).await?.forget(&args).await?;
    say(&format!("{} of {} is forgotten; its history stays in the log", args.instance, args.service));
    Ok(())
}

pub(crate) async fn log(args: LogArgs) -> anyhow::Result<()> {
    let operator = Operator::new(&args.access.connection().await?, args.access.actor()?);
    operator.set_log(&args.service, &args.instance, &args.filter).await.map_err(|e| nats::with_code(&e))?;
    say(&format!("{} of {} logs {}", args.instance, args.service, args.filter));
    Ok(())
}

async fn operations(access: &Access, remote: &Remote) -> anyhow::Result<Box<dyn Operations>> {
    Ok(match access.way(remote).await? {
        Way::Nats(connection) => Box::new(Operator::new(&connection, access.actor()?)),
        Way::Api(api) => Box::new(api),
    })
}

impl Group {
    fn row(&self) -> [String; 6] {
        [
            self.service.clone(),
            self.group.clone(),
            self.owner.clone().unwrap_or_else(|| "-".to_owned()),
            self.term.to_string(),
            self.since.to_rfc3339_opts(SecondsFormat::Secs, true),
            self.state.as_str().to_owned(),
        ]
    }

    fn line(&self) -> serde_json::Value {
        json!({
            "service": self.service,
            "group": self.group,
            "owner": self.owner,
            "term": self.term,
            "since": self.since,
            "state": self.state.as_str(),
        })
    }
}

impl GroupState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::Lost => "lost",
            Self::Vacant => "vacant",
        }
    }
}
