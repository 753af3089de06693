//! Reads the heartbeat stream and keeps the last one of each instance.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::lenient::Read;
use aegis_domain::{InstanceName, Sequence, ServiceName};
use aegis_nats::Connection;
use aegis_nats::follow::{Followed, Follower, From, Message};
use aegis_nats::supervise::recover;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::Live;

/// For so long a heartbeat that could not be read whole is told, and of so many instances at most.
const NAME_FOR: Duration = Duration::from_secs(60);
const NAMED: usize = 100;
/// So many heartbeats are shown to readers at once, if so many are there.
const TOGETHER: usize = 256;
/// The heartbeats of an instance that is over are forgotten so long after the last one.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);

/// Whether heartbeats can be read, and how many could not. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct HeartbeatVisibility {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    readable: AtomicBool,
    received: AtomicU64,
    unreadable: AtomicU64,
    strangers: AtomicU64,
    /// By subject: what of the last heartbeat there could not be read, and when it came.
    partly: Mutex<BTreeMap<String, (Vec<String>, Instant)>>,
}

impl HeartbeatVisibility {
    /// Whether the heartbeat stream can be read now. While it cannot, missing heartbeats say nothing of an instance.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.inner.readable.load(Ordering::Relaxed)
    }

    /// Heartbeats received.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.inner.received.load(Ordering::Relaxed)
    }

    /// Heartbeats of instances that the registry does not know, left out because there were too many of them.
    #[must_use]
    pub fn strangers(&self) -> u64 {
        self.inner.strangers.load(Ordering::Relaxed)
    }

    /// What of the heartbeats of the last minute could not be read, by subject.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let partly = self.inner.partly.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = partly.iter().filter(|(_, (_, at))| at.elapsed() < NAME_FOR);
        recent.map(|(subject, (parts, _))| format!("{subject} ({})", parts.join(", "))).collect()
    }

    /// These parts of a heartbeat could not be read; none of them when all could.
    fn partly_read(&self, subject: &str, parts: &[String]) {
        let mut partly = self.inner.partly.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.is_empty() {
            // Mostly there is nothing to forget.
            if !partly.is_empty() {
                partly.remove(subject);
            }
            return;
        }
        let known = partly.get(subject).is_some_and(|(known, _)| known == parts);
        if !known {
            tracing::warn!(
                subject,
                parts = parts.join(", "),
                "parts of a heartbeat cannot be read and are left out"
            );
        }
        partly.retain(|_, (_, at)| at.elapsed() < NAME_FOR);
        if known || partly.len() < NAMED {
            partly.insert(subject.to_owned(), (parts.to_vec(), Instant::now()));
        }
    }

    /// Undecodable messages on heartbeat subjects.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.inner.unreadable.load(Ordering::Relaxed)
    }
}

/// Follows the heartbeats until stopped.
pub async fn follow(
    connection: Connection,
    live: Live,
    visibility: HeartbeatVisibility,
    stop: CancellationToken,
) {
    for attempt in 1.. {
        match AssertUnwindSafe(run(&connection, &live, &visibility, &stop)).catch_unwind().await {
            Ok(()) => return,
            Err(panic) => recover("the heartbeats", attempt, panic).await,
        }
    }
}

async fn run(
    connection: &Connection,
    live: &Live,
    visibility: &HeartbeatVisibility,
    stop: &CancellationToken,
) {
    let stream = connection.namespace().heartbeats_stream();
    let mut follower = Follower::start(connection, stream, From::LastPerSubject);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            followed = follower.next() => {
                let (mut followed, mut heartbeats) = (Some(followed), Vec::new());
                for _ in 0..TOGETHER {
                    let Some(next) = followed.take().or_else(|| follower.try_next()) else { break };
                    match next {
                        Followed::Message(message) => {
                            visibility.inner.readable.store(true, Ordering::Relaxed);
                            heartbeats.extend(read(connection, visibility, &message));
                        }
                        Followed::Idle => visibility.inner.readable.store(true, Ordering::Relaxed),
                        // The messages after it tell the state.
                        Followed::Replaced => {}
                        Followed::Blind => visibility.inner.readable.store(false, Ordering::Relaxed),
                    }
                }
                take(live, visibility, heartbeats);
            }
        }
    }
}

/// Forgets the heartbeats of instances that have been over for an hour, and answers of how many instances there are any. To be
/// done every minute or so.
pub fn forget(live: &Live) -> usize {
    live.forget(FORGET_AFTER)
}

/// The sequence of the last heartbeat of an instance, read from the stream itself: for decisions on a silent instance.
/// An undecodable message counts as no heartbeat.
///
/// # Errors
/// When the stream cannot be read: then silence means nothing.
pub async fn last_heard(
    connection: &Connection,
    service: &ServiceName,
    instance: &InstanceName,
) -> Result<Option<Sequence>, Box<dyn std::error::Error + Send + Sync>> {
    let namespace = connection.namespace();
    let stream = connection.jetstream().get_stream_no_info(namespace.heartbeats_stream()).await?;
    let subject = namespace.heartbeat_subject(service, instance);
    match stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => {
            let beat =
                Heartbeat::read(&message.payload, DateTime::UNIX_EPOCH).ok().map(|read| read.heartbeat);
            let beat = beat.filter(|beat| beat.service == *service && beat.instance == *instance);
            Ok(beat.map(|_| Sequence(message.sequence)))
        }
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The heartbeat, with where and when the server took it; nothing when the message is none.
fn read(
    connection: &Connection,
    visibility: &HeartbeatVisibility,
    message: &Message,
) -> Option<(Heartbeat, (Sequence, DateTime<Utc>))> {
    let subject = connection.namespace().parse_heartbeat_subject(&message.subject);
    let heartbeat = Heartbeat::read(&message.body, message.recorded_at);
    match (subject, heartbeat) {
        // The subject says who may have written it, so the body has to agree.
        (Some((service, instance)), Ok(Read { heartbeat: beat, left_out }))
            if beat.service == service && beat.instance == instance =>
        {
            visibility.partly_read(&message.subject, &left_out);
            visibility.inner.received.fetch_add(1, Ordering::Relaxed);
            Some((beat, (Sequence(message.sequence), message.recorded_at)))
        }
        _ => {
            visibility.inner.unreadable.fetch_add(1, Ordering::Relaxed);
            visibility.partly_read(&message.subject, &["all of it".to_owned()]);
            None
        }
    }
}

fn take(
    live: &Live,
    visibility: &HeartbeatVisibility,
    heartbeats: Vec<(Heartbeat, (Sequence, DateTime<Utc>))>,
) {
    let left_out = live.beats(heartbeats, Instant::now());
    let before = visibility.inner.strangers.fetch_add(left_out, Ordering::Relaxed);
    // Once, and again when they are twice as many.
    if left_out > 0 && before.checked_ilog2() != (before + left_out).checked_ilog2() {
        tracing::warn!(
            strangers = before + left_out,
            "too many heartbeats of instances that are not registered"
        );
    }
}
