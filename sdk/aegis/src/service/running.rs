//! A service that runs, and how it stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Rejection, Status};
use aegis_domain::wire::control::Owner;
use aegis_domain::wire::header;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::config::ServiceConfig;
use super::groups::Manager;
use super::health::Health;
use super::identity::Identity;
use super::left_behind::LeftBehind;
use super::lifecycle::checks::Check;
use super::lifecycle::closing::Closing;
use super::lifecycle::condition::Condition;
use super::lifecycle::health_responder::HealthResponder;
use super::lifecycle::hooks::{HookContext, Hooks, Stage};
use super::permissions;
use super::pulse::Pulse;
use super::rpc::micro::Micro;
use super::rpc::server::Server;
use super::rpc::{Handle, TEXT_MAX};
use crate::Fault;
use crate::stats::Stats;
use crate::{Client, Connection, Events, Journal};
use aegis_journal::{AppendError, ExecuteError};
use aegis_leases::leadership::{Guard, Refusal, Request};
use aegis_messaging::commands::{Commands, Workers};
use aegis_messaging::event_handlers::EventHandlers;
use aegis_nats::supervise::supervised;
use aegis_nats::transport::Transport as _;

/// How often a draining service looks whether its calls have ended.
const DRAIN_TICK: Duration = Duration::from_millis(1);
/// How long the callers of calls that are left behind may take to be told so.
const LEAVING: Duration = Duration::from_secs(1);
/// How long the last replies may take to the server.
const FLUSH: Duration = Duration::from_secs(1);

/// A running service. Stop it with [`Service::stop`]; dropping it is like a crash, from which the
/// others recover after one lease.
///
/// # Examples
/// ```no_run
/// # async fn example(config: aegis_sdk::ServiceConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{Fault, Service};
///
/// let service = Service::builder(config)
///     .rpc("greet", |_call, name: String| async move { Ok::<_, Fault>(format!("hello {name}")) })
///     .start()
///     .await?;
/// println!("{} answers", service.instance());
/// service.run_until_signal().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Service {
    pub(super) config: ServiceConfig,
    pub(super) connection: Connection,
    pub(super) handle: Arc<Handle>,
    pub(super) journal: Journal,
    pub(super) events: Events,
    pub(super) subscriptions: EventHandlers,
    pub(super) commands: Commands,
    pub(super) workers: Workers,
    pub(super) identity: Identity,
    pub(super) guard: Guard,
    pub(super) stats: Arc<Stats>,
    pub(super) server: Server,
    pub(super) micro: Micro,
    pub(super) pulse: Pulse,
    pub(super) groups: Option<Manager>,
    pub(super) status: watch::Sender<Status>,
    pub(super) hooks: Hooks,
    pub(super) condition: Condition,
    #[cfg(feature = "otel")]
    pub(super) exporter: Option<crate::otel::Exporter>,
    #[cfg(feature = "http")]
    pub(super) _listening: DropGuard,
    /// Ends what runs beside the calls.
    pub(super) background: CancellationToken,
    pub(super) _with_it: DropGuard,
}

impl Service {
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

    /// The service's connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A client on the service's connection.
    #[must_use]
    pub fn client(&self) -> Client {
        self.handle.client.clone()
    }

    /// Application events on the service's connection. A clean stop waits until those on their way are
    /// acknowledged, within `drain_ms`.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// The way to send commands, on the service's connection.
    #[must_use]
    pub fn commands(&self) -> Commands {
        self.commands.clone()
    }

    /// The way to say by hand whether the instance is fit to serve, beside its health checks.
    #[must_use]
    pub fn health(&self) -> Health {
        Health { condition: self.condition.clone() }
    }

    /// Runs the health checks, and reacts to changes of the aggregated health.
    pub(super) fn watch_condition(&self, checks: Vec<Check>) {
        let mut responder = HealthResponder {
            unwell: self.condition.unwell(),
            requests: self.pulse.requests(),
            journal: self.journal.clone(),
            identity: self.identity.clone(),
        };
        let stop = self.background.clone();
        tokio::spawn(supervised("the health of the instance", async move || responder.run(&stop).await));
        for (name, denials) in [
            ("permissions", self.connection.denials().clone()),
            ("permissions to serve", self.connection.serving().denials().clone()),
        ] {
            let (condition, stop) = (self.condition.clone(), self.background.clone());
            tokio::spawn(supervised("the permissions of the instance", async move || {
                permissions::watch(name, &denials, &condition, &stop).await;
            }));
        }
        for check in checks {
            let (condition, stop) = (self.condition.clone(), self.background.clone());
            tokio::spawn(supervised("a health check", async move || check.repeat(&condition, &stop).await));
        }
    }

