//! The builder of a service.

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::aggregate::instance;
use aegis_domain::{ErrorCode, GroupName, InvalidName, MethodName};
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::config::{ConfigError, ServiceConfig};
use super::declared::Declared;
use super::lifecycle::admission::NotAdmitted;
use super::lifecycle::checks::Check;
use super::lifecycle::hooks::{HookContext, HookError, Hooks, Stage};
use super::pulse::PulseError;
use super::rpc::handler::Handler;
use super::rpc::method::{Kind, Served};
use super::rpc::{Call, Fault};
use super::running::Service;
use super::shown::show;
use crate::{CommandContext, EventContext};
use crate::{ConnectError, Logs};
use aegis_domain::Failure;
use aegis_journal::{ExecuteError, LoadError};
use aegis_leases::leadership::Accept;
use aegis_leases::leadership::bucket::LeaseBucketError;
use aegis_messaging::commands::{CommandHandler, QueueError};
use aegis_messaging::event_handlers::EventHandler;
use aegis_messaging::events::{EventOptions, Subscribe, SubscribeError};
use aegis_nats::provision::ProvisionError;
use aegis_nats::refusal;

/// Why a service did not start. Nothing of it is left running. Its `Debug` is for people, too: it is what `main` prints.
#[derive(thiserror::Error)]
pub enum StartError {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A method's name breaks its rule.
    #[error(transparent)]
    Method(#[from] InvalidName),
    /// Two methods have one name. Balanced and exclusive ones share their names, their metrics and what callers of the
    /// Python SDK call them by.
    #[error("there are two methods of the name {name}: give one of them another")]
    DuplicateMethod {
        /// The name.
        name: MethodName,
    },
    /// A method that is to handle one call of a group at a time is no exclusive one, or answers with a stream.
    #[error(
        "{method:?} cannot take turns: say `one_at_a_time()` right after the `exclusive(..)` that it is for"
    )]
    TakesNoTurns {
        /// Its name; empty when no method was given before.
        method: String,
    },
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
    /// The authorities that the collector of telemetry is checked against cannot be read.
    #[error("the authorities that otel.endpoint is checked against cannot be read: correct otel.ca_file")]
    OtelCa(#[source] std::io::Error),
    /// The service is not defined, or is retired, and only others may start.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// A hook of the start failed.
    #[error(transparent)]
    Hook(#[from] HookError),
}

impl std::fmt::Debug for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        show(self, f)
    }
}

impl StartError {
    /// The stable code of the failure.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Config(error) => error.code(),
            Self::Connect(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::Events(error) => error.code(),
            Self::Provision(error)
            | Self::Commands(QueueError::Provision(error))
            | Self::Leases(LeaseBucketError::Provision(error)) => error.code(),
            Self::Load(error) => error.code(),
            Self::Commands(QueueError::Consumer { source, .. }) => refusal::code(&**source),
            Self::Method(_)
            | Self::DuplicateMethod { .. }
            | Self::TakesNoTurns { .. }
            | Self::OtelCa(_)
            | Self::Commands(QueueError::Name { .. } | QueueError::Command(_) | QueueError::Taken(_)) => {
                ErrorCode::InvalidInput
            }
            Self::NotAdmitted(_) => ErrorCode::DefinitionNotFound,
            Self::Hook(_) => ErrorCode::HandlerFailed,
            Self::Thread(_) => ErrorCode::Internal,
            Self::Leases(_) | Self::Subscribe(_) | Self::Commands(QueueError::Subscribe(_)) => {
                ErrorCode::Unavailable
            }
        }
    }
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
    pub(super) config: ServiceConfig,
    pub(super) methods: Vec<(String, Served)>,
    pub(super) declared: Declared,
    pub(super) parts: Parts,
}

/// What a service has beside its methods.
pub(super) struct Parts {
    pub(super) on_demand: Option<Accept>,
    pub(super) on_event: Vec<EventHandler>,
    pub(super) event_options: EventOptions,
    pub(super) commands: Vec<CommandHandler>,
    pub(super) command_concurrency: usize,
    pub(super) hooks: Hooks,
    pub(super) checks: Vec<Check>,
    pub(super) logs: Option<Logs>,
    /// A method that cannot take turns, and is to.
    pub(super) takes_no_turns: Option<String>,
}

