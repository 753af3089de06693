//! `apply` and `diff`: the plan, and carrying it out.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use aegis_projections::view::history::FieldChange;
use anyhow::bail;
use serde_json::json;

use super::file::File;
use super::plan::{Action, Step, plan};
use super::{ApplyArgs, DIFFERENT, Definitions, DiffArgs, Format, definitions};
use crate::output::{ask, finish, one_line, print_error, say};
use crate::remote::Remote;

pub(super) async fn diff(args: DiffArgs, remote: &Remote) -> anyhow::Result<ExitCode> {
    let file = File::read(&args.file)?;
    let definitions = definitions(&args.access, remote).await?;
    let steps = planned(&*definitions, file, args.prune, None).await?;
    match args.format {
        Format::Text => show(&steps),
        Format::Json => steps.iter().for_each(|step| say(&line(step).to_string())),
    }
    let different = steps.iter().any(|step| step.action != Action::Unchanged);
    Ok(if different { ExitCode::from(DIFFERENT) } else { ExitCode::SUCCESS })
}

pub(super) async fn apply(args: ApplyArgs, remote: &Remote) -> anyhow::Result<ExitCode> {
    let file = File::read(&args.file)?;
    let definitions = definitions(&args.access, remote).await?;
    let steps = planned(&*definitions, file, args.prune, args.reason.as_deref()).await?;
    show(&steps);
    // A plan that could not be printed is not carried out.
    finish()?;
    let todo: Vec<_> = steps.into_iter().filter(|step| step.action != Action::Unchanged).collect();
    if todo.is_empty() {
        say("nothing to do");
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        say("nothing was done: this is a dry run");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes && !agreed(todo.len())? {
        say("nothing was done");
        return Ok(ExitCode::FAILURE);
    }
    let mut failed = 0;
    for step in &todo {
        match carry_out(&*definitions, step).await {
            Ok(revision) => say(&format!("{} {}: revision {revision}", done(step.action), step.service)),
            Err(error) => {
                failed += 1;
                print_error(&format!("error: {}: {error:#}", step.service));
            }
        }
    }
    if failed > 0 {
        print_error(&format!("{failed} of {} not applied; apply again to see what is left", todo.len()));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn planned(
    definitions: &dyn Definitions,
    file: File,
    prune: bool,
    reason: Option<&str>,
) -> anyhow::Result<Vec<Step>> {
    let standing = definitions.all().await?;
    plan(file, &standing, prune, reason).map_err(|refused| {
        let lines: Vec<_> =
            refused.iter().map(|refused| format!("{}: {}", refused.service, refused.rejection)).collect();
        anyhow::anyhow!("nothing was done:\n  {}", lines.join("\n  "))
    })
}

/// Carries one step out, and answers the revision that it led to.
async fn carry_out(definitions: &dyn Definitions, step: &Step) -> anyhow::Result<u64> {
    let mut revision = 0;
    for command in &step.commands {
        revision = definitions.change(&step.service, command.clone()).await?;
    }
    Ok(revision)
}

fn agreed(count: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to be asked: look at the plan, then pass --yes");
    }
    ask(&format!("apply {count} changes? [y/N] "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn show(steps: &[Step]) {
    for step in steps {
        say(&format!("{} {}  {}", step.action.sign(), step.service, step.action.as_str()));
        step.changes.iter().for_each(|change| say(&format!("    {}", one_line(&words(change)))));
    }
}

/// `owner: desk -> night`
pub(super) fn words(change: &FieldChange) -> String {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    format!("{}: {} -> {}", change.field, side(&change.before), side(&change.after))
}

fn line(step: &Step) -> serde_json::Value {
    json!({
        "service": step.service,
        "action": step.action.as_str(),
        "changes": step.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

pub(super) fn change(change: &FieldChange) -> serde_json::Value {
    json!({ "field": change.field, "before": change.before, "after": change.after })
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Define => "defined",
        Action::Amend => "amended",
        Action::Reinstate => "reinstated",
        Action::Retire => "retired",
        Action::Unchanged => "unchanged",
    }
}

#[cfg(test)]
mod tests {
    use super::super::nats::Log;
    use super::*;
    use aegis_domain::aggregate::Definition;
    use aegis_domain::aggregate::definition::{Change, Command};
    use aegis_domain::{Actor, AggregateId, AggregateVersion, Context, ServiceName};
    use aegis_journal::Journal;
    use aegis_nats::{ConnectOptions, Connection};
    use aegis_sdk::provision::provision;
    use aegis_testkit::NatsServer;
    use chrono::Utc;

    const BEFORE: &str = "definitions: [{service: echo, owner: desk, description: d, version: 1.0.0}]";

    async fn steps(log: &Log, text: &str) -> Vec<Step> {
        planned(log, File::parse(text).unwrap(), true, None).await.unwrap()
    }

    #[tokio::test]
    async fn a_change_after_the_plan_is_a_conflict_and_nothing_is_overwritten() {
        let nats = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(nats.url(), "test")).await.unwrap();
        provision(&connection).await.unwrap();
        let journal = Journal::new(&connection);
        let context = Context::new(Actor::user("alice"), Utc::now());
        let log = Log::new(connection.clone(), Actor::user("alice"));
        let define = steps(&log, BEFORE).await;
        assert_eq!(carry_out(&log, &define[0]).await.unwrap(), 1);
        let again = format!("{:#}", carry_out(&log, &define[0]).await.unwrap_err());
        assert!(again.contains("DEFINITION_EXISTS"), "{again}");
        let amend = steps(&log, &BEFORE.replace("desk", "night")).await;
        let retire = steps(&log, "definitions: []").await;
        let other = Command::Amend {
            expected: AggregateVersion(1),
            change: Change { owner: Some("morning".to_owned()), ..Change::default() },
            reason: None,
        };
        let id = AggregateId::Definition(ServiceName::new("echo").unwrap());
        journal.execute::<Definition>(&id, other, &context).await.unwrap();
        for late in [&amend[0], &retire[0]] {
            let error = format!("{:#}", carry_out(&log, late).await.unwrap_err());
            assert!(error.contains("DEFINITION_CONFLICT") && error.contains("revision 2"), "{error}");
        }
        let state = journal.load::<Definition>(&id).await.unwrap().state;
        assert_eq!(state.active().unwrap().owner, "morning");
    }
}
