//! An echo service: `NATS_URL=nats://127.0.0.1:4222 cargo run -p aegis-sdk --example echo`.
//!
//! It answers JSON, MessagePack and the envelopes of the Python SDK, each in kind, and streams:
//!
//! ```text
//! nats req rpc.echo.say '{"text": "hi"}'
//! nats service info echo
//! ```

use std::time::Duration;

use aegis_sdk::{Call, Fault, Service, ServiceConfig};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};

/// Something to be said.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Say {
    /// The words.
    text: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A log of the program's own; `Logs::install` makes one that operators can change.
    let (log, _written_at_the_end) = aegis_sdk::logs::writer(std::io::stderr());
    tracing_subscriber::fmt().with_writer(log).init();
    let mut config = ServiceConfig::new("echo", "1.0.0")?;
    config.nats_url = std::env::var("NATS_URL").unwrap_or(config.nats_url);
    let service = Service::builder(config)
        .rpc("say", |_call: Call, say: Say| async move { Ok::<_, Fault>(say) })
        // Says it after a while, unless the caller has gone meanwhile.
        .rpc("slowly", |call: Call, say: Say| async move {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(3)) => Ok(say),
                () = call.cancelled() => Err(Fault::new("GIVEN_UP", "nobody waits any more")),
            }
        })
        // Word by word, as fast as the caller takes them.
        .rpc_stream("words", |_call: Call, say: Say| async move {
            let words: Vec<_> = say.text.split_whitespace().map(str::to_owned).collect();
            Ok::<_, Fault>(stream::iter(words).map(|text| Ok(Say { text })))
        })
        .start()
        .await?;
    tracing::info!(instance = %service.instance(), "serving; Ctrl-C ends it");
    service.run_until_signal().await?;
    Ok(())
}
