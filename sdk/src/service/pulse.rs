//! The pulse of an instance: heartbeats, record, session, elections and control, on a thread and a NATS
//! connection of their own, so that neither a handler that blocks nor a large payload starves them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::{GroupName, Term};
use async_nats::SubscribeError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::beat::{Beater, Identity};
use super::control::{Listener, Settings};
use super::stats::Stats;
use crate::leadership::kv::KvLeaseStore;
use crate::leadership::{Audit, AuditMode, Elector, Guard, Keeper, Policy, Request, Roster};
use crate::{ConnectError, ConnectOptions, Connection, Journal};

/// How long the last writes may take at the end: the history of terms, the session, the record.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// How many requests wait for the elector; more wait where they come from.
const REQUESTS: usize = 1024;

/// What the pulse needs.
pub(super) struct Setup {
    pub(super) options: ConnectOptions,
    pub(super) identity: Identity,
    pub(super) roster: Roster,
    pub(super) max_groups: usize,
    pub(super) logged: BTreeMap<GroupName, Term>,
    pub(super) policy: Policy,
    pub(super) audit: AuditMode,
    pub(super) drain: Duration,
    pub(super) heartbeat: Duration,
    pub(super) record_ttl: Duration,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) unwell: watch::Receiver<Option<String>>,
    pub(super) recorded: watch::Sender<Status>,
    pub(super) settings: Settings,
}

/// The running thread.
#[derive(Debug)]
pub(super) struct Pulse {
    requests: mpsc::Sender<Request>,
    drain: watch::Receiver<Option<String>>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    /// Starts the thread and waits until its connection stands.
    pub(super) async fn start(setup: Setup) -> Result<Self, PulseError> {
        let (requests, received) = mpsc::channel(REQUESTS);
        let (drained, drain) = watch::channel(None);
        let (ready, started) = oneshot::channel();
        let ways = Ways { requests: requests.clone(), received, drain: drained };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("aegis-pulse".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(run(setup, ways, ready, stopped)),
                    Err(error) => tracing::error!(%error, "the pulse has no runtime"),
                }
            })
            .map_err(PulseError::Thread)?;
        match started.await {
            Ok(Ok(())) => Ok(Self { requests, drain, stop, thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(_ended) => Err(PulseError::Thread(std::io::Error::other("the thread ended at once"))),
        }
    }

    /// Hands every group over, and whatever is still given to this member. Takes no group after that.
    pub(super) async fn resign(&self, reason: &str) {
        let (done, resigned) = oneshot::channel();
        let request = Request::Resign { reason: reason.to_owned(), done: Some(done) };
        if self.requests.send(request).await.is_ok() && resigned.await.is_err() {
            tracing::warn!("the groups were not given up one by one; the session ends instead");
        }
    }

    /// The way to the elector; nobody is at its end when there are no groups.
    pub(super) fn requests(&self) -> mpsc::Sender<Request> {
        self.requests.clone()
    }

    /// Why the instance was asked to drain, once it was.
    pub(super) fn drain(&self) -> watch::Receiver<Option<String>> {
        self.drain.clone()
    }

    /// Ends the session, removes the record and ends the thread.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the pulse thread ended badly");
            }
        }
    }
}

/// Why there is no pulse.
#[derive(Debug, thiserror::Error)]
pub(super) enum PulseError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the subjects of control could not be subscribed to")]
    Subscribe(#[from] SubscribeError),
    #[error("the pulse thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// How the pulse is reached.
struct Ways {
    requests: mpsc::Sender<Request>,
    received: mpsc::Receiver<Request>,
    drain: watch::Sender<Option<String>>,
}

async fn run(
    setup: Setup,
    ways: Ways,
    ready: oneshot::Sender<Result<(), PulseError>>,
    stop: CancellationToken,
) {
    // The caller may have been dropped; then nobody wants to know.
    let (connection, listener) = match open(&setup, ways.requests, ways.drain).await {
        Ok(opened) => opened,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let journal = Journal::new(&connection);
    let Identity { service, instance, .. } = setup.identity.clone();
    let beater = Beater {
        connection: connection.clone(),
        journal: journal.clone(),
        identity: setup.identity,
        every: setup.heartbeat,
        ttl: setup.record_ttl,
        guard: setup.guard.clone(),
        stats: setup.stats,
        status: setup.status,
        unwell: setup.unwell,
        recorded: setup.recorded,
    };
    drop(ready.send(Ok(())));
    let enough = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WRITES).await;
    };
    if setup.roster.is_empty() {
        // A request is answered by its being dropped.
        drop(ways.received);
        let work = async { tokio::join!(beater.run(stop.clone()), listener.run(stop.clone())) };
        return Box::pin(until(work, enough)).await;
    }
    let (audit, writer) = Audit::new(setup.audit, journal, service.clone(), &instance, setup.guard.clone());
    let store = KvLeaseStore::new(&connection, service).within_lease(&connection, setup.policy);
    let keeper = Keeper {
        store: store.clone(),
        me: instance.clone(),
        policy: setup.policy,
        guard: setup.guard.clone(),
    };
    let elector = Elector {
        store,
        me: instance,
        policy: setup.policy,
        roster: setup.roster,
        max_groups: setup.max_groups,
        drain: setup.drain,
        guard: setup.guard,
        audit,
        known: setup.logged.into(),
    };
    let work = async {
        tokio::join!(
            keeper.run(stop.clone()),
            elector.run(ways.received, stop.clone()),
            writer,
            beater.run(stop.clone()),
            listener.run(stop.clone()),
        )
    };
    Box::pin(until(work, enough)).await;
}

async fn until<T>(work: impl Future<Output = T>, enough: impl Future<Output = ()>) {
    tokio::select! {
        _ = work => {}
        () = enough => tracing::warn!("nats took too long: the last terms and the record are left to others"),
    }
}

async fn open(
    setup: &Setup,
    requests: mpsc::Sender<Request>,
    drain: watch::Sender<Option<String>>,
) -> Result<(Connection, Listener), PulseError> {
    let connection = Connection::open(setup.options.clone()).await?;
    let requests = (!setup.roster.is_empty()).then_some(requests);
    let on_demand = setup.roster.on_demand.is_some();
    let settings = setup.settings.clone();
    let listener = Listener::start(&connection, settings, requests, on_demand, drain).await?;
    Ok((connection, listener))
}
