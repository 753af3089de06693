//! Putting a service together and starting it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::aggregate::instance::{self, Registration, Status};
use aegis_domain::aggregate::{Definition, Instance};
use aegis_domain::wire::heartbeat::CAPABILITIES_MAX;
use aegis_domain::{Actor, AggregateId, GroupName, InvalidName, MethodName, Term};
use chrono::Utc;
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::beat::Identity;
use super::config::{ConfigError, ServiceConfig};
use super::control::Settings;
use super::lifecycle::admission::{self, NotAdmitted};
use super::lifecycle::checks::Check;
use super::lifecycle::condition::Condition;
use super::lifecycle::hooks::{HookError, Hooks, Stage, Turn};
use super::pulse::{Pulse, PulseError, Setup};
use super::rpc::dispatch::{Dispatcher, Kept};
use super::rpc::handler::Handler;
use super::rpc::method::{Kind, Method, Served};
use super::rpc::micro;
use super::rpc::server::Server;
use super::rpc::{Call, Fault, Handle};
use super::running::Service;
use super::stats::Stats;
use crate::commands::{CommandContext, CommandHandler, Commands, QueueError, Workers};
use crate::consume::Failure;
use crate::events::{EventContext, EventHandler, EventHandlers, EventOptions, Subscribe, SubscribeError};
use crate::journal::{ExecuteError, LoadError};
use crate::leadership::history::logged_terms;
use crate::leadership::{Accept, Guard, Roster};
use crate::metrics::Role;
use crate::nats::leases::{self, LeaseBucketError};
use crate::nats::provision::{ProvisionError, provision};
use crate::{Client, ConnectError, Connection, Events, Journal, Logs};

