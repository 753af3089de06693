//! The instances of one service, as fresh as was asked for.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::{header, subject};
use aegis_domain::{ErrorCode, InstanceName, ServiceName};
use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::book::{Book, Change};
use super::candidate::{Candidate, Pick};
use super::strategy::{Chooser, Strategy};
use crate::Connection;
use crate::nats::bucket::{ReadError, entries};
use crate::nats::follow::{Followed, Follower, From, Message, Wanted};

/// Why no instance could be found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// Nobody is known who serves. Try again later; check that the service runs.
    #[error("no instance of {service} is known to run")]
    NoInstances {
        /// The service.
        service: ServiceName,
    },
    /// The registry does not answer, and never has. Try again later; check the connection.
    #[error("the registry cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl DiscoveryError {
    /// The stable code of the failure.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoInstances { .. } => ErrorCode::NoResponders,
            Self::Unavailable(_) => ErrorCode::Unavailable,
        }
    }
}

/// How fresh a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The registry is read for each question.
    Basic,
    /// The registry is read when what is known is older than this.
    Cached(Duration),
    /// Each change of the registry is followed as it happens, and questions cost no request at all.
    Watched,
}

/// What a directory knew at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Whom to call, in order of name.
    pub candidates: Vec<Arc<Candidate>>,
    /// The registry cannot be read now: these are the last that were known.
    pub stale: bool,
    read: Option<Instant>,
}

/// The instances of one service. Cheap to clone; all clones share what they know.
#[derive(Debug, Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    service: ServiceName,
    freshness: Freshness,
    snapshot: ArcSwap<Snapshot>,
    book: Mutex<Book>,
    chooser: Chooser,
    /// One question at a time reads the registry; the others wait for its answer.
    reading: tokio::sync::Mutex<()>,
    watcher: Option<AbortHandle>,
}

impl Directory {
    /// Opens a directory of this service. A watched one knows what stands now when this returns.
    ///
    /// # Errors
    /// [`DiscoveryError::Unavailable`] when the registry does not answer in time.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn open(
        connection: &Connection,
        service: ServiceName,
        freshness: Freshness,
    ) -> Result<Self, DiscoveryError> {
        let (ready, mut is_ready) = watch::channel(false);
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| Inner {
            connection: connection.clone(),
            service: service.clone(),
            freshness,
            snapshot: ArcSwap::from_pointee(Snapshot { candidates: vec![], stale: false, read: None }),
            book: Mutex::default(),
            chooser: Chooser::default(),
            reading: tokio::sync::Mutex::default(),
            watcher: (freshness == Freshness::Watched).then(|| {
                let stream = subject::kv_stream(&connection.namespace().instances_bucket());
                let filter = subject::kv(&connection.namespace().instances_bucket(), &format!("{service}.*"));
                let wanted = Wanted { filters: vec![filter], ..Wanted::default() };
                let follower = Follower::filtered(connection, stream, From::LastPerSubject, wanted);
                tokio::spawn(watch(Weak::clone(inner), follower, ready)).abort_handle()
            }),
        });
        if freshness == Freshness::Watched {
            let patience = connection.options().request_timeout;
            let told = tokio::time::timeout(patience, is_ready.wait_for(|ready| *ready)).await;
            told.map_err(|elapsed| DiscoveryError::Unavailable(elapsed.into()))?
                .map_err(|ended| DiscoveryError::Unavailable(ended.into()))?;
        }
        Ok(Self { inner })
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.inner.service
    }

    /// What is known, as fresh as was asked for. While the registry cannot be read, it is what was known last, and
    /// says so.
    ///
    /// # Errors
    /// [`DiscoveryError::Unavailable`] when the registry has never been read.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>, DiscoveryError> {
        self.refresh().await?;
        Ok(self.inner.snapshot.load_full())
    }

    /// Chooses an instance for one call.
    ///
    /// # Errors
    /// See [`DiscoveryError`].
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub async fn select(&self, strategy: &Strategy) -> Result<Pick, DiscoveryError> {
        self.refresh().await?;
        let snapshot = self.inner.snapshot.load();
        let chosen = self.inner.chooser.choose(strategy, &snapshot.candidates);
        let chosen =
            chosen.ok_or_else(|| DiscoveryError::NoInstances { service: self.inner.service.clone() })?;
        Ok(Pick::new(Arc::clone(chosen)))
    }

    /// Nobody answers at this instance: it is left out until it writes its record again. [`super::Router`] does
    /// this at the first «no responders», long before the record runs out.
    pub fn evict(&self, instance: &InstanceName) {
        let inner = &*self.inner;
        let mut book = inner.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.evict(instance);
        // Nothing was read: what is known is as old as it was.
        let candidates = book.candidates();
        let before = inner.snapshot.load_full();
        inner.snapshot.store(Arc::new(Snapshot { candidates, ..Snapshot::clone(&before) }));
    }

    async fn refresh(&self) -> Result<(), DiscoveryError> {
        let inner = &*self.inner;
        let age = match inner.freshness {
            Freshness::Watched => return Ok(()),
            Freshness::Basic => Duration::ZERO,
            Freshness::Cached(age) => age,
        };
        let asked = Instant::now();
        let is_fresh = |since: Instant| {
            inner.snapshot.load().read.is_some_and(|read| read >= since || read.elapsed() < age)
        };
        if is_fresh(asked) {
            return Ok(());
        }
        let _turn = inner.reading.lock().await;
        // Somebody has read it while this one waited.
        if is_fresh(asked) {
            return Ok(());
        }
        let read = tokio::time::timeout(inner.connection.options().request_timeout, inner.read()).await;
        let failed: Box<dyn std::error::Error + Send + Sync> = match read {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.into(),
            Err(elapsed) => elapsed.into(),
        };
        if inner.snapshot.load().read.is_none() {
            return Err(DiscoveryError::Unavailable(failed));
        }
        tracing::warn!(service = %inner.service, error = %failed, "the registry cannot be read; going on with what was known");
        inner.snapshot.rcu(|snapshot| Snapshot { stale: true, ..Snapshot::clone(snapshot) });
        Ok(())
    }
}

