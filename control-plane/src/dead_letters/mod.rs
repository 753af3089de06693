//! `aegis deadletters`: messages that no handler could process. Straight to NATS, so that it works while every
//! control plane is down; over the API as well.

mod api;
mod nats;

use aegis_domain::LetterId;
use aegis_messaging::dead_letters::{DeadLetter, Page};
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::SecondsFormat;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::access::{Access, Way};
use crate::output::{one_line, print_error, say, table};
use crate::remote::Remote;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, newest first.
    List(ListArgs),
    /// Show one whole.
    Show(ShowArgs),
    /// Send one back to the subject that it came from, and remove it.
    Redrive(ActArgs),
    /// Give one up: it is removed.
    Discard(ActArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    count: usize,
    /// Only those before this one, as `list` shows it: 41@2026-11-21T14:05:00.123456Z. A stream that was made anew since is
    /// noticed by the time.
    #[arg(long, value_name = "LETTER")]
    before: Option<LetterId>,
    /// Only of this kind: `event` for domain events that cannot be read.
    #[arg(long)]
    kind: Option<String>,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Which one, as `list` shows it: 41@2026-11-21T14:05:00.123456Z. With the sequence alone, whichever stands there.
    letter: LetterId,
    /// As JSON, with the payload in base64.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ActArgs {
    /// Which one, as `list` shows it: 41@2026-11-21T14:05:00.123456Z. Another one that stands there by now is left alone. With
    /// the sequence alone, whichever stands there.
    letter: LetterId,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    access: Access,
}

/// The dead letters, whichever way they are reached.
#[async_trait(?Send)]
trait Letters {
    async fn list(&self, before: Option<LetterId>, count: usize, kind: Option<&str>) -> anyhow::Result<Page>;
    /// With as much of its body as can be had.
    async fn get(&self, id: LetterId) -> anyhow::Result<DeadLetter>;
    /// Answers the subject that it went back to.
    async fn redrive(&self, id: LetterId, reason: &str) -> anyhow::Result<String>;
    /// Answers the subject that it came from.
    async fn discard(&self, id: LetterId, reason: &str) -> anyhow::Result<String>;
}

async fn letters(access: &Access, remote: &Remote) -> anyhow::Result<Box<dyn Letters>> {
    Ok(match access.way(remote).await? {
        Way::Nats(connection) => Box::new(nats::Stream::new(&connection, access.actor()?)),
        Way::Api(api) => Box::new(api),
    })
}

pub(crate) async fn run(args: Args, remote: Remote) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list(args, &remote).await,
        Command::Show(args) => show(args, &remote).await,
        Command::Redrive(args) => {
            let subject = letters(&args.access, &remote).await?.redrive(args.letter, &args.reason).await?;
            say(&format!("dead letter {} went back to {}", args.letter.sequence, one_line(&subject)));
            Ok(())
        }
        Command::Discard(args) => {
            let subject = letters(&args.access, &remote).await?.discard(args.letter, &args.reason).await?;
            say(&format!("dead letter {} of {} was discarded", args.letter.sequence, one_line(&subject)));
            Ok(())
        }
    }
}

async fn list(args: ListArgs, remote: &Remote) -> anyhow::Result<()> {
    let letters = letters(&args.access, remote).await?;
    let page = letters.list(args.before, args.count, args.kind.as_deref()).await?;
    if args.json {
        page.letters.iter().for_each(|letter| say(&line(letter).to_string()));
        return Ok(());
    }
    let rows: Vec<_> = page.letters.iter().map(row).collect();
    table(["LETTER", "KIND", "FROM", "BYTES", "REASON"], &rows);
    if let (true, Some(last)) = (page.more, page.letters.last()) {
        say(&format!("there are older ones: --before {}", last.id()));
    }
    Ok(())
}

async fn show(args: ShowArgs, remote: &Remote) -> anyhow::Result<()> {
    let letter = letters(&args.access, remote).await?.get(args.letter).await?;
    if letter.body.len() < letter.size && !letter.body.is_empty() {
        let (shown, size) = (letter.body.len(), letter.size);
        print_error(&format!(
            "warning: only the first {shown} bytes of {size}: the API tells no more; --nats-url tells all of it"
        ));
    }
    if args.json {
        say(&line(&letter).to_string());
        return Ok(());
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for (name, value) in [
        ("letter", letter.id().to_string()),
        ("sequence", letter.sequence.to_string()),
        ("kind", letter.kind.clone()),
        ("reason", or_dash(letter.reason.clone())),
        ("subject", or_dash(letter.original_subject.clone())),
        ("stream", or_dash(letter.original_stream.clone())),
        ("at", or_dash(letter.original_sequence.map(|n| n.to_string()))),
        ("dead since", letter.at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ("bytes", letter.size.to_string()),
    ] {
        say(&format!("{name:<12}{}", one_line(&value)));
    }
    for (name, value) in &letter.headers {
        say(&format!("header      {}: {}", one_line(name), one_line(value)));
    }
    say("");
    match std::str::from_utf8(&letter.body) {
        Ok(text) if !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') => say(text),
        Ok(_) | Err(_) => say(&format!("base64 {}", BASE64_STANDARD.encode(&letter.body))),
    }
    Ok(())
}

fn row(letter: &DeadLetter) -> [String; 5] {
    let from = letter.original_subject.clone().unwrap_or_else(|| "-".to_owned());
    [
        letter.id().to_string(),
        letter.kind.clone(),
        from,
        letter.size.to_string(),
        letter.reason.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn line(letter: &DeadLetter) -> Value {
    json!({
        "letter": letter.id().to_string(),
        "sequence": letter.sequence,
        "kind": letter.kind,
        "reason": letter.reason,
        "originalSubject": letter.original_subject,
        "originalStream": letter.original_stream,
        "originalSequence": letter.original_sequence,
        "at": letter.at,
        "headers": letter.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<serde_json::Map<_, _>>(),
        "size": letter.size,
        "base64": BASE64_STANDARD.encode(&letter.body),
    })
}
