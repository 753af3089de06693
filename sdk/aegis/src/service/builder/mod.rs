//! The builder of a service.

mod functions;
mod methods;
mod state;

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::{Envelope, GroupName, Recorded, Schema};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::config::ServiceConfig;
use super::declared::Declared;
use super::group_commands::{self, Carried, Courier};
use super::groups::GroupHooks;
use super::lifecycle::checks::Check;
use super::lifecycle::hooks::{HookContext, Hooks, Stage};
use super::rpc::Call;
use super::rpc::handler::Handler;
use super::rpc::method::{Kind, Served};
use super::running::Service;
use super::start_error::StartError;
use crate::fault::failure;
use crate::{CommandContext, EventContext, Fault, IntoFault, Logs};
use aegis_leases::leadership::Accept;
use aegis_messaging::commands::{CommandHandler, WorkerOptions};
use aegis_messaging::event_handlers::EventHandler;
use aegis_messaging::events::{EventOptions, Subscribe};
use state::MakeState;
pub use state::{Method, State};

/// A state that is let go of at once would be loaded for each call.
const IDLE_LEAST: Duration = Duration::from_millis(10);

/// A service being put together: `Service::builder(config)`. Its handlers are functions or closures, or, once it has a
/// [state](Builder::state), methods of that.
///
/// # Examples
/// ```no_run
/// # async fn example(config: aegis_sdk::ServiceConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::prelude::*;
///
/// struct Desk {
///     risk: Target,
/// }
///
/// impl Desk {
///     async fn open(_connection: Connection) -> Result<Self, Fault> {
///         Ok(Self { risk: Target::any("risk")? })
///     }
///
///     async fn place(&self, call: Call, shares: u64) -> Result<u64, Fault> {
///         Ok(call.client().call(&self.risk, "check", &shares, call.remaining()).await?.body)
///     }
/// }
///
/// let service = Service::builder(config)
///     .state(Desk::open)
///     .exclusive("place", Desk::place)
///     .one_at_a_time()
///     .start()
///     .await?;
/// # service.stop("done").await?;
/// # Ok(())
/// # }
/// ```
pub struct Builder<S = ()> {
    pub(super) config: ServiceConfig,
    pub(super) methods: Vec<(String, Served)>,
    pub(super) declared: Declared,
    pub(super) parts: Parts,
    state: S,
}

/// An application event that is published for one of a journal: see [`Builder::publish_recorded`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication<B> {
    /// Its domain.
    pub domain: String,
    /// Its type.
    pub event_type: String,
    /// What it holds, written as JSON.
    pub body: B,
}

/// What a service has beside its methods.
pub(super) struct Parts {
    pub(super) state: Option<MakeState>,
    pub(super) on_demand: Option<Accept>,
    pub(super) on_event: Vec<EventHandler>,
    pub(super) event_options: EventOptions,
    pub(super) commands: Vec<CommandHandler>,
    pub(super) worker_options: WorkerOptions,
    pub(super) hooks: Hooks,
    pub(super) group_hooks: GroupHooks,
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
    fn new(config: ServiceConfig) -> Self {
        let parts = Parts {
            state: None,
            on_demand: None,
            on_event: vec![],
            event_options: EventOptions::default(),
            commands: vec![],
            worker_options: WorkerOptions {
                concurrency: 16,
                drain: Duration::ZERO,
                take_over: Duration::from_secs(15),
            },
            hooks: Hooks::default(),
            group_hooks: GroupHooks::default(),
            checks: vec![],
            logs: None,
            takes_no_turns: None,
        };
        Self { config, methods: vec![], declared: Declared::default(), parts, state: () }
    }
}

