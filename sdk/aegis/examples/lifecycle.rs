//! The life of a service: a hook at each stage, and a health check. It ends on SIGTERM, Ctrl-C or `aegis drain`.
//!
//! ```text
//! export NATS_URL=nats://127.0.0.1:4222 AEGIS_SERVICE=feed AEGIS_VERSION=1.0.0
//! AEGIS_APP_FEED_FILE=/etc/hostname cargo run -p aegis-sdk --example lifecycle
//! ```
//!
//! While the file is not there, the instance is unhealthy: it hands its groups over, and is left out of the choice.

use std::path::PathBuf;
use std::time::Duration;

use aegis_sdk::service::Stage;
use aegis_sdk::{Call, Fault, Logs, Service, ServiceConfig};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Feed {
    file: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (config, feed): (ServiceConfig, Feed) = ServiceConfig::load_with(None, "feed")?;
    let logs = Logs::install(&config.log)?;
    let (checked, read) = (feed.file.clone(), feed.file);
    let mut service = Service::builder(config)
        .logs(&logs)
        .health_check("the file", Duration::from_millis(500), move || {
            let file = checked.clone();
            async move { tokio::fs::metadata(file).await.map(drop) }
        })
        .rpc("read", move |_call: Call, (): ()| {
            let file = read.clone();
            async move { tokio::fs::read_to_string(file).await.map_err(Fault::tell) }
        });
    for stage in [Stage::Starting, Stage::Running, Stage::Draining, Stage::Stopping] {
        service = service.on(stage, move |context| async move {
            tracing::info!(instance = %context.instance, ?stage, "hook");
            Ok(())
        });
    }
    service.start().await?.run_until_signal().await?;
    Ok(())
}
