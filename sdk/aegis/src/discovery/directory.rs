//! The directory: the instances of one service, from a cache of the age that the caller allows, or from a watch.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use aegis_domain::wire::heartbeat::Heartbeat;
use aegis_domain::wire::{header, subject};
use aegis_domain::{ErrorCode, InstanceName, ServiceName};
use arc_swap::ArcSwap;
use chrono::DateTime;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::book::{Book, Change};
use super::candidate::{Candidate, Pick};
use super::record::{Record, Registry};
use super::strategy::{Chooser, Strategy};
use crate::Connection;
use crate::legacy::{self, LOOK_EVERY};
use aegis_nats::bucket::{ReadError, entries, extent};
use aegis_nats::follow::{Followed, Follower, From, Message, Wanted};
use aegis_nats::supervise::supervised;

/// So long a question waits for the registry when it knows an answer, if an old one.
const PATIENCE: Duration = Duration::from_millis(250);

type Failed = Arc<dyn std::error::Error + Send + Sync>;
/// What has come of a reading of the registry, once it has ended.
type Ended = Option<Result<(), Failed>>;

/// Why no instance could be found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// No instance is known that serves. Try again later; check that the service runs.
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
    /// The registry is read when what is known is older than this; with zero, for each question.
    Cached(Duration),
    /// Each change of the registry is followed as it happens, and questions cost no request at all.
    Watched,
}

/// What a directory knew at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Whom to call, in order of name.
    pub candidates: Vec<Arc<Candidate>>,
    /// The registry cannot be read now: these are the last that were known.
    pub stale: bool,
    /// Instances of the Python SDK are known, in whatever condition: what any instance may get must be in their
    /// envelope, which native ones read as well: `CallOptions::legacy`. Always false without the feature `legacy`.
    pub legacy: bool,
    read: Option<Instant>,
}