impl<S> Builder<S> {
    /// The exclusive method that was given last takes turns: calls of one group are handled one after the other, in the order in which
    /// they came, together with those of all other methods of the service that take turns; different groups side by side. The next
    /// begins when the reply to the one before is on its way. So a handler may read, decide and write without a lock, as an actor does.
    ///
    /// Of one group 64 calls wait at most, of all together as many as `max_in_flight` says, and they hold none of its places meanwhile; more are
    /// refused as `OVERLOADED`. One whose time is over when its turn comes is not begun (`DEADLINE_EXCEEDED`). When the group passes to another instance,
    /// those that wait go there. A handler that calls a method that takes turns for its own group waits for itself, until
    /// its time is over.
    ///
    /// Commands of groups ([`exclusive_command`](Builder#method.exclusive_command)) take turns with them in the same way.
    ///
    /// After anything but these it ends the start ([`StartError::TakesNoTurns`]): no single instance handles a balanced method, and a
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

    /// What callers rely on: each method, command and event with the JSON schemas of what it takes and gives.
    pub(crate) fn contract(&self) -> Value {
        let methods: Map<_, _> = self
            .methods
            .iter()
            .map(|(name, served)| {
                let kind = match served.kind {
                    Kind::Balanced => "balanced",
                    Kind::Exclusive => "exclusive",
                };
                let Served { streams, takes_turns, request, response, .. } = served;
                let told = json!({
                    "kind": kind, "streams": streams, "oneAtATime": takes_turns,
                    "request": request, "response": response,
                });
                (name.clone(), told)
            })
            .collect();
        let read = |takes: String| serde_json::from_str::<Value>(&takes).unwrap_or_default();
        let declared: Map<_, _> = self.declared.metadata().map(|(name, takes)| (name, read(takes))).collect();
        json!({ "service": self.config.service, "methods": methods, "commandsAndEvents": declared })
    }

    fn serve(mut self, method: &str, served: Served) -> Self {
        self.methods.push((method.to_owned(), served));
        self
    }

