//! Commands: a report is built by whichever instance has room, tells of its progress, and one is called off.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example commands`
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::time::Duration;

use aegis_sdk::{
    CommandContext, Commands, ConnectOptions, Connection, Fault, Priority, SendOptions, Service,
    ServiceConfig,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("NATS_URL").unwrap_or_else(|_unset| "nats://127.0.0.1:4222".to_owned());
    let mut config = ServiceConfig::new("reports", "1.0.0")?;
    config.nats_url = url.clone();
    let service = Service::builder(config)
        .command("build", |context: CommandContext, pages: u32| async move {
            for page in 1..=pages {
                tokio::time::sleep(Duration::from_millis(100)).await; // the work
                let percent = f64::from(page) / f64::from(pages) * 100.0;
                context.progress(percent, &format!("page {page} of {pages}")).await;
            }
            Ok::<_, Fault>(format!("a report of {pages} pages"))
        })
        .start()
        .await?;
    let connection = Connection::open(ConnectOptions::new(url, "desk")).await?;
    let (commands, reports) = (Commands::new(&connection), service.name().clone());

    let urgent = SendOptions::priority(Priority::High);
    let mut report = commands.send(&reports, "build", &5, urgent).await?;
    while let Some(told) = report.next_progress().await {
        println!("{:>3.0} % {}", told.percent, told.message);
    }
    println!("{}", report.result::<String>().await?);

    let mut endless = commands.send(&reports, "build", &1_000_000, SendOptions::default()).await?;
    endless.next_progress().await;
    endless.cancel("nobody reads a million pages").await?;
    if let Err(error) = endless.result::<String>().await {
        println!("{}: {error}", error.code());
    }

    let mut later = commands.send(&reports, "build", &1, SendOptions::after(Duration::from_secs(2))).await?;
    println!("two seconds later: {}", later.result::<String>().await?);
    service.stop("the example is over").await?;
    Ok(())
}
