//! The work queue: one stream, whose subjects are those of the services that have commands.
//!
//! NOTE: not `commands.>`, nor `commands.*.*`: the Python SDK tells progress on `commands.progress.<id>`, which
//! would fill the queue. A stream has no way to leave subjects out, so each service's are put in, under a lock.

use std::collections::BTreeSet;
use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::Namespace;
use aegis_domain::wire::command;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::{GetStreamErrorKind, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, Info, RetentionPolicy, Stream};
use futures_util::TryStreamExt as _;

use super::options::Sending;
use super::register::Register;
use super::{CommandError, CommandHandle};
use crate::consume::ConsumerTaken;
use aegis_nats::Connection;
use aegis_nats::backoff::backoff;
use aegis_nats::bucket::CasError;
use aegis_nats::provision::{MARKER_TTL, ProvisionError, is_absent, replicas};

/// How long the lock is held at most; a holder that dies over it keeps others so long.
const LOCK: Duration = Duration::from_secs(5);
const LOCK_KEY: &str = "lock";
const PATIENCE: Duration = Duration::from_secs(20);
/// How often sending is tried.
const SENDS: usize = 5;
/// What the Python SDK says below `commands.`.
const NOISE: [&str; 2] = ["progress.>", "callback.>"];

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The work queue cannot take commands of a service.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// A service of this name cannot have commands.
    #[error(
        "no service that has commands can be called {service}: the Python SDK uses the name for something else"
    )]
    Name {
        /// The name.
        service: ServiceName,
    },
    /// The stream, or the bucket of results, cannot be made ready.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// A consumer of the queue belongs to somebody else. Nothing of it was changed.
    #[error("{0}: remove it if nobody needs it")]
    Taken(ConsumerTaken),
    /// A consumer of the queue cannot be made; workers of another SDK may hold the service's commands.
    #[error("the consumer {consumer} of the work queue cannot be made")]
    Consumer {
        /// Its name.
        consumer: String,
        /// Why.
        source: Source,
    },
    /// A command's name breaks its rule, or is given twice.
    #[error("{0}")]
    Command(String),
    /// The subject of cancellations could not be subscribed to.
    #[error("cancellations cannot be listened to")]
    Subscribe(#[from] async_nats::SubscribeError),
}

/// Makes the stream of the queue cover the commands of the service, and nothing of what only sounds like one.
pub(super) async fn admit(connection: &Connection, service: &ServiceName) -> Result<(), QueueError> {
    if !command::is_allowed(service) {
        return Err(QueueError::Name { service: service.clone() });
    }
    let register = Register::new(connection);
    let bucket = register.ready().await?;
    register.note_admitted(service).await.map_err(|error| server(connection, error.into()))?;
    let until = tokio::time::Instant::now() + PATIENCE;
    for attempt in 2.. {
        match look(connection).await.map_err(|source| server(connection, source))? {
            Some(info) => {
                check(&info.config)?;
                if wanted(connection.namespace(), &info.config.subjects, service, BTreeSet::new)
                    == info.config.subjects
                    && info.config.allow_message_schedules
                {
                    return Ok(());
                }
            }
            None => tracing::debug!("making the work queue"),
        }
        // Changes of the list are made one after the other: the server has no compare-and-set for them.
        match bucket.put(LOCK_KEY, service.to_string().into(), revision(bucket).await, Some(LOCK)).await {
            Ok(lock) => {
                let changed = change(connection, service).await;
                if let Err(error) = bucket.delete(LOCK_KEY, lock, MARKER_TTL).await {
                    tracing::debug!(%error, "the lock runs out by itself");
                }
                match changed {
                    Ok(()) => return Ok(()),
                    Err(error) if tokio::time::Instant::now() >= until => {
                        return Err(server(connection, error).into());
                    }
                    Err(error) => tracing::debug!(%error, "the work queue is not ready yet"),
                }
            }
            Err(CasError::Conflict | CasError::Ambiguous) if tokio::time::Instant::now() < until => {}
            Err(error) => return Err(server(connection, error.into()).into()),
        }
        tokio::time::sleep(backoff(attempt)).await;
    }
    Ok(())
}

