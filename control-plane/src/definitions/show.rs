//! `export`, `list` and `history`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use aegis_projections::view::history::{Action, Revision, failover};
use anyhow::{Context as _, bail};
use chrono::SecondsFormat;
use serde_json::json;

use super::apply::{change, words};
use super::file::{Entry, File};
use super::{ExportArgs, Format, HistoryArgs, ListArgs, definitions};
use crate::output::{Raw, one_line, say, table};
use crate::remote::Remote;

pub(super) async fn export(args: ExportArgs, remote: &Remote) -> anyhow::Result<ExitCode> {
    let all = definitions(&args.access, remote).await?.all().await?;
    let in_use = all.into_iter().filter(|(_, definition)| !definition.retired);
    let entries = in_use.filter_map(|(service, definition)| Some(Entry::new(service, definition.content?)));
    let text = File { definitions: entries.collect() }.text()?;
    match args.output {
        Some(path) => {
            let written = std::fs::File::create(&path).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            written.with_context(|| format!("{} cannot be written", path.display()))?;
        }
        // A person is protected from what others have written; a file gets it as it is.
        None if std::io::stdout().is_terminal() => say(text.trim_end()),
        None => Raw.write_all(text.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn list(args: ListArgs, remote: &Remote) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for (service, definition) in definitions(&args.access, remote).await?.all().await? {
        let (version, retired) = (definition.version, definition.retired);
        let Some(content) = definition.content.filter(|_| args.all || !retired) else { continue };
        let status = if retired { "retired" } else { "active" };
        if args.format == Format::Json {
            say(&json!({ "service": service, "status": status, "revision": version, "content": content })
                .to_string());
            continue;
        }
        rows.push([
            service.to_string(),
            content.version.to_string(),
            content.owner,
            instances(content.min_instances, content.max_instances),
            content.failover.map_or_else(|| "-".to_owned(), failover),
            content.registration.as_str().to_owned(),
            version.to_string(),
            status.to_owned(),
        ]);
    }
    if args.format == Format::Text {
        let header =
            ["SERVICE", "VERSION", "OWNER", "INSTANCES", "FAILOVER", "REGISTRATION", "REVISION", "STATUS"];
        table(header, &rows);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn history(args: HistoryArgs, remote: &Remote) -> anyhow::Result<ExitCode> {
    let revisions = definitions(&args.access, remote).await?.history(&args.service).await?;
    if revisions.is_empty() {
        bail!("{} was never defined", args.service);
    }
    for revision in revisions.iter().rev() {
        match args.format {
            Format::Text => print(revision),
            Format::Json => say(&line(revision).to_string()),
        }
    }
    // What is there is told; that it is not all is no success.
    if let Some(first) = revisions.first().filter(|first| first.revision > 1) {
        bail!(
            "LOG_GAP: the log has lost what came before revision {}, so what that has changed is not known",
            first.revision
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn print(revision: &Revision) {
    let at = revision.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let action = name(revision.action);
    let why = revision.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
    let by = one_line(&revision.by.to_string());
    say(&format!("revision {}  {at}  {by}  {action}{why}", revision.revision));
    revision.changes.iter().for_each(|change| say(&format!("    {}", one_line(&words(change)))));
}

fn line(revision: &Revision) -> serde_json::Value {
    json!({
        "revision": revision.revision,
        "sequence": revision.sequence,
        "at": revision.at,
        "by": revision.by,
        "action": name(revision.action),
        "reason": revision.reason,
        "changes": revision.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn name(action: Action) -> &'static str {
    match action {
        Action::Defined => "defined",
        Action::Amended => "amended",
        Action::Retired => "retired",
        Action::Reinstated => "reinstated",
    }
}

fn instances(min: Option<u32>, max: Option<u32>) -> String {
    match (min, max) {
        (None, None) => "any".to_owned(),
        (Some(min), None) => format!("{min} or more"),
        (None, Some(max)) => format!("up to {max}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
    }
}
