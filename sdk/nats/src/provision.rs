//! What an installation needs on the server: streams and buckets, made when absent and checked when
//! present.

use std::time::Duration;

use aegis_domain::wire::subject;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{ErrorCode, kv, stream};

use super::backoff::backoff;
use super::connection::Connection;
use super::denial::PermissionDenied;
use super::refusal;

/// How long a cluster may take to be ready.
const PATIENCE: Duration = Duration::from_secs(15);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
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

/// Carries out a provisioning, once it can be: a cluster answers before each of its nodes knows the others.
///
/// # Errors
/// See [`ProvisionError`].
pub async fn until_ready<F>(
    connection: &Connection,
    mut provisioning: impl FnMut() -> F,
) -> Result<(), ProvisionError>
where
    F: Future<Output = Result<(), ProvisionError>>,
{
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for attempt in 1.. {
        // What may not be asked of the server is never answered.
        let denied = connection.denials().publish(|denied| denied.starts_with("$JS.API."));
        let outcome = tokio::select! {
            biased;
            outcome = provisioning() => outcome,
            denied = denied => return Err(ProvisionError::Denied(denied)),
        };
        match outcome {
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
pub fn replicas(connection: &Connection) -> usize {
    if connection.client().server_info().cluster.is_some() { 3 } else { 1 }
}

/// Makes the stream, or checks it.
pub async fn ensure_stream(connection: &Connection, wanted: stream::Config) -> Result<(), ProvisionError> {
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

/// Makes a bucket whose keys carry their own time to live, or checks it.
pub async fn ensure_bucket(connection: &Connection, name: String) -> Result<(), ProvisionError> {
    let server = |source| ProvisionError::Server { name: name.clone(), source };
    let stream = match connection.jetstream().get_stream(subject::kv_stream(&name)).await {
        Ok(stream) => stream,
        Err(e) if !is_absent(&e.kind()) => return Err(server(e.into())),
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
    check_bucket(name, &stream.cached_info().config)
}

/// Whether a bucket keeps one value for each key, and keys run out by themselves.
///
/// # Errors
/// See [`ProvisionError`].
pub fn check_bucket(name: String, config: &stream::Config) -> Result<(), ProvisionError> {
    let mismatch = |setting, needed| Err(ProvisionError::Mismatch { name, setting, needed });
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
