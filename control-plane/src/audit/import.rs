//! `aegis events import`
//!
//! First the whole file is read and checked, and nothing written. Then each message is appended as the next one of
//! the stream, expecting the one before it, so that nothing comes in between and a second attempt goes on where the
//! first was cut off.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use aegis_domain::Sequence;
use aegis_domain::wire::header;
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_nats::imported;
use aegis_projections::verify::{Chained, Met, Scope, Walk, verify};
use aegis_sdk::provision::provision;
use anyhow::Context as _;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;

use super::dump::{Digests, End, FORMAT, FORMAT_1, Line, Stored};
use crate::access::Access;
use crate::output::{print_error, say};

/// How many messages are under way at a time.
const WINDOW: usize = 256;

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The exported log.
    file: PathBuf,
    /// Only check the file.
    #[arg(long)]
    dry_run: bool,
    /// Afterwards read the log back and hold it to the file.
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn import(args: ImportArgs) -> anyhow::Result<()> {
    let connection = args.access.connection().await?;
    let is_file = std::fs::metadata(&args.file).map(|found| found.is_file());
    anyhow::ensure!(
        is_file.with_context(|| format!("{} cannot be read", args.file.display()))?,
        "{} is no regular file, and it is read twice: write what comes from a pipe to a file first",
        args.file.display()
    );
    let end = check(&args.file, connection.namespace())?;
    say(&format!("{}: {} messages, digest {}: whole", args.file.display(), end.messages, end.digest));
    if args.dry_run {
        return Ok(());
    }
    // The log first: a lease bucket that is made before it would give terms out again.
    Journal::new(&connection).provision().await?;
    let begun = Journal::new(&connection).last_sequence().await?;
    let stream = connection.namespace().events_stream();
    // Before the first message is there, so that whoever reads it knows when it was recorded.
    if begun < end.last {
        imported::mark(&connection, &stream, end.last.get()).await?;
    }
    let (imported, told) = append(&connection, &args.file, begun).await?;
    // A log that was imported by a version that did not mark it is marked by importing it once more.
    if imported == 0 && told {
        imported::mark(&connection, &stream, end.last.get()).await?;
    }
    provision(&connection).await?;
    say(&format!("imported {imported} messages"));
    let stands = Journal::new(&connection).last_sequence().await?;
    anyhow::ensure!(
        stands >= end.last,
        "the log ends at {stands}, and the file at {}: the file was changed while it was read, import it again",
        end.last
    );
    if args.verify {
        let report = verify(&connection, Scope::default()).await?;
        // The projections follow once a control plane runs.
        let of_the_log = report.findings.iter().filter(|finding| !finding.is_repairable());
        let of_the_log = of_the_log.inspect(|finding| say(&finding.to_string())).count();
        anyhow::ensure!(
            of_the_log == 0 && report.heads.digest == end.digest,
            "the log that was written is not the one of the file: digest {}",
            report.heads.digest
        );
        anyhow::ensure!(
            report.heads.records == end.records,
            "the log that was written has the events of the file, but other times of record or other headers"
        );
        say("verified: the log is the one of the file");
    }
    Ok(())
}

/// Reads the file to its end without writing anything.
fn check(path: &Path, namespace: &aegis_domain::wire::Namespace) -> anyhow::Result<End> {
    let (mut walk, mut digests, mut end) = (Walk::new(None), Digests::default(), None);
    let mut covers_times = false;
    for line in lines(path)? {
        let (number, line) = line?;
        anyhow::ensure!(end.is_none(), "line {number}: something comes after the end");
        match line {
            Line::Head(head) => {
                anyhow::ensure!(number == 1, "line {number}: a second head");
                anyhow::ensure!(
                    [FORMAT, FORMAT_1].contains(&head.format.as_str()),
                    "the file has the format {:?}, not {FORMAT:?} or {FORMAT_1:?}",
                    head.format
                );
                covers_times = head.format == FORMAT;
                anyhow::ensure!(
                    head.namespace == namespace.as_str(),
                    "the log is of the namespace {:?}: import it with --namespace {0}",
                    head.namespace
                );
            }
            Line::Message(stored) => {
                anyhow::ensure!(number > 1, "line 1 is no head: this is no exported log");
                meet(&mut walk, &mut digests, &stored, namespace)
                    .with_context(|| format!("line {number}"))?;
            }
            Line::End(told) => end = Some(told),
        }
    }
    let mut end = end.context("the file has no end: it was cut off")?;
    walk.end(end.last);
    let findings: Vec<_> = walk.findings.iter().map(ToString::to_string).collect();
    findings.iter().for_each(|finding| print_error(finding));
    let (digest, records) = (digests.events.to_string(), digests.records.to_string());
    anyhow::ensure!(
        walk.messages == end.messages && digest == end.digest,
        "the file was changed after it was exported: its messages have the digest {digest}, and its end tells {}",
        end.digest
    );
    match &end.records {
        Some(told) => anyhow::ensure!(
            *told == records,
            "the file was changed after it was exported: at least one message has another time of record or other headers"
        ),
        None => {
            anyhow::ensure!(!covers_times, "the file was changed after it was exported: its end was cut");
            print_error(
                "warning: an export of this format does not show whether times of record were changed",
            );
            end.records = Some(records);
        }
    }
    let gap = walk.findings.iter().any(|finding| finding.code() == "gap");
    anyhow::ensure!(
        !gap,
        "the exported log has gaps, and a message cannot be written at a later place than the next"
    );
    Ok(end)
}

