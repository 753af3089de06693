//! What an installation needs on the server: streams and buckets, made when absent and checked when
//! present.

use std::time::Duration;

use aegis_domain::wire::subject;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{ErrorCode, kv, stream};

use super::connection::{Connection, backoff};
use super::denial::PermissionDenied;
use super::{leases, refusal};

/// How long a cluster may take to be ready.
const PATIENCE: Duration = Duration::from_secs(15);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HEARTBEATS_BYTES: i64 = 1 << 30;
const APP_EVENTS_BYTES: i64 = 1 << 30;
/// Markers of ended keys are removed after this time.
pub const MARKER_TTL: Duration = Duration::from_secs(60);

/// Why the server could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The server refused, or did not answer.
    #[error("the stream or bucket {name} could not be made or read")]
    Server {
        /// Its name.
        name: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The credentials do not suffice to look for the streams and buckets, or to make them.
    #[error(transparent)]
    Denied(PermissionDenied),
    /// It exists with a configuration that would break a promise.
    #[error(
        "the stream or bucket {name} exists with a wrong configuration: {setting} must be {needed}; correct it with the nats tool, or remove it if nothing in it is needed"
    )]
    Mismatch {
        /// Its name.
        name: String,
        /// The setting at fault.
        setting: &'static str,
        /// What it must be.
        needed: &'static str,
    },
}

impl ProvisionError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> aegis_domain::ErrorCode {
        match self {
            Self::Denied(_) => aegis_domain::ErrorCode::PermissionDenied,
            Self::Server { source, .. } => refusal::code(&**source),
            Self::Mismatch { .. } => aegis_domain::ErrorCode::Unavailable,
        }
    }
}

/// Makes every stream and bucket of the namespace that is not there yet, and checks the others.
/// Idempotent: any number of services and replicas may do it at once.
///
/// # Errors
/// See [`ProvisionError`].
pub async fn provision(connection: &Connection) -> Result<(), ProvisionError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for attempt in 1.. {
        // What may not be asked of the server is never answered.
        let denied = connection.denials().publish(|denied| denied.starts_with("$JS.API."));
        let outcome = tokio::select! {
            biased;
            outcome = provision_once(connection) => outcome,
            denied = denied => return Err(ProvisionError::Denied(denied)),
        };
        match outcome {
            // A cluster answers before each of its nodes knows the others.
            Err(ProvisionError::Server { name, .. })
                if replicas(connection) > 1 && tokio::time::Instant::now() < deadline =>
            {
                tracing::debug!(name, attempt, "the cluster cannot make or read it yet");
                tokio::time::sleep(backoff(attempt + 1)).await;
            }
            outcome => return outcome,
        }
    }
    Ok(())
}

/// On a cluster everything has three copies, so that the loss of one node loses nothing.
pub(crate) fn replicas(connection: &Connection) -> usize {
    if connection.client().server_info().cluster.is_some() { 3 } else { 1 }
}

async fn provision_once(connection: &Connection) -> Result<(), ProvisionError> {
    let namespace = connection.namespace();
    let events = journal(namespace.events_stream(), namespace.all_events());
    let heartbeats = stream::Config {
        name: namespace.heartbeats_stream(),
        description: Some("Aegis heartbeats".to_owned()),
        subjects: vec![namespace.all_heartbeats()],
        max_age: DAY,
        max_bytes: HEARTBEATS_BYTES,
        allow_direct: true,
        ..stream::Config::default()
    };
    let dead_letters = stream::Config {
        name: namespace.dead_letters_stream(),
        description: Some("Aegis dead letters".to_owned()),
        subjects: vec![namespace.all_dead_letters()],
        max_age: DAY * 30,
        allow_direct: true,
        ..stream::Config::default()
    };
    let applications = stream::Config {
        name: namespace.app_events_stream(),
        description: Some("Events of applications".to_owned()),
        subjects: vec![subject::app_events(namespace, ">")],
        max_age: DAY,
        max_bytes: APP_EVENTS_BYTES,
        allow_direct: true,
        ..stream::Config::default()
    };
    for config in [events, heartbeats, dead_letters, applications] {
        ensure_stream(connection, config).await?;
    }
    let buckets = [
        namespace.instances_bucket(),
        namespace.definitions_bucket(),
        namespace.leaders_bucket(),
        namespace.snapshots_bucket(),
        namespace.leases_bucket(),
    ];
    for bucket in buckets {
        ensure_bucket(connection, bucket).await?;
    }
    Ok(())
}