/// How long the record of a failed start may take.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Why a service did not start. Nothing of it is left running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A method's name breaks its rule.
    #[error(transparent)]
    Method(#[from] InvalidName),
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server cannot be made ready.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The lease bucket cannot be relied on; only instances that take groups need it.
    #[error(transparent)]
    Leases(#[from] LeaseBucketError),
    /// The history of the groups cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The instance could not be registered.
    #[error("the instance could not be registered")]
    Register(#[from] ExecuteError<instance::Rejection>),
    /// The subjects could not be subscribed to.
    #[error("the service's subjects could not be subscribed to")]
    Subscribe(#[from] async_nats::SubscribeError),
    /// The events could not be subscribed to.
    #[error(transparent)]
    Events(#[from] SubscribeError),
    /// The work queue of commands cannot be made ready.
    #[error(transparent)]
    Commands(#[from] QueueError),
    /// The thread of heartbeats could not be started.
    #[error("the thread of heartbeats could not be started")]
    Thread(#[source] std::io::Error),
    /// The service is not defined, or is retired, and only others may start.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// A hook of the start failed.
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl From<PulseError> for StartError {
    fn from(error: PulseError) -> Self {
        match error {
            PulseError::Connect(error) => Self::Connect(error),
            PulseError::Subscribe(error) => Self::Subscribe(error),
            PulseError::Thread(error) => Self::Thread(error),
        }
    }
}

/// A service being put together.
pub struct Builder {
    config: ServiceConfig,
    methods: Vec<(String, Served)>,
    parts: Parts,
}

/// What a service has beside its methods.
struct Parts {
    on_demand: Option<Accept>,
    on_event: Vec<EventHandler>,
    event_options: EventOptions,
    commands: Vec<CommandHandler>,
    command_concurrency: usize,
    hooks: Hooks,
    checks: Vec<Check>,
    logs: Option<Logs>,
}

impl Builder {
    pub(super) fn new(config: ServiceConfig) -> Self {
        let parts = Parts {
            on_demand: None,
            on_event: vec![],
            event_options: EventOptions::default(),
            commands: vec![],
            command_concurrency: 16,
            hooks: Hooks::default(),
            checks: vec![],
            logs: None,
        };
        Self { config, methods: vec![], parts }
    }

    /// Serves `rpc.<service>.<method>`: any instance answers. Parameters and reply are JSON, or MessagePack when the
    /// caller's content type says so.
    ///
    /// A handler that gives way soon, by its end or an `.await`, is begun on the task that takes the calls in; keep
    /// threads busy, or block them, in `tokio::task::spawn_blocking`.
    #[must_use]
    pub fn rpc<Req, Res, F, Fut>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, Fault>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, false, Handler::one(handle)))
    }

    /// Like [`Builder::rpc`], with a stream of replies: no faster than the caller takes them, which is
    /// [`Client::stream`]. An error that the stream yields is its last message. It is dropped when the caller is
    /// gone.
    #[must_use]
    pub fn rpc_stream<Req, Res, F, Fut, S>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, Fault>> + Send + 'static,
        S: Stream<Item = Result<Res, Fault>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, true, Handler::many(handle)))
    }

    /// Serves `rpc.<service>.<group>.<method>` for each group that this instance owns: exactly one
    /// instance at a time answers. [`Call::tenancy`] tells the group and the term.
    #[must_use]
    pub fn exclusive<Req, Res, F, Fut>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, Fault>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, false, Handler::one(handle)))
    }

    /// Like [`Builder::exclusive`], with a stream of replies. It ends with `NOT_ACTIVE` when the group passes to
    /// another instance.
    #[must_use]
    pub fn exclusive_stream<Req, Res, F, Fut, S>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, Fault>> + Send + 'static,
        S: Stream<Item = Result<Res, Fault>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, true, Handler::many(handle)))
    }

    fn serve(mut self, method: &str, served: Served) -> Self {
        self.methods.push((method.to_owned(), served));
        self
    }

    /// Takes groups on demand: whichever this function accepts gets an owner when it is first called, and
    /// keeps one from then on. Calls to others fail with `GROUP_NOT_SERVED`, unless they are declared. The
    /// function must answer at once, and the same for all instances of the service.
    #[must_use]
    pub fn on_demand(mut self, accept: impl Fn(&GroupName) -> bool + Send + Sync + 'static) -> Self {
        self.parts.on_demand = Some(Arc::new(accept));
        self
    }

    /// Handles events, durably: `.on_event("trading.*.trade", |context, trade: Trade| async move { .. })`, or with
    /// a [`Subscribe`] that says more. An event is acknowledged when its handler returns `Ok`; otherwise it is
    /// tried again, later events of its subject waiting meanwhile, and becomes a dead letter at last. One that
    /// cannot be read becomes one at once.
    #[must_use]
    pub fn on_event<T, F, Fut>(mut self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(EventContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.parts.on_event.push(EventHandler::new(subscribe.into(), handle));
        self
    }

    /// Takes commands of this name from the work queue: whichever instance has room does, the most urgent first.
    /// A command is done when its handler returns `Ok`, and its sender gets the result; otherwise it is tried
    /// again, as often as its sender said, and becomes a dead letter at last.
    #[must_use]
    pub fn command<T, R, F, Fut>(mut self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.parts.commands.push(CommandHandler::new(name, handle));
        self
    }

    /// How many commands an instance works on at once. Default 16, at least 1.
    #[must_use]
    pub fn command_concurrency(mut self, most: usize) -> Self {
        self.parts.command_concurrency = most;
        self
    }

    /// How the service publishes its events. Without an actor, they are those of the instance.
    #[must_use]
    pub fn event_options(mut self, options: EventOptions) -> Self {
        self.parts.event_options = options;
        self
    }

    /// Does something of the service's own at a turn of its life; several at one turn run one after the other, in the
    /// order in which they are given, within `drain_ms` all in all. A hook of [`Stage::Starting`] that fails ends the
    /// start; what goes wrong at the other turns is logged.
    #[must_use]
    pub fn on<F, Fut>(self, stage: Stage, hook: F) -> Self
    where
        F: FnOnce(Turn) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.parts.hooks.add(stage, hook);
        self
    }

    /// Asks this every so often whether the instance is fit to serve; an error says why not. While one of its checks
    /// fails, panics, or takes longer than `every` (and a second), the instance is unwell: see [`super::Health`].
    #[must_use]
    pub fn health_check<F, Fut, E>(mut self, name: &str, every: Duration, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        self.parts.checks.push(Check::new(name, every, check));
        self
    }

    /// Lets operators change what the process logs while it runs.
    #[must_use]
    pub fn logs(mut self, logs: &Logs) -> Self {
        self.parts.logs = Some(logs.clone());
        self
    }

    /// Connects, registers, subscribes and begins to beat. The instance serves from the moment this
    /// returns; its groups follow within a lease or so.
    ///
    /// # Errors
    /// See [`StartError`]; each says what to do.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future may leave a registration that expires by itself.
    pub async fn start(self) -> Result<Service, StartError> {
        // Boxed, so that the futures of callers stay small.
        Box::pin(self.launch()).await
    }

    async fn launch(self) -> Result<Service, StartError> {
        self.config.check()?;
        let mut config = self.config;
        let service = config.service.clone();
        let instance = config.instance_name()?;
        let methods = checked(self.methods)?;
        let options = config.connect_options(format!("{service}/{instance}"))?;
        let connection = Connection::open(options.clone()).await?;
        provision(&connection).await?;
        let journal = Journal::new(&connection);
        let definition = journal.load::<Definition>(&AggregateId::Definition(service.clone())).await?.state;
        admission::admit(&service, &definition, config.registration)?;
        // What the definition says holds for all instances alike.
        if let Some(policy) = definition.active().and_then(|content| content.failover) {
            config.failover = policy.try_into().unwrap_or(config.failover);
        }
        let logged = logged_terms(&connection, &service).await?;
        if !config.groups.is_empty() || self.parts.on_demand.is_some() {
            leases::check(&connection, logged.values().max().copied().unwrap_or(Term::ZERO)).await?;
        }
        let identity = Identity {
            service: service.clone(),
            instance: instance.clone(),
            registration: Registration {
                version: config.version.clone(),
                groups: config.groups.clone(),
                labels: config.labels.clone(),
                heartbeat_ms: config.heartbeat_ms,
                record_ttl_ms: config.record_ttl_ms,
                legacy: false,
            },
            labels: config.labels.clone(),
            capabilities: methods.iter().map(|(name, _)| name.clone()).take(CAPABILITIES_MAX).collect(),
            started_at: Utc::now(),
        };
        let register = instance::Command::Register(identity.registration.clone());
        journal.execute::<Instance>(&identity.aggregate(), register, &identity.context()).await?;
        let begun = Begun {
            config,
            options,
            connection,
            journal: journal.clone(),
            identity: identity.clone(),
            methods,
            logged,
        };
        // Boxed, as above.
        let started = Box::pin(begun.serve(self.parts)).await;
        if let Err(error) = &started {
            // The log is to say so at once, and not when the registration runs out.
            let reason = Some(error.to_string());
            let failed = instance::Command::ChangeStatus { to: Status::Failed, reason };
            let (id, context) = (identity.aggregate(), identity.context());
            let recorded = journal.execute::<Instance>(&id, failed, &context);
            if !matches!(tokio::time::timeout(LAST_WORD, recorded).await, Ok(Ok(_))) {
                tracing::warn!("the failed start was not recorded; the registration runs out by itself");
            }
        }
        started
    }
}