    fn subscribe<T, E, F, Fut>(mut self, subscribe: Subscribe, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        E: IntoFault,
        F: Fn(EventContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.declared.event::<T>(subscribe.pattern());
        let name = subscribe.name().unwrap_or_else(|_refused_at_the_start| subscribe.pattern().to_owned());
        let service = self.config.service.clone();
        let handle = move |context, event| {
            let handled = handle(EventContext::of(context, &service, &name), event);
            async move { handled.await.map_err(failure) }
        };
        self.parts.on_event.push(EventHandler::new(subscribe, handle));
        self
    }

    fn follow<A, E, F, Fut>(mut self, subscribe: Subscribe, handle: F) -> Self
    where
        A: Schema,
        E: IntoFault,
        F: Fn(EventContext, Recorded<A>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let subscribe = subscribe.recorded::<A>();
        let name = subscribe.name().unwrap_or_else(|_refused_at_the_start| subscribe.pattern().to_owned());
        let service = self.config.service.clone();
        let handle = move |context, recorded| {
            let handled = handle(EventContext::of(context, &service, &name), recorded);
            async move { handled.await.map_err(failure) }
        };
        self.parts.on_event.push(EventHandler::recorded(subscribe, handle));
        self
    }

    /// Publishes an application event for what is recorded in a journal, if and only if it is recorded: `make` says which, with its domain, type and
    /// body; none for what is nobody else's business. So a handler appends, and whoever subscribes hears of it, whatever crashes in
    /// between. The event's id begins with that of the one in the journal, and it bears its actor and its trace; it is published at least once, in the order of each
    /// aggregate, and copies within two minutes are kept once. A pattern and options as for [`on_recorded`](Builder#method.on_recorded).
    ///
    /// ```no_run
    /// # use aegis_sdk::domain::{Recorded, Schema};
    /// # use aegis_sdk::service::{Builder, Publication};
    /// # fn example<S: Schema>(builder: Builder) -> Builder {
    /// builder.publish_recorded(">", |booked: &Recorded<S>| {
    ///     let account = booked.envelope.aggregate.to_string();
    ///     Some(Publication { domain: "accounts".into(), event_type: format!("{account}.booked"), body: booked.sequence.get() })
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn publish_recorded<A, B>(
        self,
        subscribe: impl Into<Subscribe>,
        make: impl Fn(&Recorded<A>) -> Option<Publication<B>> + Send + Sync + 'static,
    ) -> Self
    where
        A: Schema,
        B: Serialize + Send + Sync + 'static,
    {
        let subscribe = subscribe.into().recorded::<A>();
        let default = subscribe.name().map(|name| format!("publish_{name}"));
        let subscribe = match default {
            Ok(name) if !subscribe.is_named() => subscribe.named(name),
            Ok(_) | Err(_) => subscribe,
        };
        let name = subscribe.name().unwrap_or_else(|_refused_at_the_start| subscribe.pattern().to_owned());
        // What another subscription publishes of the same event is another event.
        let (make, by) = (Arc::new(make), Arc::new(format!("{}/{name}", self.config.service)));
        self.follow(subscribe, move |context: EventContext, recorded: Recorded<A>| {
            let (make, by) = (Arc::clone(&make), Arc::clone(&by));
            async move {
                let Some(publication) = make(&recorded) else { return Ok::<_, Fault>(()) };
                let Publication { domain, event_type, body } = publication;
                let Envelope { id, context: cause, .. } = &recorded.envelope;
                let mut draft = context
                    .events()
                    .draft(&domain, &event_type)
                    .id(format!("{}/{by}", id.as_str()))
                    .actor(&cause.actor);
                if let Some(trace) = &cause.traceparent {
                    draft = draft.traceparent(trace);
                }
                draft.publish(&body).await?;
                Ok(())
            }
        })
    }

    fn take<T, R, E, F, Fut>(mut self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.declared.command::<T, R>(name);
        let service = self.config.service.clone();
        let handle = move |context, params| {
            let handled = handle(CommandContext::of(context, &service), params);
            async move { handled.await.map_err(failure) }
        };
        self.parts.commands.push(CommandHandler::new(name, handle));
        self
    }

    fn take_for_owner<T, R, E, F, Fut>(mut self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.declared.command::<T, R>(name);
        let courier = Courier::new(name);
        let carry = move |context: aegis_messaging::CommandContext, params: Value| {
            let courier = courier.clone();
            async move { courier.carry(&context, params).await }
        };
        self.parts.commands.push(CommandHandler::new(name, carry).of_group());
        let (of, handle) = (Arc::new((self.config.service.clone(), name.to_owned())), Arc::new(handle));
        let run = move |call: Call, carried: Carried| {
            let (of, handle) = (Arc::clone(&of), Arc::clone(&handle));
            async move { group_commands::run((&of.0, &of.1), call, carried, &*handle).await }
        };
        let served = Served::new::<Carried, group_commands::Tried>(Kind::Exclusive, false, Handler::one(run));
        self.serve(&group_commands::method(name), served)
    }

    /// Takes groups on demand: whichever this function accepts gets an owner when it is first called, and
    /// keeps one from then on. Calls to others fail with `GROUP_NOT_SERVED`, unless they are declared. The
    /// function must answer at once, and the same for all instances of the service.
    #[must_use]
    pub fn on_demand(mut self, accept: impl Fn(&GroupName) -> bool + Send + Sync + 'static) -> Self {
        self.parts.on_demand = Some(Arc::new(accept));
        self
    }

    /// Lets the state of a group go ([`on_released`](Builder#method.on_released)) when nobody has called it for so long, at least 10 ms; the
    /// instance owns the group as before, and the next call waits until its state is loaded again. Without it, states are kept for as
    /// long as the groups are owned.
    #[must_use]
    pub fn idle_release(mut self, after: Duration) -> Self {
        self.parts.group_hooks.idle = Some(after.max(IDLE_LEAST));
        self
    }

    /// How many commands an instance works on at once. Default 16, at least 1.
    #[must_use]
    pub fn command_concurrency(mut self, most: usize) -> Self {
        self.parts.worker_options.concurrency = most;
        self
    }

    /// How soon the commands of an instance that is gone without a word go to another: after so long a silence, 1 s to 5 min,
    /// and the second or two until somebody has room. Default 15 s. A worker breaks the silence every third of it, by a message for each command that it works on. The same for
    /// all instances of a service.
    #[must_use]
    pub fn command_take_over(mut self, after: Duration) -> Self {
        self.parts.worker_options.take_over = after;
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

impl<S> std::fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("config", &self.config).finish_non_exhaustive()
    }
}
