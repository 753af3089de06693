//! The last message of each subject, read once.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::StreamExt as _;

use super::connection::Connection;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Gives the last message of each subject that the filter matches to `take`, oldest first, with its stream
/// sequence. Answers when all are read that were there at the beginning. When the reading has to be begun
/// anew after a loss, earlier messages of a subject may come, too.
///
/// # Errors
/// When the server does not answer, or falls silent. What was taken before that is not all.
pub async fn each_last(
    connection: &Connection,
    stream: &str,
    filter_subject: String,
    mut take: impl FnMut(u64, &jetstream::Message),
) -> Result<(), Source> {
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::LastPerSubject,
        filter_subject,
        ..OrderedConfig::default()
    };
    let consumer = connection.jetstream().create_consumer_on_stream(config, stream).await?;
    let mut pending = consumer.cached_info().num_pending;
    let mut messages = consumer.messages().await?;
    while pending > 0 {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await?;
        let message = message.ok_or("the reading of a stream ended early")??;
        let info = message.info()?;
        pending = info.pending;
        take(info.stream_sequence, &message);
    }
    Ok(())
}