/// The revision at which the lock can be taken: never one at which somebody holds it.
async fn revision(bucket: &aegis_nats::bucket::Bucket) -> u64 {
    match bucket.read(LOCK_KEY).await {
        Ok(slot) if slot.value.is_none() => slot.revision,
        Ok(_held) => 0,
        Err(_) => 0,
    }
}

async fn change(connection: &Connection, service: &ServiceName) -> Result<(), Source> {
    let namespace = connection.namespace();
    let Some(info) = look(connection).await? else {
        let config = Config {
            name: namespace.commands_stream(),
            description: Some("Commands that wait for a worker".to_owned()),
            subjects: vec![command::all_of(namespace, service)],
            retention: RetentionPolicy::WorkQueue,
            allow_message_schedules: true,
            allow_message_ttl: true,
            allow_direct: true,
            num_replicas: replicas(connection),
            ..Config::default()
        };
        connection.jetstream().create_stream(config).await?;
        return Ok(());
    };
    let stream = connection.jetstream().get_stream(connection.namespace().commands_stream()).await?;
    let known = known(namespace, &stream).await?;
    let subjects = wanted(connection.namespace(), &info.config.subjects, service, || known);
    let broad = info.config.subjects.iter().any(|subject| is_broad(namespace, subject));
    let config = Config { subjects, allow_message_schedules: true, allow_message_ttl: true, ..info.config };
    connection.jetstream().update_stream(config).await?;
    if broad {
        tracing::warn!("the work queue kept what the Python SDK tells of progress; it does not any more");
        for noise in NOISE {
            stream.purge().filter(format!("{}{noise}", command::all_prefix(namespace))).await?;
        }
    }
    Ok(())
}

/// The subjects that the queue should have: what it has, without what is too broad, and the service's. What was
/// too broad is replaced by what it was used for.
fn wanted(
    namespace: &Namespace,
    found: &[String],
    service: &ServiceName,
    used: impl FnOnce() -> BTreeSet<ServiceName>,
) -> Vec<String> {
    let mut subjects: Vec<_> =
        found.iter().filter(|subject| !is_broad(namespace, subject)).cloned().collect();
    let mut add = |service: &ServiceName| {
        let all = command::all_of(namespace, service);
        if !subjects.contains(&all) {
            subjects.push(all);
        }
    };
    if found.iter().any(|subject| is_broad(namespace, subject)) {
        used().iter().for_each(&mut add);
    }
    add(service);
    subjects
}

/// Whether a subject covers what the Python SDK tells of progress.
fn is_broad(namespace: &Namespace, subject: &str) -> bool {
    let below = subject.strip_prefix(&command::all_prefix(namespace));
    matches!(
        below.and_then(|below| below.split('.').next()),
        None | Some("*" | ">" | "progress" | "callback")
    )
}

/// The services whose commands are taken, by the queue's consumers, or wait.
async fn known(namespace: &Namespace, stream: &Stream) -> Result<BTreeSet<ServiceName>, Source> {
    let mut known = BTreeSet::new();
    let consumers: Vec<_> = stream.consumers().try_collect().await?;
    for consumer in consumers {
        let config: pull::Config =
            match async_nats::jetstream::consumer::FromConsumer::try_from_consumer_config(consumer.config) {
                Ok(config) => config,
                Err(error) => return Err(error.to_string().into()),
            };
        let filters = config.filter_subjects.iter().chain([&config.filter_subject]);
        known.extend(filters.filter_map(|filter| command::service_of(namespace, filter)));
    }
    let subjects = stream.info_with_subjects(command::all_prefix(namespace) + ">").await?;
    let subjects: Vec<(String, usize)> = subjects.try_collect().await?;
    known.extend(subjects.iter().filter_map(|(subject, _)| command::service_of(namespace, subject)));
    Ok(known)
}