/// The instances of one service. Cheap to clone; all clones share what they know.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::discovery::{Directory, Freshness};
///
/// let directory = Directory::open(&connection, "pricing".parse()?, Freshness::Watched).await?;
/// for candidate in &directory.snapshot().await?.candidates {
///     println!("{} {} owns {:?}", candidate.instance, candidate.version, candidate.groups);
/// }
/// # Ok(())
/// # }
/// ```
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
    /// One question at a time reads the registry; the others wait for what comes of it.
    reading: Mutex<Option<watch::Receiver<Ended>>>,
    python: legacy::Registry,
    watchers: Vec<AbortHandle>,
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
        crate::provision::made_by_us(connection);
        let (ready, mut is_ready) = watch::channel(false);
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| Inner {
            connection: connection.clone(),
            service: service.clone(),
            freshness,
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
            book: Mutex::default(),
            chooser: Chooser::default(),
            reading: Mutex::default(),
            python: legacy::Registry::default(),
            watchers: match freshness {
                Freshness::Cached(_) => vec![],
                Freshness::Watched => {
                    let bucket = connection.namespace().instances_bucket();
                    let filters = vec![subject::kv(&bucket, &format!("{service}.*"))];
                    let wanted = Wanted { filters, ..Wanted::default() };
                    let stream = subject::kv_stream(&bucket);
                    let (connection, weak) = (connection.clone(), Weak::clone(inner));
                    let ours = supervised("the directory of a service", async move || {
                        let from = From::LastPerSubject;
                        let follower = Follower::filtered(&connection, stream.clone(), from, wanted.clone());
                        watch(Weak::clone(&weak), follower, &ready).await;
                    });
                    let mut watchers = vec![tokio::spawn(ours).abort_handle()];
                    watchers.extend(LOOK_EVERY.map(|period| {
                        let weak = Weak::clone(inner);
                        let theirs = supervised("the directory of the python sdk", async move || {
                            watch_python(Weak::clone(&weak), period).await;
                        });
                        tokio::spawn(theirs).abort_handle()
                    }));
                    watchers
                }
            },
        });
        if freshness == Freshness::Watched {
            let patience = connection.options().request_timeout;
            // What it returns holds a lock that the watcher needs.
            let ready = async { is_ready.wait_for(|ready| *ready).await.map(drop) };
            let (told, ()) = tokio::join!(tokio::time::timeout(patience, ready), inner.look());
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
    /// says so: the first question waits 250 ms for it, those after it not at all, until it is read again.
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
        self.select_among(strategy, |_any| true).await.map(|(pick, _)| pick)
    }

    /// Chooses among those that may be called, and says so; among all when none may.
    pub(super) async fn select_among(
        &self,
        strategy: &Strategy,
        may: impl Fn(&Candidate) -> bool,
    ) -> Result<(Pick, bool), DiscoveryError> {
        self.refresh().await?;
        let (snapshot, chooser) = (self.inner.snapshot.load(), &self.inner.chooser);
        let chosen = chooser.choose(strategy, &snapshot.candidates);
        let chosen =
            chosen.ok_or_else(|| DiscoveryError::NoInstances { service: self.inner.service.clone() })?;
        if may(chosen) {
            return Ok((Pick::new(Arc::clone(chosen)), true));
        }
        let others: Vec<_> = snapshot.candidates.iter().filter(|one| may(one)).map(Arc::clone).collect();
        let other = chooser.choose(strategy, &others);
        Ok((Pick::new(Arc::clone(other.unwrap_or(chosen))), other.is_some()))
    }

    /// This instance has no responders: it is left out until it writes its record again. [`super::Router`] does
    /// this at the first «no responders», long before the record runs out.
    pub fn evict(&self, instance: &InstanceName) {
        let inner = &*self.inner;
        let mut book = inner.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.evict(instance);
        // Nothing was read: what is known is as old as it was.
        inner.show(&mut book, None);
    }

    /// As [`Snapshot::legacy`], by what was known last.
    pub(super) fn is_legacy(&self) -> bool {
        self.inner.snapshot.load().legacy
    }

    async fn refresh(&self) -> Result<(), DiscoveryError> {
        let inner = &*self.inner;
        let age = match inner.freshness {
            Freshness::Watched => return Ok(()),
            Freshness::Cached(age) => age,
        };
        let asked = Instant::now();
        let is_fresh = |since: Instant| {
            inner.snapshot.load().read.is_some_and(|read| read >= since || read.elapsed() < age)
        };
        if is_fresh(asked) {
            return Ok(());
        }
        let (known, whole) = (inner.snapshot.load(), inner.connection.options().request_timeout);
        let patience = match known.read {
            None => whole,
            Some(_) if known.stale => Duration::ZERO,
            Some(_) => whole.min(PATIENCE),
        };
        let mut reading = self.inner.reading();
        let failed: Failed = match tokio::time::timeout(patience, reading.wait_for(Option::is_some)).await {
            Ok(Ok(ended)) => match &*ended {
                Some(Err(failed)) => Arc::clone(failed),
                Some(Ok(())) | None => return Ok(()),
            },
            Ok(Err(gone)) => Arc::new(gone),
            Err(elapsed) => Arc::new(elapsed),
        };
        if known.read.is_none() {
            return Err(DiscoveryError::Unavailable(Box::new(failed)));
        }
        if !known.stale {
            tracing::warn!(service = %inner.service, error = %failed, "the registry cannot be read; going on with what was known");
            inner.doubt(true);
        }
        Ok(())
    }
}