    /// Runs the hooks of this stage. A hook that fails is logged, and the stop or start goes on.
    pub(super) async fn run_hooks(&self, stage: Stage, bound: Duration) {
        let context = HookContext {
            stage,
            service: self.identity.service.clone(),
            instance: self.identity.instance.clone(),
            connection: self.connection.clone(),
            events: self.events.clone(),
        };
        if let Err(error) = self.hooks.run(&context, bound).await {
            tracing::error!(%error, "a hook failed; going on");
        }
    }

    /// Hands a group of this instance over: to this member of the service, or to whichever comes first.
    /// Calls in flight end first, within `drain_ms`; later ones go to the new owner, who is answered.
    ///
    /// # Errors
    /// `NOT_ACTIVE` when this instance does not own the group, `MEMBER_NOT_FOUND` when no other member can
    /// take it: it is served here as before, then. `OUTCOME_UNKNOWN` when the session was lost, or the
    /// instance stopped, in the middle of it.
    ///
    /// # Cancel safety
    /// A dropped future leaves the hand-over going on.
    pub async fn step_down(
        &self,
        group: &GroupName,
        to: Option<&InstanceName>,
        reason: &str,
    ) -> Result<Owner, Fault> {
        let (answer, answered) = oneshot::channel();
        let (group, to, reason) = (group.clone(), to.cloned(), header::text(reason, TEXT_MAX));
        let sent = self.pulse.requests().send(Request::StepDown { group, to, reason, answer }).await;
        let outcome = match sent {
            Ok(()) => answered.await.unwrap_or(Err(Refusal::Unclear)),
            Err(_no_groups) => Err(Refusal::NotOwner(None)),
        };
        outcome.map_err(|refusal| Fault::of(refusal.code(), refusal.to_string()))
    }

    /// Runs until the process is asked to end (SIGINT or SIGTERM) or the instance to drain, then stops
    /// cleanly, as [`Service::stop`] does. What is left behind is in the log.
    ///
    /// # Errors
    /// When the end could not be recorded; the instance expires by itself then.
    pub async fn run_until_signal(self) -> Result<(), ExecuteError<Rejection>> {
        let mut drain = self.pulse.drain();
        let reason = tokio::select! {
            signal = ended() => match signal {
                Ok(signal) => signal.to_owned(),
                Err(error) => {
                    tracing::error!(%error, "signals cannot be received; stopping");
                    "no signals".to_owned()
                }
            },
            reason = drained(&mut drain) => reason,
        };
        self.stop(&reason).await.map(drop)
    }