impl Service {
    /// Begins to put a service together.
    #[must_use]
    pub fn builder(config: ServiceConfig) -> Builder {
        Builder::new(config)
    }
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
            takes_no_turns: None,
        };
        Self { config, methods: vec![], declared: Declared::default(), parts }
    }

    /// Serves `rpc.<service>.<method>`: any instance answers. Parameters and reply are JSON, or MessagePack when the
    /// caller's content type says so. A name is given to one method, of whatever kind: a second one ends the start
    /// ([`StartError::DuplicateMethod`]).
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
    /// [`Client::stream`](crate::Client::stream). An error that the stream yields is its last message. It is dropped when the caller is
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
    ///
    /// Exclusive is not serial: **several calls of one group run at once** on that instance, as many as come. Where each has to find the
    /// state as the one before has left it, say [`Builder::one_at_a_time`] as well.
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

    /// The exclusive method that was given last takes turns: calls of one group are handled one after the other, in the order in which
    /// they came, together with those of all other methods of the service that take turns; different groups side by side. The next
    /// begins when the reply to the one before is on its way. So a handler may read, decide and write without a lock, as an actor does.
    ///
    /// Of one group 64 calls wait at most, of all together as many as `max_in_flight` says, and they hold none of its places meanwhile; more are
    /// refused as `OVERLOADED`. One whose time is over when its turn comes is not begun (`DEADLINE_EXCEEDED`). When the group passes to another instance,
    /// those that wait go there. A handler that calls a method that takes turns for its own group waits for itself, until
    /// its time is over.
    ///
    /// After anything but [`Builder::exclusive`] it ends the start ([`StartError::TakesNoTurns`]): no single instance handles a balanced method, and a
    /// stream would keep the turn for as long as somebody reads it.
    #[must_use]
    pub fn one_at_a_time(mut self) -> Self {
        match self.methods.last_mut() {
            Some((_, served)) if served.kind == Kind::Exclusive && !served.streams => {
                served.takes_turns = true
            }
            last => self.parts.takes_no_turns = Some(last.map(|(name, _)| name.clone()).unwrap_or_default()),
        }
        self
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
    /// cannot be read becomes one at once. The services API tells the pattern, and the JSON schema of `T`.
    #[must_use]
    pub fn on_event<T, F, Fut>(mut self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(EventContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let subscribe = subscribe.into();
        self.declared.event::<T>(subscribe.pattern());
        let name = subscribe.name().unwrap_or_else(|_refused_at_the_start| subscribe.pattern().to_owned());
        let service = self.config.service.clone();
        let handle = move |context, event| handle(EventContext::of(context, &service, &name), event);
        self.parts.on_event.push(EventHandler::new(subscribe, handle));
        self
    }

    /// Takes commands of this name from the work queue: whichever instance has room does, the most urgent first.
    /// A command is done when its handler returns `Ok`, and its sender gets the result; otherwise it is tried
    /// again, as often as its sender said, and becomes a dead letter at last. The services API tells its name, and the
    /// JSON schemas of its parameters and its result.
    #[must_use]
    pub fn command<T, R, F, Fut>(mut self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        self.declared.command::<T, R>(name);
        let service = self.config.service.clone();
        let handle = move |context, params| handle(CommandContext::of(context, &service), params);
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

    /// Runs a hook of the service at a stage of its life; several at one stage run one after the other, in the
    /// order in which they are given, within `drain_ms` all in all; at a stop, within what is left of that for the whole
    /// stop, a second at least. A hook of [`Stage::Starting`] that fails ends the start; what goes wrong at the other
    /// stages is logged.
    #[must_use]
    pub fn on<F, Fut>(self, stage: Stage, hook: F) -> Self
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.parts.hooks.add(stage, hook);
        self
    }

    /// Asks this every so often whether the instance is fit to serve; an error says why not. While one of its checks
    /// fails, panics, or takes longer than `every` (and a second), the instance is unhealthy: see [`super::Health`].
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
    /// returns, and the registry shows it; its groups follow within a lease or so.
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
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).finish_non_exhaustive()
    }
}
