//! One replica: HTTP first, so that it can tell what it waits for; then connection, projection and reconcilers. All are
//! stopped together.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_graphql::ports::Ports;
use aegis_graphql::{Principal, Registered};
use aegis_journal::Journal;
use aegis_nats::supervise::supervised;
use aegis_nats::{ConnectOptions, Connection};
use aegis_projections::beats::{self, HeartbeatVisibility};
use aegis_projections::engine::Progress;
use aegis_projections::rollups::{self, RollupProjector};
use aegis_projections::{Projector, Retention, Rollups, Store, kv};
use aegis_sdk::provision::provision;
use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapter::replicas::{self, Me};
use crate::adapter::{Adapter, Verifications};
use crate::auth::Authenticator;
use crate::background::Background;
use crate::clock::ServerClock;
use crate::config::Config;
use crate::findings::Findings;
use crate::http::{self, App, Core, Outside, Places, Renewal, Tls, Workers};
use crate::legacy;
use crate::liveness::Monitor;
use crate::metrics::{Failovers, Metrics, Servers, Sources, Tokens};
use crate::retention::EventsRetention;
use crate::startup::Startup;
use crate::tasks::{self, Parts};
use crate::webhook::{Place, Target};

/// The GraphQL documents of the page, by the SHA-256 of their texts.
const DOCUMENTS: &str = include_str!("../../web/documents.json");

/// How often a replica looks whether its projection has caught up.
const CATCHING_UP: Duration = Duration::from_millis(50);
/// How long a stop may take, whatever hangs: what has not ended by then is cut off.
const STOP: Duration = Duration::from_secs(5);
/// How many connections may wait to be taken: those that find no room try again after a second.
const BACKLOG: u32 = 4_096;
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A running replica.
#[derive(Debug)]
pub(crate) struct Replica {
    address: SocketAddr,
    outside: Arc<Outside>,
    auth: Arc<Authenticator>,
    startup: Startup,
    core: Arc<OnceLock<Core>>,
    outcome: watch::Sender<Outcome>,
    background: Background,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What has become of the start.
#[derive(Debug)]
enum Outcome {
    Pending,
    Ready,
    Failed(Option<anyhow::Error>),
}

/// What is checked of the configuration before anything begins.
#[derive(Debug)]
struct Checked {
    namespace: Namespace,
    retention: Retention,
    rollup_retention: rollups::Retention,
    events_retention: Option<EventsRetention>,
    webhook: Option<Place>,
}

impl Replica {
    /// Answers HTTP from now on: who signs in, and what is waited for. [`Replica::begin`] does the rest.
    ///
    /// `goes_on` says whether a start that cannot succeed now is tried again until it does.
    pub(crate) async fn listen(config: &Config, goes_on: bool) -> anyhow::Result<Self> {
        let listener = listen(config.listen)?;
        if !http::has_page() {
            tracing::error!(
                "this binary was built without the page: the API works, and there is nothing to look at"
            );
        }
        let address = listener.local_addr().context("the address is not known")?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let auth = Arc::new(Authenticator::new(&config.tokens));
        let (startup, core) = (Startup::new(goes_on), Arc::default());
        let outside = Outside::new(config.public_url.as_deref(), address, &config.trusted_proxies)?;
        let outside = Arc::new(outside);
        let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let app = App {
            auth: Arc::clone(&auth),
            startup: startup.clone(),
            outside: Arc::clone(&outside),
            tls: tls.clone(),
            workers: Workers::start().context("the threads for requests cannot be started")?,
            limits: http::Limits {
                sockets: Places::new(config.limits.websockets),
                subscriptions: Places::new(config.limits.subscriptions),
            },
            sign_ins: Arc::default(),
            core: Arc::clone(&core),
            stop: stop.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn(http::serve(listener, app));
        let background = Background::new(stop.clone(), tasks.clone());
        if let Some(tls) = tls {
            background.start(move || Renewal::of(&tls));
        }
        let outcome = watch::channel(Outcome::Pending).0;
        Ok(Self { address, outside, auth, startup, core, outcome, background, stop, tasks })
    }

    /// What is waited for.
    pub(crate) fn startup(&self) -> &Startup {
        &self.startup
    }

    /// Begins everything else; [`Replica::ready`] and [`Replica::failed`] tell what becomes of it.
    pub(crate) fn begin(&self, config: Config) -> anyhow::Result<()> {
        let target = config.webhook.as_ref().map(Target::open).transpose()?;
        let page = self.public_url();
        let checked = Checked {
            events_retention: config.events.check()?,
            webhook: target.map(|target| Place { target: Arc::new(target), page }),
            namespace: config.namespace()?,
            retention: config.projection.retention()?,
            rollup_retention: config.metrics.retention()?,
        };
        let (startup, core, outcome) = (self.startup.clone(), Arc::clone(&self.core), self.outcome.clone());
        let (background, stop, tasks) = (self.background.clone(), self.stop.clone(), self.tasks.clone());
        self.tasks.spawn(async move {
            let started = Box::pin(start(config, checked, &startup, &background, &stop, &tasks));
            let told = match stop.run_until_cancelled(started).await {
                Some(Ok(started)) => {
                    let _first = core.set(started);
                    tracing::info!("the replica serves");
                    Outcome::Ready
                }
                Some(Err(error)) => Outcome::Failed(Some(error)),
                None => return,
            };
            outcome.send_replace(told);
        });
        Ok(())
    }

    /// Waits until everything has begun, or cannot.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let mut outcome = self.outcome.subscribe();
        let pending = |outcome: &Outcome| !matches!(outcome, Outcome::Pending);
        if outcome.wait_for(pending).await.is_err() {
            anyhow::bail!("the replica was stopped before it was ready");
        }
        let mut failure = None;
        self.outcome.send_if_modified(|outcome| {
            if let Outcome::Failed(error) = outcome {
                failure = error.take();
            }
            false
        });
        failure.map_or(Ok(()), Err)
    }