async fn look(connection: &Connection) -> Result<Option<Info>, Source> {
    match connection.jetstream().get_stream(connection.namespace().commands_stream()).await {
        Ok(stream) => Ok(Some(stream.cached_info().clone())),
        Err(error) if is_absent(&error.kind()) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn check(config: &Config) -> Result<(), ProvisionError> {
    let name = config.name.clone();
    if config.retention == RetentionPolicy::WorkQueue {
        return Ok(());
    }
    Err(ProvisionError::Mismatch { name, setting: "retention", needed: "workqueue" })
}

fn server(connection: &Connection, source: Source) -> ProvisionError {
    ProvisionError::Server { name: connection.namespace().commands_stream(), source }
}

/// Sends until the queue has it, or says that it never will.
pub(super) async fn send(
    connection: &Connection,
    service: &ServiceName,
    sending: Sending,
    mut handle: CommandHandle,
) -> Result<CommandHandle, CommandError> {
    let mut last: Option<Source> = None;
    for attempt in 1..=SENDS {
        tokio::time::sleep(backoff(attempt)).await;
        let message = PublishMessage::build().headers(sending.headers.clone()).payload(sending.body.clone());
        let sent =
            async { connection.jetstream().send_publish(sending.subject.clone(), message).await?.await };
        let error = match connection.acknowledged(&sending.subject, sent).await {
            Ok(ack) => {
                // A message that came before under this id need not be this one.
                handle.sequence = (!ack.duplicate).then_some(ack.sequence);
                handle.duplicate = ack.duplicate;
                return Ok(handle);
            }
            Err(error) => error,
        };
        match error.kind() {
            PublishErrorKind::StreamNotFound => match is_kept(connection, service).await {
                // Workers of the Python SDK cannot say that they are there. Others have said so: somebody has removed
                // the queue since.
                Ok(false) if sending.envelope.is_some() || was_admitted(connection, service).await => {
                    admit(connection, service).await.map_err(CommandError::unavailable)?;
                }
                Ok(false) if last.is_none() => {
                    return Err(CommandError::NoQueue { service: service.to_string() });
                }
                Ok(_) => last = last.or(Some(error.into())),
                Err(why) if last.is_none() => return Err(CommandError::Unavailable { source: why }),
                Err(why) => last = Some(why),
            },
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => last = Some(error.into()),
            PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::WrongLastSequence
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded
            | PublishErrorKind::Other => return Err(CommandError::Refused { source: error.into() }),
        }
    }
    let source = last.unwrap_or_else(|| "no acknowledgement came".into());
    Err(CommandError::Unconfirmed { id: sending.id, source })
}

/// Whether the service has taken commands before.
async fn was_admitted(connection: &Connection, service: &ServiceName) -> bool {
    Register::new(connection).was_admitted(service).await.unwrap_or_else(|error| {
        tracing::debug!(%service, %error, "it cannot be told now whether the service takes commands");
        false
    })
}

/// Whether the queue keeps the service's commands.
async fn is_kept(connection: &Connection, service: &ServiceName) -> Result<bool, Source> {
    let namespace = connection.namespace();
    match connection.jetstream().get_stream(connection.namespace().commands_stream()).await {
        Ok(stream) => Ok(stream.cached_info().config.subjects.contains(&command::all_of(namespace, service))),
        Err(error)
            if matches!(error.kind(), GetStreamErrorKind::JetStream(_)) && is_absent(&error.kind()) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_grows_by_the_service_and_loses_what_covers_progress() {
        let [a, b] = ["a", "b"].map(|name| ServiceName::new(name).unwrap());
        let none = BTreeSet::new;
        assert_eq!(wanted(&Namespace::default(), &[], &a, none), ["commands.a.>"]);
        assert_eq!(
            wanted(&Namespace::default(), &["commands.b.>".to_owned()], &a, none),
            ["commands.b.>", "commands.a.>"]
        );
        assert_eq!(wanted(&Namespace::default(), &["commands.a.>".to_owned()], &a, none), ["commands.a.>"]);
        for broad in ["commands.>", "commands.*.*", "commands.progress.*"] {
            let used = || BTreeSet::from([b.clone()]);
            assert_eq!(
                wanted(&Namespace::default(), &[broad.to_owned()], &a, used),
                ["commands.b.>", "commands.a.>"],
                "{broad}"
            );
        }
    }
}
