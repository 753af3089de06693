//! `aegis verify --journal`: journals of users, held to their chains.

use aegis_journal::foreign;
use aegis_nats::Connection;
use aegis_projections::verify::{Heads, JournalReport, verify_journal};
use serde_json::json;

use super::finding::{count, tell};
use crate::jetstream::PATIENCE;
use crate::output::{one_line, print_error, say};

/// How a journal is verified.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Heads that were exported before.
    pub(super) heads: Option<&'a Heads>,
    pub(super) json: bool,
}

/// Verifies one journal, and tells what is found.
pub(super) async fn verify(
    connection: &Connection,
    journal: &str,
    asked: &Asked<'_>,
) -> anyhow::Result<JournalReport> {
    let Some(report) = verify_journal(connection, journal, asked.heads, None).await? else {
        anyhow::bail!(unknown(connection, journal).await);
    };
    report.findings.iter().for_each(|finding| tell(finding, asked.json));
    Ok(report)
}

/// The last line, and the failure when anything was found.
pub(super) fn conclude(report: &JournalReport, as_json: bool) -> anyhow::Result<()> {
    say(&summary(report, as_json));
    anyhow::ensure!(report.is_clean(), "{}: {ADVICE}", count(report.findings.len()));
    Ok(())
}

const ADVICE: &str =
    "the journal is not as it was written; compare it with another replica of the stream, or a backup";

/// Verifies all journals, each with its line. The inner failure is what was found, and which could not be read.
pub(super) async fn verify_all(connection: &Connection, as_json: bool) -> anyhow::Result<anyhow::Result<()>> {
    let (mut at_fault, mut unread) = (Vec::new(), Vec::new());
    for journal in foreign::names(connection).await? {
        match verify(connection, &journal, &Asked { heads: None, json: as_json }).await {
            Ok(report) => {
                say(&summary(&report, as_json));
                if !report.is_clean() {
                    at_fault.push(journal);
                }
            }
            // The others are verified, and this one is named.
            Err(error) => unread.push(format!("{journal} ({error:#})")),
        }
    }
    Ok(match (at_fault.as_slice(), unread.as_slice()) {
        ([], []) => Ok(()),
        ([], unread) => Err(anyhow::anyhow!("journals that could not be verified: {}", unread.join(", "))),
        (at_fault, []) => Err(anyhow::anyhow!("findings in the journals {}: {ADVICE}", at_fault.join(", "))),
        (at_fault, unread) => Err(anyhow::anyhow!(
            "findings in the journals {}: {ADVICE}; and some could not be verified: {}",
            at_fault.join(", "),
            unread.join(", ")
        )),
    })
}

/// Names the journals that were not verified.
pub(super) async fn name_them(connection: &Connection, as_json: bool) {
    let names = match tokio::time::timeout(PATIENCE, foreign::names(connection)).await {
        Ok(Ok(names)) => names,
        Ok(Err(_)) | Err(_) => {
            print_error("warning: whether there are journals of users could not be asked");
            return;
        }
    };
    if names.is_empty() {
        return;
    }
    say(&if as_json {
        json!({ "journals": names }).to_string()
    } else {
        let names = names.join(", ");
        format!(
            "not verified: the journals of users {names}; verify one with --journal NAME, or all with --all"
        )
    });
}

/// Why there is no such journal, and which there are.
pub(super) async fn unknown(connection: &Connection, journal: &str) -> String {
    let journal = one_line(journal);
    match tokio::time::timeout(PATIENCE, foreign::names(connection)).await {
        Ok(Ok(names)) if names.is_empty() => {
            format!("NOT_FOUND: there is no journal {journal}, and no other of users")
        }
        Ok(Ok(names)) => {
            format!("NOT_FOUND: there is no journal {journal}; there are {}", names.join(", "))
        }
        Ok(Err(_)) | Err(_) => format!("NOT_FOUND: there is no journal {journal}"),
    }
}

fn summary(report: &JournalReport, as_json: bool) -> String {
    let JournalReport { stream, last, messages, events, aggregates, findings, heads } = report;
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