/// An instance that is registered, and does not serve yet.
struct Begun {
    config: ServiceConfig,
    options: crate::ConnectOptions,
    connection: Connection,
    journal: Journal,
    identity: Identity,
    methods: Vec<(MethodName, Served)>,
    logged: BTreeMap<GroupName, Term>,
}

impl Begun {
    async fn serve(self, parts: Parts) -> Result<Service, StartError> {
        let Self { config, options, connection, journal, identity, methods, logged } = self;
        let (service, instance) = (identity.service.clone(), identity.instance.clone());
        let settings =
            Settings { logs: parts.logs, config: config.clone(), journal: journal.clone(), identity: identity.clone() };
        settings.report().await?;
        let condition = Condition::default();
        let turn = Turn {
            stage: Stage::Starting,
            service: service.clone(),
            instance: instance.clone(),
            connection: connection.clone(),
        };
        parts.hooks.run(&turn, Duration::from_millis(config.drain_ms)).await?;
        let (guard, stats) = (Guard::default(), Arc::new(Stats::new(connection.meters().clone())));
        let places = usize::try_from(config.max_in_flight).unwrap_or(Semaphore::MAX_PERMITS);
        let handle = Arc::new(Handle {
            service: service.clone(),
            instance: instance.clone(),
            connection: connection.clone(),
            client: Client::new(&connection),
        });
        let (balanced, exclusive) = by_name(methods, &connection);
        let taken = connection.client().max_payload();
        let max_payload = usize::try_from(config.max_payload_bytes).unwrap_or(taken);
        let only_group = match &config.groups[..] {
            [group] if !exclusive.is_empty() => Some(group.clone()),
            _ => None,
        };
        let dispatcher = Arc::new(Dispatcher {
            handle: Arc::clone(&handle),
            balanced,
            exclusive,
            only_group,
            guard: guard.clone(),
            stats: Arc::clone(&stats),
            places: Semaphore::new(places),
            streams: Semaphore::new(places),
            max_waiting: config.max_in_flight,
            max_payload: max_payload.min(taken),
            stopping: CancellationToken::new(),
            kept: Kept::default(),
        });
        let server = Server::start(
            Arc::clone(&dispatcher),
            &service,
            &instance,
            config.failover.lease(),
            condition.unwell(),
        )
        .await?;
        let micro = micro::start(&dispatcher, &identity).await?;
        let (status, seen) = watch::channel(Status::Starting);
        let roster = Roster { declared: config.groups.iter().cloned().collect(), on_demand: parts.on_demand };
        let pulse = Pulse::start(Setup {
            options: crate::ConnectOptions {
                name: format!("{service}/{instance} pulse"),
                connections: 1,
                ..options
            },
            identity: identity.clone(),
            roster,
            max_groups: usize::try_from(config.max_groups).unwrap_or(usize::MAX),
            logged,
            policy: config.failover,
            audit: config.audit,
            drain: Duration::from_millis(config.drain_ms),
            heartbeat: config.heartbeat(),
            record_ttl: config.record_ttl(),
            guard: guard.clone(),
            stats: Arc::clone(&stats),
            status: seen,
            unwell: condition.unwell(),
            settings,
        })
        .await?;
        let actor = parts.event_options.actor.unwrap_or_else(|| Actor::instance(&service, &instance));
        let options = EventOptions { actor: Some(actor), ..parts.event_options };
        let events = Events::counted(&connection, options, Arc::clone(&stats.events));
        let drain = Duration::from_millis(config.drain_ms);
        let subscriptions = EventHandlers::start(parts.on_event, &events, &service, &instance, drain).await?;
        let commands = Commands::counted(
            &connection,
            Actor::instance(&service, &instance).as_str(),
            Arc::clone(&stats.commands),
        );
        let bounds = (parts.command_concurrency, drain);
        let workers = Workers::start(parts.commands, &events, &commands, (&service, &instance), bounds);
        let workers = Box::pin(workers).await?;
        let background = CancellationToken::new();
        let running = Service {
            events,
            subscriptions,
            commands,
            workers,
            config,
            connection,
            handle,
            micro,
            journal,
            identity,
            guard,
            stats,
            server,
            pulse,
            status,
            hooks: parts.hooks,
            condition,
            _with_it: background.clone().drop_guard(),
            background,
        };
        running.watch_condition(parts.checks);
        running.change_status(Status::Running, None).await?;
        running.turn(Stage::Running).await;
        Ok(running)
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).finish_non_exhaustive()
    }
}

fn checked(methods: Vec<(String, Served)>) -> Result<Vec<(MethodName, Served)>, InvalidName> {
    methods.into_iter().map(|(name, served)| Ok((MethodName::new(name)?, served))).collect()
}

type ByName = HashMap<String, Arc<Method>>;

/// The balanced and the exclusive ones.
fn by_name(methods: Vec<(MethodName, Served)>, connection: &Connection) -> (ByName, ByName) {
    let (mut balanced, mut exclusive) = (HashMap::new(), HashMap::new());
    for (name, served) in methods {
        let meter = connection.meters().of(Role::Serve, name.as_str());
        let kind = match served.kind {
            Kind::Balanced => &mut balanced,
            Kind::Exclusive => &mut exclusive,
        };
        kind.insert(name.to_string(), Arc::new(Method::new(name, served, meter)));
    }
    (balanced, exclusive)
}
