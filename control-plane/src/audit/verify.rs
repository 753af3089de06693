//! `aegis verify`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use aegis_projections::verify::{self, Finding, Heads, Report, Scope};
use anyhow::Context as _;
use serde_json::json;

use super::finding::{count, tell};
use super::journals;
use crate::access::Access;
use crate::output::say;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Also the projection in this data folder, or this file of a replica.
    #[arg(long, value_name = "PATH")]
    data_dir: Option<PathBuf>,
    /// Also hold the log to chain heads that were exported before.
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Verify this journal of users instead of the control plane's log: its chains, versions and gaps, without its schema.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["data_dir", "repair", "all"])]
    journal: Option<String>,
    /// Also verify all journals of users.
    #[arg(long, conflicts_with_all = ["heads", "export_heads", "repair"])]
    all: bool,
    /// Write the chain heads as they stand to this file, if nothing is found. Keep it where nobody who can write the log
    /// can write.
    #[arg(long, value_name = "FILE")]
    export_heads: Option<PathBuf>,
    /// Write the heads over a file that is there.
    #[arg(long, requires = "export_heads")]
    force: bool,
    /// Write projections that differ anew, if nothing is found in the log itself, which is never touched.
    #[arg(long)]
    repair: bool,
    /// Messages that are no events are known: they stand in the way of neither the heads nor a repair.
    #[arg(long)]
    accept_unreadable: bool,
    /// As JSON, one object a line: each finding, then the summary.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn verify(args: VerifyArgs) -> anyhow::Result<()> {
    let heads = args.heads.as_deref().map(|path| {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Heads::parse(&text).with_context(|| path.display().to_string())
    });
    let heads = heads.transpose()?;
    if let Some(path) = args.export_heads.as_deref().filter(|path| !args.force && path.exists()) {
        anyhow::bail!(
            "{} is there, and heads are what later logs are held to: choose another file, or pass --force",
            path.display()
        );
    }
    let file = args.data_dir.map(|path| if path.is_dir() { path.join("projection.sqlite") } else { path });
    let connection = args.access.connection().await?;
    if let Some(journal) = &args.journal {
        let asked = journals::Asked { heads: heads.as_ref(), json: args.json };
        let report = journals::verify(&connection, journal, &asked).await?;
        if let Some(path) = &args.export_heads {
            let passed_over = |finding: &Finding| args.accept_unreadable && finding.is_unreadable();
            export(path, &report.heads, report.findings.iter().all(passed_over), args.force, args.json)?;
        }
        return journals::conclude(&report, args.json);
    }
    let scope = Scope { file: file.as_deref(), heads: heads.as_ref(), ..Scope::default() };
    let mut report = verify::verify(&connection, scope).await?;
    report.findings.iter().for_each(|finding| tell(finding, args.json));
    let repairable = report.findings.iter().filter(|finding| finding.is_repairable()).count();
    let passed_over = |finding: &Finding| args.accept_unreadable && finding.is_unreadable();
    let stands_in_the_way = |finding: &&Finding| !(finding.is_repairable() || passed_over(finding));
    let of_the_log = report.findings.iter().filter(stands_in_the_way).count();
    if args.repair && of_the_log > 0 {
        // A projection may be all that is left of what the log has lost.
        tell_not_done(
            args.json,
            "nothing is repaired: the log itself has findings, and projections may still hold what it has lost",
        );
    } else if args.repair && repairable > 0 {
        let entries = verify::repair_entries(&connection, &report).await?;
        if entries > 0 {
            tell_done(args.json, &format!("repaired {entries} KV entries"));
        }
        if let Some(path) = &file
            && report.findings.iter().any(|finding| finding.is_of_a_file())
        {
            verify::repair_file(path).await?;
            tell_done(args.json, &format!("removed {}: it is rebuilt at the next start", path.display()));
        }
        // What was removed is as it should be: the next start makes it.
        let scope = Scope { file: file.as_deref().filter(|path| path.exists()), ..scope };
        report = verify::verify(&connection, scope).await?;
        report.findings.iter().for_each(|finding| tell(finding, args.json));
    }
    if let Some(path) = &args.export_heads {
        export(path, &report.heads, report.findings.iter().all(passed_over), args.force, args.json)?;
    }
    let others = if args.all {
        journals::verify_all(&connection, args.json).await?
    } else {
        journals::name_them(&connection, args.json).await;
        Ok(())
    };
    say(&summary(&report, args.json));
    anyhow::ensure!(report.is_clean(), "{}: {}", count(report.findings.len()), advice(&report));
    others
}

/// Writes the heads, if all findings are known.
fn export(path: &Path, heads: &Heads, is_known: bool, force: bool, as_json: bool) -> anyhow::Result<()> {
    if !is_known {
        tell_not_done(as_json, "no heads are written: they are taken only of a log without findings");
        return Ok(());
    }
    let text = serde_json::to_string_pretty(heads)? + "\n";
    write_heads(path, &text, force).with_context(|| format!("{} cannot be written", path.display()))
}

fn tell_done(as_json: bool, what: &str) {
    say(&if as_json { json!({ "repaired": what }).to_string() } else { what.to_owned() });
}

fn tell_not_done(as_json: bool, why: &str) {
    say(&if as_json { json!({ "refused": why }).to_string() } else { why.to_owned() });
}

/// Whole and on the disk, or not at all; over another file only by force.
fn write_heads(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A link fails where a file is, also one that came since we looked.
        if force { std::fs::rename(&beside, path) } else { std::fs::hard_link(&beside, path) }
    };
    let written = write();
    let _renamed = std::fs::remove_file(&beside);
    written
}

fn summary(report: &Report, as_json: bool) -> String {
    let Report { stream, last, messages, events, aggregates, findings, heads, .. } = report;
    if as_json {
        return json!({
            "stream": stream, "last": last, "messages": messages, "events": events, "aggregates": aggregates,
            "findings": findings.len(), "digest": heads.digest,
        })
        .to_string();
    }
    let verdict = if findings.is_empty() { "clean".to_owned() } else { count(findings.len()) };
    format!(
        "{verdict}: {stream} up to {last}, {events} events in {messages} messages, {aggregates} chains, digest {}",
        heads.digest
    )
}

fn advice(report: &Report) -> &'static str {
    if report.findings.iter().all(Finding::is_repairable) {
        "the log is whole; `aegis verify --repair` writes the projections anew"
    } else {
        "the log itself is not as it was written; compare it with an export or another replica of the stream"
    }
}
