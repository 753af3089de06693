//! The workers of a service: an intake for what any client sends, and lanes by priority.

mod intake;
mod lanes;
mod one;
mod order;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::command::{self, Priority};
use aegis_domain::wire::{Namespace, consumer};
use aegis_domain::{ErrorCode, InstanceName, MethodName, ServiceName};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::queue::{QueueError, admit};
use super::register::{Of, Register};
use super::{CommandContext, Commands};
use crate::codec::Codec;
use crate::codec::CodecError;
use crate::consume::metrics::MessageMetrics;
use crate::consume::{LOOK, Losses, OpenError, Puller, Spec, owned_by};
use crate::legacy::Envelope;
use aegis_nats::Connection;

use crate::Events;
use aegis_domain::Failure;
use aegis_nats::backoff::backoff;
use aegis_nats::restore::MakeStream;
use aegis_nats::supervise::supervised;
use aegis_telemetry::metrics::{Meter, Role};
use one::Taken;

use lanes::Lanes;

/// How an instance works on commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerOptions {
    /// How many it works on at once.
    pub concurrency: usize,
    /// How long a stop waits for them.
    pub drain: Duration,
    /// After so long a silence of a worker, which says every third of it that it works on, its commands go to another: 1 s to
    /// 5 min. The same for all instances of a service.
    pub take_over: Duration,
}

type Handled = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;
type Handle = Arc<dyn Fn(CommandContext, Params) -> Handled + Send + Sync>;

/// The parameters of a command as they came.
#[derive(Debug, Clone)]
pub(super) struct Params {
    pub(super) body: Bytes,
    pub(super) codec: Codec,
    pub(super) envelope: Option<Envelope>,
}

impl Params {
    fn read<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        match self.envelope {
            Some(envelope) => envelope.read_params(&self.body),
            None => self.codec.decode(&self.body),
        }
    }
}

/// What a service does when a command comes.
#[derive(Clone)]
pub struct CommandHandler {
    name: String,
    handle: Handle,
    /// Whether it is for the owner of a group.
    of_group: bool,
}

/// What a worker does with commands of one name.
struct Handler {
    handle: Handle,
    of_group: bool,
    meter: Arc<Meter>,
}

impl CommandHandler {
    pub fn new<T, R, F, Fut>(name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + Send + 'static,
        R: Serialize + 'static,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        let handle = Arc::new(handle);
        let handle = move |context: CommandContext, params: Params| -> Handled {
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                // They will be no others the next time.
                let params = params.read().map_err(|error| {
                    Failure::of(ErrorCode::InvalidInput, format!("the parameters do not fit: {error}"))
                        .for_good()
                })?;
                let result = handle(context, params).await?;
                serde_json::to_value(&result).map_err(|error| {
                    Failure::of(ErrorCode::Internal, format!("the result cannot be encoded: {error}"))
                        .for_good()
                })
            })
        };
        Self { name: name.to_owned(), handle: Arc::new(handle), of_group: false }
    }

    /// The same, for commands that name a group, and for no others.
    #[must_use]
    pub fn of_group(self) -> Self {
        Self { of_group: true, ..self }
    }
}

impl std::fmt::Debug for CommandHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandHandler").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What all commands of an instance share.
#[derive(Clone)]
struct Shared {
    connection: Connection,
    events: Events,
    commands: Commands,
    register: Register,
    service: ServiceName,
    handlers: Arc<HashMap<String, Handler>>,
    metrics: Arc<MessageMetrics>,
    take_over: Duration,
}

impl Shared {
    fn of<'a>(&'a self, taken: &'a Taken) -> Of<'a> {
        Of { service: &self.service, id: &taken.id }
    }
}