impl Inner {
    /// The reading of the registry that is under way, or one that begins now. It goes on without a waiter.
    fn reading(self: &Arc<Self>) -> watch::Receiver<Ended> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = &*reading
            && reading.borrow().is_none()
            && reading.has_changed().is_ok()
        {
            return reading.clone();
        }
        let (ended, begun) = watch::channel(None);
        *reading = Some(begun.clone());
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let patience = inner.connection.options().request_timeout;
            let read: Result<(), Failed> = match tokio::time::timeout(patience, inner.read()).await {
                Ok(read) => read.map_err(|failed| Arc::new(failed) as Failed),
                Err(elapsed) => Err(Arc::new(elapsed)),
            };
            ended.send_replace(Some(read));
        });
        begun
    }

    async fn read(&self) -> Result<(), ReadError> {
        let bucket = self.connection.namespace().instances_bucket();
        let filters = [format!("{}.*", self.service)];
        let (found, ()) = tokio::join!(entries(&self.connection, bucket, &filters), self.look());
        let found = match found {
            Err(_) if self.is_unmade().await => vec![],
            found => found?,
        };
        let standing = found.into_iter().filter_map(|(key, slot)| {
            let (_service, instance) = subject::parse_instance_key(&key)?;
            let read = Heartbeat::read(&slot.value?, DateTime::UNIX_EPOCH).ok()?;
            Some((instance, slot.revision, read.heartbeat.into()))
        });
        let standing = standing.collect();
        self.update(|book| book.replace(Registry::Aegis, standing));
        Ok(())
    }

    /// Whether our registry was never made, since no native service has ever run here: then it has no instances.
    async fn is_unmade(&self) -> bool {
        let bucket = self.connection.namespace().instances_bucket();
        matches!(extent(&self.connection, &bucket).await, Ok(None))
    }

    /// Looks into the registry of the Python SDK. How fresh the directory is does not hang on it.
    async fn look(&self) {
        if let Some((wire, found)) = self.python.look(&self.connection, &self.service).await {
            let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            let found = found.into_iter();
            let found = found.map(|it| (it.instance.clone(), it.revision, Record::of_python(wire, it)));
            book.replace(Registry::Python(wire), found.collect());
            self.show(&mut book, None);
        }
    }

    fn update(&self, change: impl FnOnce(&mut Book)) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut book);
        self.show(&mut book, Some(Instant::now()));
    }

    /// Says whether what is known may be old.
    fn doubt(&self, stale: bool) {
        let _no_change_meanwhile = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.snapshot.rcu(|snapshot| Snapshot { stale, ..Snapshot::clone(snapshot) });
    }

    /// Shows what the book says now, and when our registry was read, if it was. Under the lock of the book, so that an
    /// older state never replaces a newer one.
    fn show(&self, book: &mut Book, read: Option<Instant>) {
        let (candidates, before) = (book.candidates(), self.snapshot.load());
        let stale = before.stale && read.is_none();
        let (legacy, read) = (book.knows_legacy(), read.or(before.read));
        self.snapshot.store(Arc::new(Snapshot { candidates, stale, legacy, read }));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.watchers.iter().for_each(AbortHandle::abort);
    }
}

/// Follows the registry for as long as anybody holds the directory.
async fn watch(directory: Weak<Inner>, mut follower: Follower, ready: &watch::Sender<bool>) {
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
                    // What stands now follows; what vanished is found dead when it is called.
                    Followed::Replaced => {}
                    Followed::Blind => return,
                }
                match follower.try_next() {
                    Some(next) => followed = next,
                    None => return,
                }
            }
        });
        if matches!(followed, Followed::Blind) {
            caught_up = inner.is_unmade().await;
            inner.doubt(!caught_up);
        }
        if caught_up {
            ready.send_replace(true);
        }
    }
}

/// Looks into the registry of the Python SDK for as long as anybody holds the directory.
async fn watch_python(directory: Weak<Inner>, period: Duration) {
    loop {
        tokio::time::sleep(period).await;
        let Some(inner) = directory.upgrade() else { return };
        inner.look().await;
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
        match Heartbeat::read(&message.body, message.recorded_at) {
            Ok(read) => Change::Put(Box::new(read.heartbeat.into())),
            Err(error) => {
                tracing::debug!(subject = message.subject, %error, "a record of the registry cannot be read");
                return;
            }
        }
    };
    book.change(Registry::Aegis, &instance, message.sequence, change);
}
