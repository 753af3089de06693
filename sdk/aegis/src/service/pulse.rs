//! The pulse of an instance: heartbeats, record, session, elections and control, on a thread and a NATS
//! connection of their own, so that neither a handler that blocks nor a large payload starves them.
//!
//! # What holds
//!
//! The pulse stands for an instance that serves. When it panics, the instance stops to act for its groups before anything
//! else, and the pulse begins again with a session of its own. When the runtime that serves calls stands still, the
//! session is ended, so that others take the groups ([`super::serving`]).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::instance::Status;
use aegis_domain::{GroupName, ServiceName, SessionId, Term};
use async_nats::SubscribeError;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::beat::Beater;
use super::control::Listener;
use super::identity::Identity;
use super::lifecycle::condition::Condition;
use super::permissions;
use super::rival::Rival;
use super::serving::Probe;
use super::settings::Settings;
use crate::stats::Stats;
use crate::{ConnectError, ConnectOptions, Connection, Journal, supervise};
use aegis_leases::leadership::history::logged_terms;
use aegis_leases::leadership::kv::KvLeaseStore;
use aegis_leases::leadership::{Audit, AuditMode, Elector, Guard, Keeper, Policy, Request, Roster};
use aegis_nats::backoff::backoff;

/// How long the last writes may take at the end: the history of terms, the session, the record.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// A life of so long counts as the first.
const LIVED: Duration = Duration::from_secs(60);
/// How many requests wait for the elector; more wait where they come from.
const REQUESTS: usize = 1024;

/// What the pulse needs.
#[derive(Clone)]
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
    pub(super) condition: Condition,
    /// The runtime and the connection that serve calls, and how long its oldest waiting call may have waited.
    pub(super) serving: (Handle, Connection, Duration),
    pub(super) recorded: watch::Sender<Status>,
    /// Whether the name is this process's own, as far as it knows.
    pub(super) named: watch::Sender<bool>,
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
        let ways = PulseHandles { requests: requests.clone(), received: Some(received), drain: drained };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("aegis-pulse".to_owned())
            .spawn(move || beat_on(&setup, ways, ready, &stopped))
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

    /// To the elector; its receiver is dropped when there are no groups.
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
struct PulseHandles {
    requests: mpsc::Sender<Request>,
    /// None when there are no groups: a request is answered by its being dropped.
    received: Option<mpsc::Receiver<Request>>,
    drain: watch::Sender<Option<String>>,
}

type Ready = oneshot::Sender<Result<(), PulseError>>;

/// One life of the pulse after the other, until it is stopped: each but the last ends with a panic.
fn beat_on(setup: &Setup, mut ways: PulseHandles, ready: Ready, stop: &CancellationToken) {
    let (mut ready, mut former, mut attempt) = (Some(ready), None, 1);
    loop {
        let begun = Instant::now();
        let life = catch_unwind(AssertUnwindSafe(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(run(setup, &mut ways, &mut ready, former, stop)),
                Err(error) => tracing::error!(%error, "the pulse has no runtime"),
            }
        }));
        let Err(panic) = life else { return };
        // Whoever cannot renew must not look like an owner: first of all it stops to act.
        former = setup.guard.session().or(former);
        setup.guard.revoke();
        supervise::note("the pulse", &*panic);
        if stop.is_cancelled() {
            return;
        }
        attempt = if begun.elapsed() > LIVED { 2 } else { attempt + 1 };
        std::thread::sleep(backoff(attempt));
    }
}

