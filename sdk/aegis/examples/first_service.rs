//! A first service: it registers, answers, and leaves when it is asked to end.
//!
//! ```text
//! export NATS_URL=nats://127.0.0.1:4222 AEGIS_SERVICE=greeter AEGIS_VERSION=1.0.0
//! cargo run -p aegis-sdk --example first_service
//! nats req rpc.greeter.greet '"you"'
//! ```

use aegis_sdk::{Call, Fault, Logs, Service, ServiceConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = ServiceConfig::load(None)?;
    let logs = Logs::install(&config.log)?;
    let service = Service::builder(config)
        .logs(&logs)
        .rpc("greet", |_call: Call, name: String| async move { Ok::<_, Fault>(format!("hello {name}")) })
        .start()
        .await?;
    service.run_until_signal().await?;
    Ok(())
}