impl Inner {
    async fn read(&self) -> Result<(), ReadError> {
        let bucket = self.connection.namespace().instances_bucket();
        let found = entries(&self.connection, bucket, &[format!("{}.*", self.service)]).await?;
        let standing = found.into_iter().filter_map(|(key, slot)| {
            let (_service, instance) = subject::parse_instance_key(&key)?;
            Some((instance, slot.revision, serde_json::from_slice(&slot.value?).ok()?))
        });
        let standing = standing.collect();
        self.update(|book| book.replace(standing));
        Ok(())
    }

    fn update(&self, change: impl FnOnce(&mut Book)) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut book);
        // Under the lock, so that an older state never replaces a newer one.
        let candidates = book.candidates();
        self.snapshot.store(Arc::new(Snapshot { candidates, stale: false, read: Some(Instant::now()) }));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
    }
}

/// Follows the registry for as long as anybody holds the directory.
async fn watch(directory: Weak<Inner>, mut follower: Follower, ready: watch::Sender<bool>) {
    loop {
        let mut followed = follower.next().await;
        let Some(inner) = directory.upgrade() else { return };
        let mut caught_up = false;
        // What has arrived together is one change.
        inner.update(|book| {
            loop {
                match followed {
                    Followed::Message(ref message) => {
                        note(book, message);
                        caught_up |= message.pending == 0;
                    }
                    Followed::Idle => caught_up = true,
                    Followed::Blind => return,
                }
                match follower.try_next() {
                    Some(next) => followed = next,
                    None => return,
                }
            }
        });
        if matches!(followed, Followed::Blind) {
            inner.snapshot.rcu(|snapshot| Snapshot { stale: true, ..Snapshot::clone(snapshot) });
        }
        if caught_up {
            ready.send_replace(true);
        }
    }
}

fn note(book: &mut Book, message: &Message) {
    // `$KV.<bucket>.<service>.<instance>`
    let mut tokens = message.subject.rsplit('.');
    let Some(Ok(instance)) = tokens.next().map(InstanceName::new) else { return };
    let header = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str());
    let change = if header(header::MARKER_REASON).is_some() {
        Change::RanOut
    } else if header(header::KV_OPERATION) == Some(header::KV_DELETE) {
        Change::Left
    } else if header(header::KV_OPERATION).is_some() {
        Change::RanOut
    } else {
        match serde_json::from_slice::<Heartbeat>(&message.body) {
            Ok(heartbeat) => Change::Put(Box::new(heartbeat)),
            Err(error) => {
                tracing::debug!(subject = message.subject, %error, "a record of the registry cannot be read");
                return;
            }
        }
    };
    book.change(&instance, message.sequence, change);
}