/// The running workers of an instance.
#[derive(Debug)]
pub struct Workers {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Admits the service to the queue and begins to work; does nothing without handlers.
    pub async fn start(
        handlers: Vec<CommandHandler>,
        events: &Events,
        commands: &Commands,
        (service, instance): (&ServiceName, &InstanceName),
        options: WorkerOptions,
    ) -> Result<Self, QueueError> {
        let WorkerOptions { concurrency, drain, .. } = options;
        let take_over = options.take_over.clamp(Duration::from_secs(1), Duration::from_secs(300));
        let stop = CancellationToken::new();
        if handlers.is_empty() {
            return Ok(Self { stop, running: vec![] });
        }
        let mut named = HashMap::new();
        for CommandHandler { name, handle, of_group } in handlers {
            MethodName::new(name.clone()).map_err(|error| QueueError::Command(error.to_string()))?;
            let meter = commands
                .connection
                .telemetry()
                .meters
                .of(Role::Consume, &command::plain(&Namespace::default(), service, &name));
            if named.insert(name.clone(), Handler { handle, of_group, meter }).is_some() {
                return Err(QueueError::Command(format!("there are two handlers of the command {name}")));
            }
        }
        let connection = &commands.connection;
        admit(connection, service).await?;
        let shared = Shared {
            connection: connection.clone(),
            events: events.clone(),
            commands: commands.clone(),
            register: commands.register.clone(),
            service: service.clone(),
            handlers: Arc::new(named),
            metrics: Arc::clone(&commands.metrics),
            take_over,
        };
        let plain = spec(&shared, "plain", command::all_plain(connection.namespace(), service));
        let mut plain = open(connection, plain).await?;
        let mut specs = vec![plain.spec().clone()];
        specs.extend(Priority::ALL.map(|priority| lane(&shared, priority)));
        let mut lanes = Some(Box::pin(open_lanes(&shared, concurrency)).await?);
        tracing::debug!(%service, %instance, "taking commands");
        let (of_intake, of_look, stopped, looking) =
            (shared.clone(), shared.clone(), stop.clone(), stop.clone());
        let intake = supervised("the intake of commands", async move || {
            intake::run(&of_intake, &mut plain, &stopped).await;
        });
        let look = supervised("the lag of commands", async move || look(&of_look, &specs, &looking).await);
        let stopped = stop.clone();
        let work = supervised("the workers of commands", async move || {
            // What was in state when it panicked comes again when its time is over.
            let lanes = match lanes.take() {
                Some(lanes) => lanes,
                None => match stopped.run_until_cancelled(reopen_lanes(&shared, concurrency)).await {
                    Some(lanes) => lanes,
                    None => return,
                },
            };
            Box::pin(lanes.run(stopped.clone(), drain)).await;
        });
        let running = vec![tokio::spawn(intake), tokio::spawn(work), tokio::spawn(look)];
        Ok(Self { stop, running })
    }

    /// Takes no more commands, and waits for those that run, within the time for draining.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        for running in self.running.drain(..) {
            if let Err(error) = running.await {
                tracing::error!(%error, "the workers ended badly");
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Asks now and then how much waits, also while there is no room for any of it.
async fn look(shared: &Shared, specs: &[Spec], stop: &CancellationToken) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        for spec in specs {
            let seen = tokio::select! {
                () = stop.cancelled() => return,
                seen = spec.look(shared.connection.jetstream()) => seen,
            };
            match seen {
                Ok(info) => shared.metrics.lag(spec.name(), info.num_pending),
                Err(error) => tracing::debug!(consumer = spec.name(), %error, "how much waits is not known"),
            }
        }
    }
}

fn lane(shared: &Shared, priority: Priority) -> Spec {
    let filter = command::whole_lane(shared.connection.namespace(), &shared.service, priority);
    spec(shared, priority.as_str(), filter)
}

async fn open_lanes(shared: &Shared, concurrency: usize) -> Result<Lanes, QueueError> {
    let Shared { connection, service, .. } = shared;
    let namespace = connection.namespace();
    let lanes = Priority::ALL.map(|priority| open(connection, lane(shared, priority)));
    let [first, second, third, fourth] = lanes;
    let pullers = [first.await?, second.await?, third.await?, fourth.await?];
    let cancels = connection.client().subscribe(command::cancel(namespace, service)).await?;
    Ok(Lanes::new(shared.clone(), pullers, concurrency, cancels))
}

/// The same, until it is possible.
async fn reopen_lanes(shared: &Shared, concurrency: usize) -> Lanes {
    let mut attempt = 1;
    loop {
        match Box::pin(open_lanes(shared, concurrency)).await {
            Ok(lanes) => return lanes,
            Err(error) => tracing::warn!(%error, "the lanes of commands cannot be read now"),
        }
        attempt += 1;
        tokio::time::sleep(backoff(attempt)).await;
    }
}

fn spec(shared: &Shared, lane: &str, filter_subject: String) -> Spec {
    let (namespace, service) = (shared.connection.namespace(), &shared.service);
    let consumer = pull::Config {
        durable_name: Some(consumer::durable(service, lane, None)),
        metadata: owned_by(&consumer::owner(service, lane, None)),
        filter_subject,
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: shared.take_over,
        max_ack_pending: -1,
        ..pull::Config::default()
    };
    let service = service.clone();
    let make_stream = MakeStream::by(move |connection| {
        let service = service.clone();
        Box::pin(async move { Ok(admit(&connection, &service).await?) })
    });
    Spec {
        stream: namespace.commands_stream(),
        consumer,
        former: None,
        work_queue: true,
        make_stream,
        losses: Losses::default(),
    }
}

async fn open(connection: &Connection, spec: Spec) -> Result<Puller, QueueError> {
    let consumer = spec.name().to_owned();
    let opened = Puller::open(connection, spec).await;
    opened.map(|(puller, _)| puller).map_err(|error| match error {
        OpenError::Taken(taken) => QueueError::Taken(taken),
        OpenError::Server(source) => QueueError::Consumer { consumer, source },
    })
}