    /// Waits until the start has failed for good; for ever otherwise.
    pub(crate) async fn failed(&self) -> anyhow::Error {
        match self.ready().await {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address in the browser, where that is another.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.outside.url()
    }

    pub(crate) fn login_code(&self, principal: Principal) -> String {
        self.auth.login_code(principal)
    }

    /// Stops everything and waits for it, no longer than [`STOP`].
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP, self.tasks.wait()).await.is_err() {
            tracing::warn!("something did not end within {STOP:?} and is cut off");
        }
    }
}

/// Everything but HTTP.
async fn start(
    config: Config,
    checked: Checked,
    startup: &Startup,
    background: &Background,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<Core> {
    let files = open_files(&config, &checked, startup);
    let (connection, (store, rollups)) = tokio::try_join!(connect(&config, &checked, startup), files)?;
    let outage = startup.outage().clone().follow(connection.state());
    tasks.spawn(stop.clone().run_until_cancelled_owned(outage));
    startup.until_done("preparing the streams", || provision(&connection)).await?;
    let restore = || RollupProjector::restore(&connection, &rollups);
    let rollup_projector = startup.until_done("reading the metrics of instances", restore).await?;
    let restore = || Projector::restore(&connection, &store);
    let (projector, live, changes) = startup.until_done("reading the registry", restore).await?;
    let visibility = HeartbeatVisibility::default();
    let journal = Journal::new(&connection);
    let (projection, letters) = (projector.handle(), projector.owed_letters());
    tasks.spawn(projector.run(stop.clone()));
    tasks.spawn(rollup_projector.run(stop.clone()));
    tasks.spawn(kv::project(connection.clone(), live.clone(), changes, stop.clone()));
    tasks.spawn(beats::follow(connection.clone(), live.clone(), visibility.clone(), stop.clone()));
    let (clock, findings) = (ServerClock::default(), Findings::default());
    let adapter = Arc::new(Adapter {
        connection: connection.clone(),
        journal: journal.clone(),
        live: live.clone(),
        visibility: visibility.clone(),
        projection,
        clock: clock.clone(),
        findings: findings.clone(),
        background: background.clone(),
        progress: [("registry", store.progress().clone()), ("metrics", rollups.progress().clone())],
        verifications: Verifications::default(),
        me: Me::new(),
    });
    tasks.spawn({
        let (adapter, stop) = (adapter.clone(), stop.clone());
        supervised("the answers to other replicas", async move || {
            replicas::answer(adapter.clone(), stop.clone()).await;
        })
    });
    let (legacy, failovers, servers) = (legacy::Known::default(), Failovers::default(), Servers::default());
    let wellness = legacy.wellness.clone();
    let liveness = Monitor::new(connection.clone(), journal, live.clone(), visibility.clone(), wellness);
    let (silence, of_legacy) = (liveness.silence(), legacy.clone());
    let (counted, asked) = (failovers.clone(), servers.clone());
    let parts = Parts {
        liveness,
        legacy,
        letters,
        failovers: counted,
        servers: asked,
        events_retention: checked.events_retention,
        webhook: checked.webhook,
    };
    tasks::start(background, caught_up(store.progress().clone()), &adapter, parts);
    let folded = rollups.progress().clone();
    let only = config.limits.viewers_run_only_documents_of_the_page;
    let registered = Registered::read(DOCUMENTS, only).context("the documents of the page cannot be read")?;
    let schema = aegis_graphql::build(store.clone(), rollups, Ports::of(adapter.clone()), registered);
    let tokens = Tokens::of(&config.tokens);
    let sources = Sources {
        connection,
        clock,
        findings,
        store,
        folded,
        live,
        visibility,
        silence,
        legacy: of_legacy,
        servers,
        failovers,
        tokens,
        background: background.clone(),
    };
    let metrics = Arc::new(Metrics::new(sources));
    Ok(Core { schema, adapter, metrics })
}

async fn connect(config: &Config, checked: &Checked, startup: &Startup) -> anyhow::Result<Connection> {
    let options = ConnectOptions {
        namespace: checked.namespace.clone(),
        patience: CONNECT,
        ..ConnectOptions::new(config.nats_url.clone(), "aegis control plane")
    };
    startup.outage().begins();
    let connection = startup.until_done("connecting to NATS", || Connection::open(options.clone())).await?;
    startup.outage().ends();
    Ok(connection)
}

/// The files are checked whole, which takes a while for large ones, and needs no NATS.
async fn open_files(
    config: &Config,
    checked: &Checked,
    startup: &Startup,
) -> anyhow::Result<(Store, Rollups)> {
    let path = |file| (config.data_dir.join(file), startup.check_of(file));
    let (registry, check) = path("projection.sqlite");
    let open = || Store::open_watched(&registry, checked.retention, &check);
    let store = startup.until_done("opening projection.sqlite", open).await?;
    let (metrics, check) = path("metrics.sqlite");
    let open = || Rollups::open_watched(&metrics, checked.rollup_retention, &check);
    let rollups = startup.until_done("opening metrics.sqlite", open).await?;
    Ok((store, rollups))
}

/// Waits until the registry is known as the log had it at the start. While the projection is made anew it is
/// empty, and nothing is to be judged or completed by that.
async fn caught_up(progress: Progress) {
    let head = progress.head();
    while progress.position() < head && progress.lag_events() > 0 {
        tokio::time::sleep(CATCHING_UP).await;
    }
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A replica that is started again takes its port at once.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().with_context(|| {
        format!("{address} cannot be listened on: if another program has the port, stop it or choose another; port 0 takes a free one")
    })
}
