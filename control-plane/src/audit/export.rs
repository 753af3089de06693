//! `aegis events export`

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_journal::Journal;
use aegis_nats::Connection;
use aegis_nats::follow::Followed;
use anyhow::Context as _;
use chrono::Utc;

use super::dump::{Digests, End, FORMAT, Head, Line, Stored};
use crate::access::Access;
use crate::output::{Raw, is_read, print_error};

/// How long the log may give nothing before its end.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The file; standard output without it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

/// What an export has found.
#[derive(Debug, Default)]
struct Exported {
    messages: u64,
    at: Sequence,
    digests: Digests,
    /// The runs of sequences that the log has lost.
    gaps: Vec<(Sequence, Sequence)>,
}

pub(crate) async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let connection = args.access.connection().await?;
    let exported = match &args.output {
        None => write_log(&connection, &mut BufWriter::new(Raw)).await?,
        Some(path) => {
            let file = std::fs::File::create_new(path).with_context(|| {
                format!("{} cannot be made; an export overwrites nothing", path.display())
            })?;
            match write_file(&connection, file).await {
                Ok(exported) => exported,
                Err(error) => {
                    // Half an export is none, and would be in the way of the next attempt.
                    let _the_error_counts = std::fs::remove_file(path);
                    return Err(error.context(format!("{} cannot be written", path.display())));
                }
            }
        }
    };
    let Exported { messages, at, digests, gaps } = exported;
    print_error(&format!("exported {messages} messages up to {at}, digest {}", digests.events));
    for (first, last) in &gaps {
        print_error(&format!("missing: messages {first} to {last} of the log"));
    }
    anyhow::ensure!(
        gaps.is_empty(),
        "the log has lost messages, so the export is what is left of it: compare it with an earlier export or another \
         replica of the stream"
    );
    Ok(())
}

async fn write_file(connection: &Connection, file: std::fs::File) -> anyhow::Result<Exported> {
    let mut out = BufWriter::new(file);
    let exported = write_log(connection, &mut out).await?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(exported)
}

async fn write_log(connection: &Connection, out: &mut impl Write) -> anyhow::Result<Exported> {
    let journal = Journal::new(connection);
    let last = journal.last_sequence().await?;
    let namespace = connection.namespace();
    let head = Head {
        format: FORMAT.to_owned(),
        namespace: namespace.as_str().to_owned(),
        stream: namespace.events_stream(),
        exported_at: Utc::now(),
    };
    write(out, &Line::Head(head))?;
    let mut exported = Exported::default();
    let mut follower = journal.follow(Sequence(1));
    while exported.at < last && is_read() {
        let followed = tokio::time::timeout(PATIENCE, follower.next()).await;
        let after = exported.at;
        let message = match followed.with_context(|| format!("the log gives no message after {after}"))? {
            Followed::Message(message) if message.sequence <= last.get() => message,
            // The rest is missing: what is not there cannot be exported.
            Followed::Message(_) | Followed::Idle | Followed::Replaced => break,
            Followed::Blind => continue,
        };
        exported.passes_to(Sequence(message.sequence));
        let stored = Stored::of(&message);
        exported.digests.add(&stored)?;
        exported.messages += 1;
        write(out, &Line::Message(stored))?;
    }
    let Exported { messages, at, digests, .. } = &exported;
    let (digest, records) = (digests.events.to_string(), Some(digests.records.to_string()));
    write(out, &Line::End(End { messages: *messages, last: *at, digest, records }))?;
    out.flush()?;
    if exported.at < last && is_read() {
        exported.gaps.push((exported.at.next(), last));
    }
    Ok(exported)
}

impl Exported {
    fn passes_to(&mut self, sequence: Sequence) {
        if sequence > self.at.next() {
            self.gaps.push((self.at.next(), Sequence(sequence.get() - 1)));
        }
        self.at = sequence;
    }
}

fn write(out: &mut impl Write, line: &Line) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}
