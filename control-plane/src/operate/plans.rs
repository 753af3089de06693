//! `aegis maintenance` and `aegis switchover`: what operators plan, straight to the log and the lease store, so that it works
//! while every control plane is down. Only to carry a switchover out takes one that runs then.

use std::time::Duration;

use aegis_domain::aggregate::plan::{Maintenance, Scope, Switchover};
use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_leases::leadership::pause::Pauses;
use aegis_sdk::Operator;
use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::nats::with_code;
use crate::access::Access;
use crate::output::{say, table};

#[derive(Debug, clap::Args)]
pub(crate) struct MaintenanceArgs {
    #[command(subcommand)]
    command: MaintenanceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum MaintenanceCommand {
    /// From now on nobody takes over what an owner of these groups loses, but that owner itself. Handing over goes on.
    Begin {
        #[command(flatten)]
        scope: ScopeArgs,
        /// How long: `90s`, `30m`, `4h`, `2d`; at most seven days. It ends by itself.
        #[arg(long = "for", value_name = "TIME", value_parser = duration)]
        length: Duration,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
    /// Ends it before its time.
    End {
        #[command(flatten)]
        scope: ScopeArgs,
        /// Why, for the record.
        #[arg(long, default_value = "asked on the command line")]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
    /// What goes on, and whether the members know.
    List {
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct SwitchoverArgs {
    #[command(subcommand)]
    command: SwitchoverCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SwitchoverCommand {
    /// The owner hands the group over at a time, instead of what was planned for the group before. A control plane that
    /// runs then does it.
    Plan {
        /// The service.
        service: ServiceName,
        /// The group.
        group: GroupName,
        /// When: a time (2026-11-29T16:30:00Z), by the server's clock; at most thirty days ahead.
        #[arg(long)]
        at: DateTime<Utc>,
        /// The member that is to have it; without it, whichever comes first.
        #[arg(long, value_name = "INSTANCE")]
        to: Option<InstanceName>,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
    /// Calls it off.
    Cancel {
        /// The service.
        service: ServiceName,
        /// The group.
        group: GroupName,
        /// Why, for the record.
        #[arg(long, default_value = "asked on the command line")]
        reason: String,
        #[command(flatten)]
        access: Access,
    },
    /// What is planned, and what is under way.
    List {
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Debug, clap::Args)]
struct ScopeArgs {
    /// The service.
    service: ServiceName,
    /// One of its groups; without it, all of them.
    group: Option<GroupName>,
}

pub(crate) async fn maintenance(args: MaintenanceArgs) -> anyhow::Result<()> {
    match args.command {
        MaintenanceCommand::Begin { scope, length, reason, access } => {
            let operator = operator(&access).await?;
            let now = operator.server_time().await.map_err(|e| with_code(&e))?;
            let length = TimeDelta::from_std(length).context("INVALID_INPUT: that is too long")?;
            let until = now.checked_add_signed(length).context("INVALID_INPUT: that is too long")?;
            let maintenance = Maintenance { scope: scope.read(), until, reason };
            operator.begin_maintenance(maintenance.clone()).await.map_err(|e| with_code(&e))?;
            say(&format!("{}: nobody takes over what is lost until {}", of(&maintenance.scope), time(until)));
        }
        MaintenanceCommand::End { scope, reason, access } => {
            let scope = scope.read();
            let operator = operator(&access).await?;
            operator.end_maintenance(scope.clone(), &reason).await.map_err(|e| with_code(&e))?;
            say(&format!("{}: what is lost is taken over again", of(&scope)));
        }
        MaintenanceCommand::List { access } => {
            let connection = access.connection().await?;
            let plans = Operator::new(&connection, access.actor()?).plans().await;
            let told = Pauses::new(&connection).in_force().await?;
            let rows: Vec<_> = plans
                .map_err(|e| with_code(&e))?
                .maintenances
                .into_iter()
                .map(|plan| {
                    let known = told.get(&plan.scope).and_then(Option::as_ref);
                    let told = known.is_some_and(|record| record.until == plan.until);
                    [
                        plan.scope.service.to_string(),
                        plan.scope.group.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string),
                        time(plan.until),
                        if told { "yes" } else { "not yet" }.to_owned(),
                        plan.reason,
                    ]
                })
                .collect();
            table(["SERVICE", "GROUP", "UNTIL", "MEMBERS KNOW", "REASON"], &rows);
        }
    }
    Ok(())
}

pub(crate) async fn switchover(args: SwitchoverArgs) -> anyhow::Result<()> {
    match args.command {
        SwitchoverCommand::Plan { service, group, at, to, reason, access } => {
            let operator = operator(&access).await?;
            let switchover = Switchover { service, group, to, at, reason };
            operator.schedule_switchover(switchover.clone()).await.map_err(|e| with_code(&e))?;
            let Switchover { service, group, .. } = switchover;
            say(&format!("{group} of {service} is to be handed over at {}", time(at)));
        }
        SwitchoverCommand::Cancel { service, group, reason, access } => {
            let operator = operator(&access).await?;
            operator.cancel_switchover(&service, &group, &reason).await.map_err(|e| with_code(&e))?;
            say(&format!("{group} of {service} stays with its owner"));
        }
        SwitchoverCommand::List { access } => {
            let plans = operator(&access).await?.plans().await.map_err(|e| with_code(&e))?;
            let rows: Vec<_> = plans
                .switchovers
                .into_iter()
                .map(|planned| {
                    let plan = planned.switchover;
                    [
                        plan.service.to_string(),
                        plan.group.to_string(),
                        time(plan.at),
                        plan.to.map_or_else(|| "any".to_owned(), |to| to.to_string()),
                        if planned.begun.is_some() { "under way" } else { "planned" }.to_owned(),
                        plan.reason,
                    ]
                })
                .collect();
            table(["SERVICE", "GROUP", "AT", "TO", "STATE", "REASON"], &rows);
        }
    }
    Ok(())
}

impl ScopeArgs {
    fn read(self) -> Scope {
        Scope { service: self.service, group: self.group }
    }
}

async fn operator(access: &Access) -> anyhow::Result<Operator> {
    Ok(Operator::new(&access.connection().await?, access.actor()?))
}

fn of(scope: &Scope) -> String {
    match &scope.group {
        Some(group) => format!("{group} of {}", scope.service),
        None => format!("all groups of {}", scope.service),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A number and a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "use a whole number with s, m, h or d: 30m".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_no_number| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_with_its_unit() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("4h", 14_400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "m",
            "30",
            "1.5h",
            "-1s",
            "30 m",
            "30w",
            "99999999999999999999s",
            "18446744073709551615d",
            "3ö",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
