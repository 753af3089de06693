//! `aegis deadletters`: messages that nobody could process. Straight to NATS, so that it works while every
//! control plane is down.

use aegis_sdk::dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::SecondsFormat;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::access::Access;
use crate::output::{one_line, say, table};

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
    /// Only those before this one.
    #[arg(long, value_name = "SEQUENCE")]
    before: Option<u64>,
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
    /// Its sequence, as `list` shows it.
    sequence: u64,
    /// As JSON, with the payload in base64.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, clap::Args)]
struct ActArgs {
    /// Its sequence, as `list` shows it.
    sequence: u64,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list(args).await,
        Command::Show(args) => show(args).await,
        Command::Redrive(args) => {
            let letters = DeadLetters::new(&args.access.connection().await?);
            let done = letters.redrive(args.sequence, &args.reason, &args.access.actor()).await;
            let done = done.map_err(with_code)?;
            say(&format!("dead letter {} went back to {}", args.sequence, done.subject));
            Ok(())
        }
        Command::Discard(args) => {
            let letters = DeadLetters::new(&args.access.connection().await?);
            let done = letters.discard(args.sequence, &args.reason, &args.access.actor()).await;
            let done = done.map_err(with_code)?;
            say(&format!("dead letter {} of {} was discarded", args.sequence, done.subject));
            Ok(())
        }
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let letters = DeadLetters::new(&args.access.connection().await?);
    let page = letters.list(args.before, args.count, args.kind.as_deref()).await.map_err(with_code)?;
    if args.json {
        page.letters.iter().for_each(|letter| say(&line(letter).to_string()));
        return Ok(());
    }
    let rows: Vec<_> = page.letters.iter().map(row).collect();
    table(["SEQUENCE", "KIND", "FROM", "AT", "BYTES", "REASON"], &rows);
    if let (true, Some(last)) = (page.more, page.letters.last()) {
        say(&format!("there are older ones: --before {}", last.sequence));
    }
    Ok(())
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let letters = DeadLetters::new(&args.access.connection().await?);
    let letter = letters.get(args.sequence).await.map_err(with_code)?;
    if args.json {
        say(&line(&letter).to_string());
        return Ok(());
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for (name, value) in [
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

fn row(letter: &DeadLetter) -> [String; 6] {
    let from = letter.original_subject.clone().unwrap_or_else(|| "-".to_owned());
    [
        letter.sequence.to_string(),
        letter.kind.clone(),
        from,
        letter.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        letter.size.to_string(),
        letter.reason.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

fn line(letter: &DeadLetter) -> Value {
    json!({
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

fn with_code(error: DeadLetterError) -> anyhow::Error {
    let code = error.code();
    anyhow::Error::from(error).context(code.as_str())
}