/// Makes the stream, or checks it.
pub(crate) async fn ensure_stream(
    connection: &Connection,
    wanted: stream::Config,
) -> Result<(), ProvisionError> {
    let name = wanted.name.clone();
    let found = connection
        .jetstream()
        .get_or_create_stream(stream::Config { num_replicas: replicas(connection), ..wanted.clone() })
        .await
        .map_err(|e| ProvisionError::Server { name: name.clone(), source: e.into() })?;
    let found = &found.cached_info().config;
    let mismatch = |setting, needed| Err(ProvisionError::Mismatch { name, setting, needed });
    if found.subjects != wanted.subjects {
        return mismatch("subjects", "those of this namespace");
    }
    if !found.allow_direct {
        return mismatch("allow_direct", "true");
    }
    if wanted.allow_atomic_publish && !found.allow_atomic_publish {
        return mismatch("allow_atomic", "true");
    }
    if wanted.deny_delete && !(found.deny_delete && found.deny_purge) {
        return mismatch("deny_delete and deny_purge", "true");
    }
    if wanted.deny_delete && !found.max_age.is_zero() {
        return mismatch("max_age", "0, because the log is kept for ever");
    }
    Ok(())
}

/// Makes the stream of a journal of one's own, or checks it.
///
/// # Errors
/// See [`ProvisionError`].
pub(crate) async fn ensure_journal(
    connection: &Connection,
    name: String,
    subjects: String,
) -> Result<(), ProvisionError> {
    ensure_stream(connection, journal(name, subjects)).await?;
    ensure_bucket(connection, connection.namespace().snapshots_bucket()).await
}

/// A stream of events: nothing is ever taken from it.
fn journal(name: String, subjects: String) -> stream::Config {
    stream::Config {
        name,
        description: Some("Aegis domain events: the record".to_owned()),
        subjects: vec![subjects],
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        allow_atomic_publish: true,
        ..stream::Config::default()
    }
}

/// Makes a bucket whose keys carry their own time to live, or checks it.
pub(crate) async fn ensure_bucket(connection: &Connection, name: String) -> Result<(), ProvisionError> {
    let server = |source| ProvisionError::Server { name: name.clone(), source };
    let stream = match connection.jetstream().get_stream(subject::kv_stream(&name)).await {
        Ok(stream) => stream,
        Err(e) if !is_absent(&e.kind()) => return Err(server(e.into())),
        Err(_absent) if name == connection.namespace().leases_bucket() => leases::create(connection).await?,
        Err(_absent) => {
            connection
                .jetstream()
                .create_key_value(kv::Config {
                    bucket: name.clone(),
                    history: 1,
                    limit_markers: Some(MARKER_TTL),
                    num_replicas: replicas(connection),
                    ..kv::Config::default()
                })
                .await
                .map_err(|e| server(e.into()))?
                .stream
        }
    };
    let config = &stream.cached_info().config;
    let mismatch = |setting, needed| Err(ProvisionError::Mismatch { name: name.clone(), setting, needed });
    if config.max_messages_per_subject != 1 {
        return mismatch("history", "1");
    }
    if !config.allow_message_ttl {
        return mismatch("allow_msg_ttl", "true");
    }
    if !config.max_age.is_zero() {
        return mismatch("ttl of the bucket", "0, because keys carry their own");
    }
    Ok(())
}

/// Whether a stream was not found because there is none.
#[must_use]
pub fn is_absent(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
