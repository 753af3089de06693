//! A service that runs, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Rejection, Status};
use aegis_domain::{InstanceName, ServiceName};
use tokio::sync::watch;

use super::beat::Identity;
use super::builder::Builder;
use super::config::ServiceConfig;
use super::pulse::Pulse;
use super::rpc::Server;
use super::stats::Stats;
use crate::journal::ExecuteError;
use crate::leadership::Guard;
use crate::{Client, Connection, Events, Journal};

/// How often a draining service looks whether its calls have ended.
const DRAIN_TICK: Duration = Duration::from_millis(1);

/// A running service. Stop it with [`Service::stop`]; dropping it is like a crash, from which the
/// others recover after one lease.
#[derive(Debug)]
pub struct Service {
    pub(super) config: ServiceConfig,
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) identity: Identity,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) server: Server,
    pub(super) pulse: Pulse,
    pub(super) status: watch::Sender<Status>,
}

impl Service {
    /// Begins to put a service together.
    #[must_use]
    pub fn builder(config: ServiceConfig) -> Builder {
        Builder::new(config)
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.identity.service
    }

    /// This instance's name.
    #[must_use]
    pub fn instance(&self) -> &InstanceName {
        &self.identity.instance
    }

    /// What this instance owns now, and each change of it.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// A client on the service's connection.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.connection)
    }

    /// Application events on the service's connection.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::new(&self.connection)
    }

    /// Runs until the process is asked to end (SIGINT or SIGTERM), then stops cleanly.
    ///
    /// # Errors
    /// When the end could not be recorded; the instance expires by itself then.
    pub async fn run_until_signal(self) -> Result<(), ExecuteError<Rejection>> {
        let reason = match ended().await {
            Ok(signal) => signal,
            Err(error) => {
                tracing::error!(%error, "signals cannot be received; stopping");
                "no signals"
            }
        };
        self.stop(reason).await
    }

    /// Stops cleanly: takes no new call, finishes those in flight within `drain_ms`, gives up its
    /// groups, records the end and leaves the registry.
    ///
    /// # Errors
    /// When the end could not be recorded; everything else has been done, and the instance expires by
    /// itself.
    pub async fn stop(mut self, reason: &str) -> Result<(), ExecuteError<Rejection>> {
        let draining = self.change_status(Status::Draining, Some(reason.to_owned())).await;
        self.guard.drain();
        self.server.stop().await;
        let drained = async {
            while self.stats.in_flight() > 0 {
                tokio::time::sleep(DRAIN_TICK).await;
            }
        };
        if tokio::time::timeout(Duration::from_millis(self.config.drain_ms), drained).await.is_err() {
            tracing::warn!(in_flight = self.stats.in_flight(), "stopping although calls are in flight");
        }
        self.pulse.resign(reason).await;
        self.status.send_replace(Status::Stopped);
        let deregister = Command::Deregister { reason: reason.to_owned() };
        let ended = self.execute(deregister).await;
        self.pulse.stop().await;
        if let Err(error) = self.connection.client().flush().await {
            tracing::debug!(%error, "the last replies may not have been sent");
        }
        draining.and(ended)
    }

    pub(super) async fn change_status(
        &self,
        to: Status,
        reason: Option<String>,
    ) -> Result<(), ExecuteError<Rejection>> {
        self.status.send_replace(to);
        self.execute(Command::ChangeStatus { to, reason }).await
    }

    async fn execute(&self, command: Command) -> Result<(), ExecuteError<Rejection>> {
        execute(&self.journal, &self.identity, command).await
    }
}

async fn execute(
    journal: &Journal,
    identity: &Identity,
    command: Command,
) -> Result<(), ExecuteError<Rejection>> {
    journal.execute::<Instance>(&identity.aggregate(), command, &identity.context()).await?;
    Ok(())
}

async fn ended() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
}
