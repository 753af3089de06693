//! The lease bucket: how it is made, and what it must be like to keep the promises of leadership.
//!
//! It is the authority on who leads. It must never forget a key by itself, never take a key from elsewhere,
//! and never acknowledge what it may lose; and its revisions must not start over beneath the terms of the
//! log. Each change of a term is a write, so its sequence is never below the highest term that it has given
//! out: one that is was lost, made anew by hand, or restored from an old copy.

use aegis_domain::Term;
use aegis_domain::wire::subject;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType, Stream,
};

use aegis_nats::Connection;
use aegis_nats::last::each_last;
use aegis_nats::provision::{MARKER_TTL, ProvisionError, check_bucket, is_absent, replicas};

use crate::leadership::history;

/// The smallest limit on the size of a message that fits any record.
const LARGEST_RECORD: i32 = 16 * 1024;

/// Why no group can be led with this lease bucket.
#[derive(Debug, thiserror::Error)]
pub enum LeaseBucketError {
    /// It cannot be read, or has a configuration that would break a promise.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// It has been lost, made anew by hand or restored from an old copy.
    #[error(
        "the lease bucket {bucket} stands at sequence {sequence}, and the log has term {term} already: the bucket was lost, made anew or restored from an old copy, and would give terms out twice; stop every instance that has groups, remove the bucket (nats kv del {bucket}), and start again: it is then made anew, and terms go on from the log"
    )]
    Behind {
        /// Its name.
        bucket: String,
        /// The sequence of its last message.
        sequence: u64,
        /// The highest term of the log.
        term: Term,
    },
}

/// Whether the lease bucket can be relied on. `highest` is a term that the log has, read before this.
///
/// # Errors
/// See [`LeaseBucketError`].
pub async fn check(connection: &Connection, highest: Term) -> Result<(), LeaseBucketError> {
    let bucket = connection.namespace().leases_bucket();
    let stream = connection
        .jetstream()
        .get_stream(subject::kv_stream(&bucket))
        .await
        .map_err(|e| ProvisionError::Server { name: bucket.clone(), source: e.into() })?;
    let (config, sequence) = (&stream.cached_info().config, stream.cached_info().state.last_sequence);
    if let Some((setting, needed)) = fault(&bucket, config) {
        return Err(ProvisionError::Mismatch { name: bucket, setting, needed }.into());
    }
    if sequence < highest.get() {
        return Err(LeaseBucketError::Behind { bucket, sequence, term: highest });
    }
    Ok(())
}

/// Makes the bucket, or checks it. The log has to be there.
///
/// # Errors
/// See [`ProvisionError`].
pub async fn ensure(connection: &Connection) -> Result<(), ProvisionError> {
    let name = connection.namespace().leases_bucket();
    let stream = match connection.jetstream().get_stream(subject::kv_stream(&name)).await {
        Ok(stream) => stream,
        Err(e) if is_absent(&e.kind()) => create(connection).await?,
        Err(e) => return Err(ProvisionError::Server { name, source: e.into() }),
    };
    check_bucket(name, &stream.cached_info().config)
}

/// Makes the bucket, beyond the log: the terms of its groups and the sequences of its messages are higher
/// than anything that one before it can have given out and the log has.
async fn create(connection: &Connection) -> Result<Stream, ProvisionError> {
    let namespace = connection.namespace();
    let name = namespace.leases_bucket();
    let server = |source| ProvisionError::Server { name: name.clone(), source };
    let events = namespace.events_stream();
    let log = connection.jetstream().get_stream(&events).await.map_err(|e| server(e.into()))?;
    let mut beyond = log.cached_info().state.last_sequence;
    // The log may lack events of terms that it knows of, if it was away for long.
    let filter = namespace.leadership_events(None);
    let highest = each_last(connection, &events, filter, |_, message| {
        // One that is no event is told of elsewhere.
        if let Ok(Some((_, term))) = history::term(namespace, message) {
            beyond = beyond.max(term.get());
        }
    });
    highest.await.map_err(server)?;
    let config = Config {
        name: subject::kv_stream(&name),
        description: Some("Aegis leases: who leads".to_owned()),
        subjects: vec![subject::kv(&name, ">")],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: replicas(connection),
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        allow_message_ttl: true,
        subject_delete_marker_ttl: Some(MARKER_TTL),
        first_sequence: (beyond > 0).then_some(beyond + 1),
        ..Config::default()
    };
    match connection.jetstream().create_stream(&config).await {
        Ok(stream) => Ok(stream),
        // Another made it meanwhile, perhaps when the log was shorter.
        Err(e) if is_taken(&e.kind()) => {
            connection.jetstream().get_stream(&config.name).await.map_err(|e| server(e.into()))
        }
        Err(e) => Err(server(e.into())),
    }
}

fn is_taken(kind: &CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

/// The first setting that would break a promise, and what it must be. What only limits how many keys or
/// watchers there may be is no fault as long as the server refuses loudly; copying records elsewhere is none
/// either.
fn fault(bucket: &str, config: &Config) -> Option<(&'static str, &'static str)> {
    let limited = config.max_bytes > 0 || config.max_messages > 0;
    let too_small = config.max_message_size > 0 && config.max_message_size < LARGEST_RECORD;
    let sourced = config.sources.as_ref().is_some_and(|sources| !sources.is_empty());
    let asynchronous = config.persist_mode.as_ref().is_some_and(|mode| *mode != PersistenceMode::Default);
    [
        (config.mirror.is_some(), "mirror", "none, because a copy is not the authority"),
        (sourced, "sources", "none, because only compare-and-set may change a key"),
        (config.subjects != [subject::kv(bucket, ">")], "subjects", "those of the bucket alone"),
        (config.subject_transform.is_some(), "subject_transform", "none, because it moves keys"),
        (config.storage != StorageType::File, "storage", "file, because memory forgets terms at a restart"),
        (asynchronous, "persist_mode", "default, because what is acknowledged must be stored"),
        (config.retention != RetentionPolicy::Limits, "retention", "limits, because others drop read keys"),
        (config.no_ack, "no_ack", "false, because a write without an outcome decides nothing"),
        (config.sealed, "sealed", "false, because nothing could be written"),
        (
            config.max_messages_per_subject != 1,
            "history",
            "1, because what a key was must not come back when what it is runs out",
        ),
        (config.discard_new_per_subject, "discard_new_per_subject", "false, because no key could be renewed"),
        (
            limited && config.discard != DiscardPolicy::New,
            "discard",
            "new, because a full bucket must refuse writes rather than forget keys",
        ),
        (too_small, "max_msg_size", "unlimited, or 16384 at least"),
        (!config.max_age.is_zero(), "ttl of the bucket", "0, because keys carry their own"),
        (!config.allow_message_ttl, "allow_msg_ttl", "true, because sessions run out"),
    ]
    .into_iter()
    .find_map(|(at_fault, setting, needed)| at_fault.then_some((setting, needed)))
}
