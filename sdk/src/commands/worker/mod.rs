//! The workers of a service: an intake for what any client sends, and lanes by priority.

mod intake;
mod lanes;
mod one;
mod order;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::command::{self, Priority, STREAM};
use aegis_domain::{ErrorCode, InstanceName, MethodName, ServiceName};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::queue::{QueueError, admit};
use super::register::Register;
use super::{CommandContext, Commands};
use crate::codec::Codec;
use crate::codec::CodecError;
use crate::consume::figures::Figures;
use crate::consume::{Failure, LOOK, Puller, Spec};
use crate::metrics::{Meter, Role};
use crate::{Connection, Events};

use lanes::Lanes;

/// After so long a silence of a worker its commands go to another.
const ACK_WAIT: Duration = Duration::from_secs(15);

type Handled = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;
type Handle = Arc<dyn Fn(CommandContext, Params) -> Handled + Send + Sync>;

/// The parameters of a command as they came.
#[derive(Debug, Clone)]
pub(crate) struct Params {
    pub(super) body: Bytes,
    pub(super) codec: Codec,
    pub(super) legacy: bool,
}

impl Params {
    fn read<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        if self.legacy {
            let envelope: aegis_domain::wire::legacy::Command<T> = self.codec.decode(&self.body)?;
            return Ok(envelope.payload);
        }
        self.codec.decode(&self.body)
    }
}

/// What a service does when a command comes.
#[derive(Clone)]
pub(crate) struct CommandHandler {
    name: String,
    handle: Handle,
}

impl CommandHandler {
    pub(crate) fn new<T, R, F, Fut>(name: &str, handle: F) -> Self
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
        Self { name: name.to_owned(), handle: Arc::new(handle) }
    }
}

impl std::fmt::Debug for CommandHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandHandler").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What all commands of an instance share.
#[derive(Clone)]
struct Shop {
    connection: Connection,
    events: Events,
    commands: Commands,
    register: Register,
    handlers: Arc<HashMap<String, (Handle, Arc<Meter>)>>,
    figures: Arc<Figures>,
}

/// The running workers of an instance.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Admits the service to the queue and begins to work; does nothing without handlers.
    pub(crate) async fn start(
        handlers: Vec<CommandHandler>,
        events: &Events,
        commands: &Commands,
        (service, instance): (&ServiceName, &InstanceName),
        (concurrency, drain): (usize, Duration),
    ) -> Result<Self, QueueError> {
        let stop = CancellationToken::new();
        if handlers.is_empty() {
            return Ok(Self { stop, running: vec![] });
        }
        let mut named = HashMap::new();
        for CommandHandler { name, handle } in handlers {
            MethodName::new(name.clone()).map_err(|error| QueueError::Command(error.to_string()))?;
            let meter = commands.connection.meters().of(Role::Consume, &command::plain(service, &name));
            if named.insert(name.clone(), (handle, meter)).is_some() {
                return Err(QueueError::Command(format!("there are two handlers of the command {name}")));
            }
        }
        let connection = &commands.connection;
        admit(connection, service).await?;
        let shop = Shop {
            connection: connection.clone(),
            events: events.clone(),
            commands: commands.clone(),
            register: commands.register.clone(),
            handlers: Arc::new(named),
            figures: Arc::clone(&commands.figures),
        };
        let plain = open(connection, spec(service, "plain", command::all_plain(service))).await?;
        let mut specs = vec![plain.spec().clone()];
        let intake = intake::run(shop.clone(), service.clone(), plain, stop.clone());
        let mut pullers = Vec::with_capacity(Priority::ALL.len());
        for priority in Priority::ALL {
            let filter = command::whole_lane(service, priority);
            let puller = open(connection, spec(service, priority.as_str(), filter)).await?;
            specs.push(puller.spec().clone());
            pullers.push(puller);
        }
        let Ok(pullers) = <[Puller; 4]>::try_from(pullers) else { unreachable!("there are four priorities") };
        let cancels = connection.client().subscribe(command::cancel(connection.namespace(), service)).await?;
        let look = look(shop.clone(), specs, stop.clone());
        let lanes = Lanes::new(shop, pullers, concurrency, cancels);
        tracing::debug!(%service, %instance, "taking commands");
        let running =
            vec![tokio::spawn(intake), tokio::spawn(lanes.run(stop.clone(), drain)), tokio::spawn(look)];
        Ok(Self { stop, running })
    }

    /// Takes no more commands, and waits for those that run, within the time for draining.
    pub(crate) async fn stop(&mut self) {
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
async fn look(shop: Shop, specs: Vec<Spec>, stop: CancellationToken) {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        for spec in &specs {
            let seen = tokio::select! {
                () = stop.cancelled() => return,
                seen = spec.look(shop.connection.jetstream()) => seen,
            };
            match seen {
                Ok(info) => shop.figures.lag(spec.name(), info.num_pending),
                Err(error) => tracing::debug!(consumer = spec.name(), %error, "how much waits is not known"),
            }
        }
    }
}

fn spec(service: &ServiceName, lane: &str, filter_subject: String) -> Spec {
    let consumer = pull::Config {
        durable_name: Some(format!("{service}-{lane}")),
        filter_subject,
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: -1,
        ..pull::Config::default()
    };
    Spec { stream: STREAM.to_owned(), consumer, work_queue: true }
}

async fn open(connection: &Connection, spec: Spec) -> Result<Puller, QueueError> {
    let consumer = spec.name().to_owned();
    let opened = Puller::open(connection, spec).await;
    opened.map(|(puller, _)| puller).map_err(|error| QueueError::Consumer { consumer, source: error.0 })
}
