//! Following events live, for as long as the process runs: for what only the latest counts of.

use std::time::Duration;

use aegis_sdk::Events;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

const RETRY: Duration = Duration::from_secs(1);

/// Hands every event to `take`, and subscribes again whenever the subscription ends. Never returns.
pub(crate) async fn follow<T: DeserializeOwned>(
    events: &Events,
    domain: &str,
    event_type: &str,
    mut take: impl FnMut(T),
) {
    loop {
        match events.live(domain, event_type).await {
            Ok(stream) => {
                let mut stream = std::pin::pin!(stream);
                while let Some(event) = stream.next().await {
                    match event.decode() {
                        Ok(body) => take(body),
                        Err(error) => {
                            tracing::warn!(subject = event.subject, %error, "an event cannot be read")
                        }
                    }
                }
                tracing::warn!(domain, event_type, "the subscription ended; subscribing again");
            }
            Err(error) => tracing::warn!(domain, event_type, %error, "cannot subscribe; trying again"),
        }
        tokio::time::sleep(RETRY).await;
    }
}
