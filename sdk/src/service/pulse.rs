//! The pulse of an instance: heartbeats, record, session and elections, on a thread and a NATS
//! connection of their own, so that neither a handler that blocks nor a large payload starves them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use aegis_domain::aggregate::instance::Status;
use aegis_domain::{GroupName, Term};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::beat::{Beater, Identity};
use super::stats::Stats;
use crate::leadership::kv::KvLeaseStore;
use crate::leadership::{Audit, Elector, Guard, Keeper, Policy, Resign};
use crate::{ConnectError, ConnectOptions, Connection, Journal};

/// How long the history of terms may take to be written at the end.
const AUDIT_FLUSH: Duration = Duration::from_secs(5);

/// What the pulse needs.
pub(super) struct Setup {
    pub(super) options: ConnectOptions,
    pub(super) identity: Identity,
    pub(super) groups: Vec<GroupName>,
    pub(super) logged: BTreeMap<GroupName, Term>,
    pub(super) policy: Policy,
    pub(super) heartbeat: Duration,
    pub(super) record_ttl: Duration,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) status: watch::Receiver<Status>,
}

/// The running thread.
#[derive(Debug)]
pub(super) struct Pulse {
    resign: mpsc::Sender<Resign>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    /// Starts the thread and waits until its connection stands.
    pub(super) async fn start(setup: Setup) -> Result<Self, PulseError> {
        let (resign, requests) = mpsc::channel(1);
        let (ready, started) = oneshot::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("aegis-pulse".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(run(setup, requests, ready, stopped)),
                    Err(error) => tracing::error!(%error, "the pulse has no runtime"),
                }
            })
            .map_err(PulseError::Thread)?;
        match started.await {
            Ok(Ok(())) => Ok(Self { resign, stop, thread: Some(thread) }),
            Ok(Err(error)) => Err(PulseError::Connect(error)),
            Err(_ended) => Err(PulseError::Thread(std::io::Error::other("the thread ended at once"))),
        }
    }

    /// Gives up every group, so that successors claim at once.
    pub(super) async fn resign(&self, reason: &str) {
        let (done, resigned) = oneshot::channel();
        let request = Resign { reason: reason.to_owned(), done };
        if self.resign.send(request).await.is_ok() && resigned.await.is_err() {
            tracing::warn!("the groups were not given up one by one; the session ends instead");
        }
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
    Connect(ConnectError),
    #[error("the pulse thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn run(
    setup: Setup,
    requests: mpsc::Receiver<Resign>,
    ready: oneshot::Sender<Result<(), ConnectError>>,
    stop: CancellationToken,
) {
    let connection = match Connection::open(setup.options.clone()).await {
        Ok(connection) => connection,
        Err(error) => {
            // The caller may have been dropped; then nobody wants to know.
            let _ignored = ready.send(Err(error));
            return;
        }
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
    };
    let _ignored = ready.send(Ok(()));
    if setup.groups.is_empty() {
        // Kept so that a request to resign is answered by its being dropped.
        drop(requests);
        return beater.run(stop).await;
    }
    let (audit, writer) = Audit::new(journal, service.clone(), &instance);
    let store = KvLeaseStore::new(&connection, service);
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
        groups: setup.groups,
        guard: setup.guard,
        audit,
        logged: setup.logged,
    };
    let flush_by = async {
        stop.cancelled().await;
        tokio::time::sleep(AUDIT_FLUSH).await;
    };
    let writer = async {
        tokio::select! {
            () = writer => {}
            () = flush_by => tracing::warn!("some terms were not written to the log in time"),
        }
    };
    tokio::join!(
        keeper.run(stop.clone()),
        elector.run(requests, stop.clone()),
        writer,
        beater.run(stop.clone())
    );
}