    /// Stops cleanly: hands its groups over, takes no new call, finishes those in flight, waits for the events on their
    /// way, records the end and leaves the registry. `drain_ms` is the time for all of the work; hooks and events that
    /// come after it is over have a second each, and what is asked of NATS five seconds together, and a second each after
    /// that. Where NATS is gone and everything hangs, that adds up to some twenty seconds beyond `drain_ms`.
    ///
    /// Calls that have not ended by then are left behind: their callers are told `OUTCOME_UNKNOWN`, and those that had not begun
    /// `OVERLOADED`. Answers what was left behind; the log has it in one line.
    ///
    /// # Errors
    /// When the end could not be recorded; everything else has been done, and the instance expires by
    /// itself.
    pub async fn stop(mut self, reason: &str) -> Result<LeftBehind, ExecuteError<Rejection>> {
        // An event that is too large would not be recorded.
        let reason = &header::text(reason, TEXT_MAX);
        let closing = Closing::within(Duration::from_millis(self.config.drain_ms));
        // Refusals in `server` tell callers where the groups have gone, so it ends them last.
        let status = self.status.clone();
        tracing::info!(service = %self.name(), instance = %self.instance(), reason, "draining");
        let draining = async {
            status.send_replace(Status::Draining);
            let draining = Command::ChangeStatus { to: Status::Draining, reason: Some(reason.to_owned()) };
            in_time(closing, execute(&self.journal, &self.identity, draining)).await
        };
        self.micro.stop();
        self.background.cancel();
        let balanced = self.server.close_balanced();
        let resigning = resign(&self.pulse, &self.guard, &self.config, closing, reason);
        let subscriptions = self.subscriptions.stop();
        let workers = self.workers.stop();
        let ((), draining, (), (), ()) = tokio::join!(resigning, draining, balanced, subscriptions, workers);
        if tokio::time::timeout(closing.asking(), self.server.close_groups()).await.is_err() {
            tracing::warn!("the subscriptions of groups were left as they are: nats took too long");
        }
        let ((), mut left) = tokio::join!(
            self.run_hooks(Stage::Draining, closing.left_at_the_end()),
            self.finish_calls(closing.left())
        );
        if let Some(groups) = self.groups.take() {
            groups.stop(closing.left_at_the_end()).await;
        }
        if let Err(error) = in_time(closing, self.change_status(Status::Stopping, None)).await {
            tracing::warn!(%error, "the status was not recorded");
        }
        self.run_hooks(Stage::Stopping, closing.left_at_the_end()).await;
        // After the last hook: it may have published, too.
        left.events = self.events.flush(closing.left_at_the_end()).await.err().unwrap_or_default();
        self.status.send_replace(Status::Stopped);
        let deregister = Command::Deregister { reason: reason.to_owned() };
        let ended = in_time(closing, self.execute(deregister)).await;
        self.pulse.stop().await;
        #[cfg(feature = "otel")]
        if let Some(exporter) = self.exporter.take() {
            exporter.stop().await;
        }
        let flushed = tokio::time::timeout(FLUSH, self.connection.client().flush()).await;
        if !self.connection.serving().flush(FLUSH).await || !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last replies may not have been sent");
        }
        left.tell();
        tracing::info!(service = %self.identity.service, instance = %self.identity.instance, "stopped");
        draining.and(ended).map(|()| left)
    }

    /// Waits for calls to end; those that do not are left behind.
    async fn finish_calls(&self, within: Duration) -> LeftBehind {
        let ended = async || {
            while self.stats.in_flight() > 0 {
                tokio::time::sleep(DRAIN_TICK).await;
            }
        };
        if tokio::time::timeout(within, ended()).await.is_ok() {
            return LeftBehind::default();
        }
        self.server.leave_calls();
        let unanswered = match tokio::time::timeout(LEAVING, ended()).await {
            Ok(()) => 0,
            Err(_elapsed) => self.stats.in_flight(),
        };
        LeftBehind { calls: self.server.left_calls(), unanswered, events: 0 }
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

/// Gives every group up: until that is done, or the lease is over, so that nothing is left to give, or it
/// has taken too long.
async fn resign(pulse: &Pulse, guard: &Guard, config: &ServiceConfig, closing: Closing, reason: &str) {
    let lease = config.failover.lease();
    let over = async {
        while guard.deadline() + lease > Instant::now() {
            tokio::time::sleep_until((guard.deadline() + lease).into()).await;
        }
    };
    tokio::select! {
        biased;
        () = pulse.resign(reason) => return,
        () = over => {}
        () = tokio::time::sleep(closing.resigning()) => {}
    }
    tracing::warn!("not every group was given up: the session ends instead");
}

async fn execute(
    journal: &Journal,
    identity: &Identity,
    command: Command,
) -> Result<(), ExecuteError<Rejection>> {
    let command = identity.own(command);
    journal.execute::<Instance>(&identity.aggregate(), command, &identity.context()).await?;
    Ok(())
}

async fn in_time(
    closing: Closing,
    recorded: impl Future<Output = Result<(), ExecuteError<Rejection>>>,
) -> Result<(), ExecuteError<Rejection>> {
    let recorded = tokio::time::timeout(closing.asking(), recorded).await;
    recorded.unwrap_or(Err(ExecuteError::Append(AppendError::Ambiguous)))
}

async fn drained(drain: &mut watch::Receiver<Option<String>>) -> String {
    let reason = drain.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
    match reason {
        Some(reason) => format!("drain: {reason}"),
        // The pulse has ended: a signal is still to come.
        None => std::future::pending().await,
    }
}

async fn ended() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
}
