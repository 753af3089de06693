//! An interactive client: `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example client`.
//!
//! One call a line: `<service> <method> [JSON]`; `<service>/<group>` for the owner of a group, `<service>@<instance>`
//! for one instance. `stream` before it takes a stream, `python` calls a service of the Python SDK.
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use aegis_sdk::domain::{GroupName, InstanceName, ServiceName};
use aegis_sdk::{CallOptions, Client, ConnectOptions, Connection, Replies, Target};
use anyhow::bail;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let connection = Connection::open(ConnectOptions::new(url, "client")).await?;
    let client = Client::new(&connection);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        print!("> ");
        std::io::stdout().flush()?;
        let Some(line) = lines.next_line().await? else { return Ok(()) };
        if line.trim().is_empty() {
            continue;
        }
        let begun = Instant::now();
        match answer(&client, line.trim()).await {
            Ok(()) => println!("({:?})", begun.elapsed()),
            Err(error) => println!("{error:#}"),
        }
    }
}

async fn answer(client: &Client, line: &str) -> anyhow::Result<()> {
    let (kind, rest) = match line.split_once(' ') {
        Some((kind @ ("stream" | "python"), rest)) => (kind, rest),
        _ => ("", line),
    };
    let mut words = rest.splitn(3, ' ');
    let (Some(target), Some(method)) = (words.next(), words.next()) else {
        bail!("say: [stream | python] <service> <method> [JSON]");
    };
    let (target, params) = (read(target)?, words.next().unwrap_or("null"));
    let params: Value = serde_json::from_str(params)?;
    let options = CallOptions::within(PATIENCE);
    if kind == "stream" {
        let mut replies: Replies<Value> = client.stream(&target, method, &params, options).await?;
        while let Some(item) = replies.next().await {
            println!("{}", item?);
        }
        return Ok(());
    }
    let options = if kind == "python" { options.legacy() } else { options };
    let reply = client.call::<_, Value>(&target, method, &params, options).await?;
    println!("{}", reply.body);
    Ok(())
}

fn read(target: &str) -> anyhow::Result<Target> {
    if let Some((service, group)) = target.split_once('/') {
        return Ok(Target::Owner(ServiceName::new(service)?, GroupName::new(group)?));
    }
    if let Some((service, instance)) = target.split_once('@') {
        return Ok(Target::Instance(ServiceName::new(service)?, InstanceName::new(instance)?));
    }
    Ok(Target::any(target)?)
}
