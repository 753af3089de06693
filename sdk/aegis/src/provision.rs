//! Creates the streams and buckets of an installation.

use aegis_nats::Connection;
use aegis_nats::provision::{DAY, ProvisionError, ensure_bucket, ensure_stream, until_ready};
use aegis_nats::restore::MakeStream;
use async_nats::jetstream::stream;

use aegis_journal::Journal;
use aegis_leases::leadership::bucket;

const HEARTBEATS_BYTES: i64 = 1 << 30;

/// Makes every stream and bucket of the namespace that is not there yet, and checks the others. What somebody removes under
/// this connection is made again in the same way.
/// Idempotent: any number of services and replicas may do it at once.
///
/// # Errors
/// See [`ProvisionError`].
pub async fn provision(connection: &Connection) -> Result<(), ProvisionError> {
    made_by_us(connection);
    until_ready(connection, || provision_once(connection)).await
}

/// Says how what is missed is made again.
pub(crate) fn made_by_us(connection: &Connection) {
    connection.made_by(of_installation());
}

/// All streams and buckets of the installation, that of the events of applications among them.
pub(crate) fn of_installation() -> MakeStream {
    MakeStream::by(|connection| Box::pin(async move { Ok(provision(&connection).await?) }))
}

async fn provision_once(connection: &Connection) -> Result<(), ProvisionError> {
    let namespace = connection.namespace();
    Journal::new(connection).provision().await?;
    let heartbeats = stream::Config {
        name: namespace.heartbeats_stream(),
        description: Some("Aegis heartbeats".to_owned()),
        subjects: vec![namespace.all_heartbeats()],
        max_age: DAY,
        max_bytes: HEARTBEATS_BYTES,
        allow_direct: true,
        ..stream::Config::default()
    };
    ensure_stream(connection, heartbeats).await?;
    aegis_messaging::provision::provision(connection).await?;
    let buckets = [namespace.instances_bucket(), namespace.definitions_bucket(), namespace.leaders_bucket()];
    for bucket in buckets {
        ensure_bucket(connection, bucket).await?;
    }
    bucket::ensure(connection).await
}