fn meet(
    walk: &mut Walk,
    digests: &mut Digests,
    stored: &Stored,
    namespace: &aegis_domain::wire::Namespace,
) -> anyhow::Result<()> {
    let (headers, body) = (stored.headers()?, stored.body()?);
    let (hash, record) = (stored.hash()?, stored.record()?);
    digests.add(stored)?;
    let event =
        aegis_journal::decode(namespace, stored.sequence.get(), &stored.subject, Some(&headers), &body);
    let event = event.as_ref().map(Chained::from);
    walk.meet(Met { sequence: stored.sequence, subject: &stored.subject, hash, record, event });
    Ok(())
}

/// Answers how many messages were written, and whether those that were there tell when they were recorded.
async fn append(connection: &Connection, path: &Path, begun: Sequence) -> anyhow::Result<(u64, bool)> {
    let (mut imported, mut told) = (0, true);
    let mut window: std::collections::VecDeque<(Sequence, PublishAckFuture)> = [].into();
    for line in lines(path)? {
        let Line::Message(stored) = line?.1 else { continue };
        let sequence = stored.sequence;
        if sequence <= begun {
            told &= same(connection, &stored).await?;
            continue;
        }
        if window.len() == WINDOW
            && let Some((sequence, ack)) = window.pop_front()
        {
            acknowledged(sequence, ack).await?;
        }
        let message = PublishMessage::build()
            .payload(stored.body()?)
            .headers(stored.headers()?)
            .expected_last_sequence(sequence.get() - 1);
        let sent = connection.jetstream().send_publish(stored.subject, message).await?;
        window.push_back((sequence, sent));
        imported += 1;
    }
    for (sequence, ack) in window {
        acknowledged(sequence, ack).await?;
    }
    Ok((imported, told))
}

async fn acknowledged(sequence: Sequence, ack: PublishAckFuture) -> anyhow::Result<()> {
    let ack = ack
        .await
        .with_context(|| format!("message {sequence} was not taken: somebody else writes to the log"))?;
    anyhow::ensure!(ack.sequence == sequence.get(), "message {sequence} was taken as {}", ack.sequence);
    Ok(())
}

/// A log that has something already has to begin as the file does: then the rest is written. Answers whether the
/// message was imported.
async fn same(connection: &Connection, stored: &Stored) -> anyhow::Result<bool> {
    let stream = connection.jetstream().get_stream_no_info(connection.namespace().events_stream()).await?;
    let found = stream.get_raw_message(stored.sequence.get()).await?;
    let hash = aegis_journal::hash(&found.subject, Some(&found.headers), &found.payload);
    anyhow::ensure!(
        hash == stored.hash()?,
        "the installation has a log of its own: message {} is another one than that of the file; import into an empty one",
        stored.sequence
    );
    Ok(found.headers.get(header::RECORDED_AT).is_some())
}

fn lines(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(usize, Line)>> + use<>> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = BufReader::new(file).lines().zip(1..);
    Ok(lines.map(|(line, number)| {
        let line = serde_json::from_str(&line?)
            .with_context(|| format!("line {number} is none of an exported log"))?;
        Ok((number, line))
    }))
}