/// One life. `former` is the session of the one before, which ended with a panic.
async fn run(
    setup: &Setup,
    ways: &mut PulseHandles,
    ready: &mut Option<Ready>,
    former: Option<SessionId>,
    stop: &CancellationToken,
) {
    let is_first = ready.is_some();
    let Some((connection, listener)) = opened(setup, ways, ready, stop).await else { return };
    let journal = Journal::new(&connection);
    let Identity { service, instance, .. } = setup.identity.clone();
    let beater = Beater {
        connection: connection.clone(),
        journal: journal.clone(),
        identity: setup.identity.clone(),
        settings: setup.settings.clone(),
        every: setup.heartbeat,
        ttl: setup.record_ttl,
        lease_ms: u64::try_from(setup.policy.lease().as_millis()).unwrap_or(u64::MAX),
        guard: setup.guard.clone(),
        stats: Arc::clone(&setup.stats),
        status: setup.status.clone(),
        unwell: setup.condition.unwell(),
        recorded: setup.recorded.clone(),
        named: setup.named.clone(),
    };
    let rival = Rival {
        connection: connection.clone(),
        journal: journal.clone(),
        identity: setup.identity.clone(),
        every: setup.record_ttl,
        heartbeat: setup.heartbeat,
        status: setup.status.clone(),
    };
    if let Some(ready) = ready.take() {
        // The caller may have been dropped; then nobody wants to know.
        drop(ready.send(Ok(())));
    }
    let enough = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WRITES).await;
    };
    let (handle, served, patience) = setup.serving.clone();
    let served = (handle, served.serving().clone());
    let (probe, serving) =
        Probe::new(served, setup.policy, patience, Arc::clone(&setup.stats), setup.condition.clone());
    let denials = connection.denials().clone();
    let permissions = permissions::watch("permissions of the pulse", &denials, &setup.condition, stop);
    if setup.roster.is_empty() {
        ways.received = None;
        let work = async {
            tokio::join!(
                beater.run(stop.clone()),
                listener.run(stop.clone()),
                rival.run(stop.clone()),
                probe.run(stop.clone()),
                permissions,
            )
        };
        return Box::pin(until(work, enough)).await;
    }
    let logged = match is_first {
        true => setup.logged.clone(),
        // What was claimed since is in the log or in the owner keys.
        false => match stop.run_until_cancelled(logged(&connection, &service)).await {
            Some(logged) => logged,
            None => return,
        },
    };
    let (audit, writer) = Audit::new(setup.audit, journal, service.clone(), &instance, setup.guard.clone());
    let store = KvLeaseStore::new(&connection, service).within_lease(&connection, setup.policy);
    let keeper = Keeper {
        store: store.clone(),
        me: instance.clone(),
        policy: setup.policy,
        guard: setup.guard.clone(),
        former,
        serving,
    };
    let elector = Elector {
        store,
        me: instance,
        policy: setup.policy,
        roster: setup.roster.clone(),
        max_groups: setup.max_groups,
        drain: setup.drain,
        guard: setup.guard.clone(),
        audit,
        known: logged,
    };
    let Some(received) = &mut ways.received else { return };
    let work = async {
        tokio::join!(
            keeper.run(stop.clone()),
            elector.run(received, stop.clone()),
            writer,
            beater.run(stop.clone()),
            listener.run(stop.clone()),
            rival.run(stop.clone()),
            probe.run(stop.clone()),
            permissions,
        )
    };
    Box::pin(until(work, enough)).await;
}

/// The highest terms of the log, as soon as it can be read.
async fn logged(connection: &Connection, service: &ServiceName) -> BTreeMap<GroupName, Term> {
    let mut attempt = 1;
    loop {
        match logged_terms(connection, service).await {
            Ok(logged) => return logged,
            Err(error) => tracing::warn!(%error, "the history of terms cannot be read now"),
        }
        attempt += 1;
        tokio::time::sleep(backoff(attempt)).await;
    }
}

async fn until<T>(work: impl Future<Output = T>, enough: impl Future<Output = ()>) {
    tokio::select! {
        _ = work => {}
        () = enough => tracing::warn!("nats took too long: the last terms and the record are left to others"),
    }
}

/// The connection and what listens on it. The first time a failure ends the start; later it is tried until stopped.
async fn opened(
    setup: &Setup,
    ways: &PulseHandles,
    ready: &mut Option<Ready>,
    stop: &CancellationToken,
) -> Option<(Connection, Listener)> {
    let mut attempt = 1;
    loop {
        let error = match open(setup, ways).await {
            Ok(opened) => return Some(opened),
            Err(error) => error,
        };
        if let Some(ready) = ready.take() {
            drop(ready.send(Err(error)));
            return None;
        }
        tracing::warn!(%error, "the pulse is not connected yet");
        attempt += 1;
        stop.run_until_cancelled(tokio::time::sleep(backoff(attempt))).await?;
    }
}

async fn open(setup: &Setup, ways: &PulseHandles) -> Result<(Connection, Listener), PulseError> {
    let connection = Connection::open(setup.options.clone()).await?;
    crate::provision::made_by_us(&connection);
    let requests = (!setup.roster.is_empty()).then(|| ways.requests.clone());
    let on_demand = setup.roster.on_demand.is_some();
    let (settings, drain) = (setup.settings.clone(), ways.drain.clone());
    let named = setup.named.subscribe();
    let listener = Listener::start(&connection, settings, requests, on_demand, (drain, named)).await?;
    connection.heard_back().await;
    match connection.denials().subscription() {
        Some(subject) => Err(ConnectError::Denied { subject }.into()),
        None => Ok((connection, listener)),
    }
}
