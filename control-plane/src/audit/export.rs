//! `aegis events export`

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Digest;
use aegis_sdk::Journal;
use aegis_sdk::nats::follow::Followed;
use anyhow::Context as _;
use chrono::Utc;

use super::dump::{End, FORMAT, Head, Line, Stored};
use crate::access::Access;
use crate::output::complain;

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

pub(crate) async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let connection = args.access.connection().await?;
    let journal = Journal::new(&connection);
    let last = journal.last_sequence().await?;
    let mut out: Box<dyn Write> =
        match &args.output {
            Some(path) => Box::new(BufWriter::new(std::fs::File::create_new(path).with_context(|| {
                format!("{} cannot be made; an export overwrites nothing", path.display())
            })?)),
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
    let namespace = connection.namespace();
    let head = Head {
        format: FORMAT.to_owned(),
        namespace: namespace.as_str().to_owned(),
        stream: namespace.events_stream(),
        exported_at: Utc::now(),
    };
    write(&mut out, &Line::Head(head))?;
    let (mut digest, mut messages, mut at) = (Digest::default(), 0_u64, Sequence::ZERO);
    let mut follower = journal.follow(Sequence(1));
    while at < last {
        let followed = tokio::time::timeout(PATIENCE, follower.next()).await;
        let message = match followed.with_context(|| format!("the log gives no message after {at}"))? {
            Followed::Message(message) if message.sequence <= last.get() => message,
            // The rest is missing: what is not there cannot be exported.
            Followed::Message(_) | Followed::Idle | Followed::Replaced => break,
            Followed::Blind => continue,
        };
        at = Sequence(message.sequence);
        let stored = Stored::of(&message);
        digest.add(at, &stored.hash()?);
        messages += 1;
        write(&mut out, &Line::Message(stored))?;
    }
    write(&mut out, &Line::End(End { messages, last: at, digest: digest.to_string() }))?;
    out.flush()?;
    complain(&format!("exported {messages} messages up to {at}, digest {digest}"));
    if at < last {
        complain(&format!("warning: messages {} to {last} of the log are missing", at.next()));
    }
    Ok(())
}

fn write(out: &mut impl Write, line: &Line) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}
