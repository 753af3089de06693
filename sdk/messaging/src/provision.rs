//! The JetStream streams of events, commands and dead letters.

use aegis_domain::wire::subject;
use aegis_nats::Connection;
use aegis_nats::provision::{DAY, ProvisionError, ensure_stream};
use aegis_nats::restore::MakeStream;
use async_nats::jetstream::stream;

const EVENTS_BYTES: i64 = 1 << 30;

/// Makes the stream of the services' events and that of dead letters, or checks them.
///
/// # Errors
/// See [`ProvisionError`].
pub async fn provision(connection: &Connection) -> Result<(), ProvisionError> {
    dead_letters(connection).await?;
    events(connection).await
}

/// How the stream of the services' events is made again.
pub(crate) fn making() -> MakeStream {
    MakeStream::by(|connection| Box::pin(async move { Ok(events(&connection).await?) }))
}

pub(crate) async fn events(connection: &Connection) -> Result<(), ProvisionError> {
    let namespace = connection.namespace();
    let config = stream::Config {
        name: namespace.app_events_stream(),
        description: Some("Events of applications".to_owned()),
        subjects: vec![subject::app_events(namespace, ">")],
        max_age: DAY,
        max_bytes: EVENTS_BYTES,
        allow_direct: true,
        ..stream::Config::default()
    };
    ensure_stream(connection, config).await
}

async fn dead_letters(connection: &Connection) -> Result<(), ProvisionError> {
    let namespace = connection.namespace();
    let config = stream::Config {
        name: namespace.dead_letters_stream(),
        description: Some("Aegis dead letters".to_owned()),
        subjects: vec![namespace.all_dead_letters()],
        max_age: DAY * 30,
        allow_direct: true,
        ..stream::Config::default()
    };
    ensure_stream(connection, config).await
}
