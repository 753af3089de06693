//! Asking JetStream, within bounds: how long it may take, how much is told, and what its refusals mean.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_graphql::ports::Refused;
use aegis_nats::Connection;
use aegis_nats::bucket::is_api_of;
use async_nats::jetstream;
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::Stream as JetStreamStream;
use chrono::{DateTime, Utc};
use futures_util::{Stream, TryStreamExt as _};

/// How long NATS may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// So many are told at most.
const MOST: usize = 2_000;

/// The stream of this name; `NOT_FOUND` when there is none.
pub(crate) async fn opened(connection: &Connection, stream: &str) -> Result<JetStreamStream, Refused> {
    let opened = permitted(connection, stream, connection.jetstream().get_stream(stream)).await?;
    opened.map_err(|error| unopened(error, stream))
}

/// What came of a question about a stream, unless it took too long or may not be asked: such a question is never answered.
pub(crate) async fn permitted<T>(
    connection: &Connection,
    stream: &str,
    asked: impl Future<Output = T>,
) -> Result<T, Refused> {
    let denied = connection.denials().publish(|denied| is_api_of(denied, stream));
    tokio::select! {
        biased;
        answered = tokio::time::timeout(PATIENCE, asked) => answered.map_err(away),
        denied = denied => Err(Refused { code: ErrorCode::PermissionDenied, message: denied.to_string() }),
    }
}

pub(crate) async fn all<T, E>(pages: impl Stream<Item = Result<T, E>>) -> Result<Vec<T>, Refused>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut pages = std::pin::pin!(pages);
    let mut all = Vec::new();
    let read = async {
        while let Some(one) = pages.try_next().await? {
            all.push(one);
            if all.len() == MOST {
                break;
            }
        }
        Ok::<_, E>(())
    };
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(())) => Ok(all),
        Ok(Err(error)) => Err(away(error)),
        Err(elapsed) => Err(away(elapsed)),
    }
}

fn unopened(error: GetStreamError, stream: &str) -> Refused {
    let is_absent = match error.kind() {
        GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => true,
        GetStreamErrorKind::JetStream(told) => told.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND,
        GetStreamErrorKind::Request => false,
    };
    if is_absent {
        return Refused { code: ErrorCode::NotFound, message: format!("there is no stream {stream:?}") };
    }
    away(error)
}

pub(crate) fn away(error: impl std::error::Error) -> Refused {
    tracing::debug!(%error, "JetStream was not told of");
    Refused { code: ErrorCode::Unavailable, message: "JetStream does not tell it now: try again".to_owned() }
}

pub(crate) fn time(nanos: i128) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(i64::try_from(nanos.div_euclid(1000)).ok()?)
}
