//! Hooks that a service runs at the stages of its life.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aegis_domain::{InstanceName, ServiceName};

use crate::{Client, Connection, Events, Fault};

/// A stage in the life of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is registered and connected, and serves nothing yet. An error ends the start: the instance is recorded as
    /// failed, with that reason.
    Starting,
    /// It serves.
    Running,
    /// It takes nothing new, and finishes the calls that it has.
    Draining,
    /// It has answered everything, and is still connected.
    Stopping,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
        }
    }
}

/// What a hook is given: its stage, the instance, and the connection.
#[derive(Debug, Clone)]
pub struct HookContext {
    /// The stage.
    pub stage: Stage,
    /// The service.
    pub service: ServiceName,
    /// The instance.
    pub instance: InstanceName,
    pub(in crate::service) connection: Connection,
    pub(in crate::service) events: Events,
}

impl HookContext {
    /// A client on the service's connection.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.connection)
    }

    /// The service's own events: published as its options say, and counted. A clean stop waits for those on their way,
    /// also for what its last hook has published.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The service's connection, for whatever else goes over NATS.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// A hook failed, or took too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hook at {stage} failed: {reason}", stage = stage.as_str())]
pub struct HookError {
    /// When.
    pub stage: Stage,
    /// Why, in the hook's own words.
    pub reason: String,
}

type Work = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;
type Hook = Box<dyn FnOnce(HookContext) -> Work + Send>;

/// The hooks of one service, in the order in which they were given.
#[derive(Default)]
pub(in crate::service) struct Hooks(Mutex<Vec<(Stage, Hook)>>);

impl Hooks {
    pub(in crate::service) fn add<F, Fut>(&self, stage: Stage, hook: F)
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.all().push((stage, Box::new(move |context| Box::pin(hook(context)))));
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Stage, Hook)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs those of this stage one after the other, each once, and all within the bound. The first that fails ends it.
    pub(in crate::service) async fn run(
        &self,
        context: &HookContext,
        bound: Duration,
    ) -> Result<(), HookError> {
        let stage = context.stage;
        let hooks: Vec<_> = self.all().extract_if(.., |(of, _)| *of == stage).collect();
        let all = async {
            for (_, hook) in hooks {
                // On a task of its own, so that one that panics ends nothing but itself.
                let context = context.clone();
                let ended = tokio::spawn(async move { hook(context).await }).await;
                ended.map_err(|broken| broken.to_string())?.map_err(Fault::for_operators)?;
            }
            Ok(())
        };
        let outcome = tokio::time::timeout(bound, all).await;
        outcome
            .unwrap_or_else(|_elapsed| Err(format!("it took longer than {bound:?}")))
            .map_err(|reason| HookError { stage, reason })
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all().iter().map(|(stage, _)| stage)).finish()
    }
}
