//! Starting a service: from its parts to an instance that serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use aegis_domain::aggregate::instance::{self, Registration, Status};
use aegis_domain::aggregate::{Definition, Instance};
use aegis_domain::wire::capability::Capability;
use aegis_domain::wire::header;
use aegis_domain::wire::heartbeat::CAPABILITIES_MAX;
use aegis_domain::{Actor, AggregateId, GroupName, LifeId, MethodName, Term};
use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::builder::{Builder, Parts};
use super::config::ServiceConfig;
use super::declared::Declared;
use super::groups::Manager;
#[cfg(feature = "http")]
use super::http::{self, Told};
use super::identity::Identity;
use super::lifecycle::admission;
use super::lifecycle::condition::Condition;
use super::lifecycle::hooks::{HookContext, Stage};
use super::pulse::{Pulse, Setup};
use super::rpc::dispatch::{Dispatcher, Limits};
use super::rpc::gates::Gates;
use super::rpc::method::Served;
use super::rpc::micro;
use super::rpc::routes::Routes;
use super::rpc::server::Server;
use super::rpc::{Handle, TEXT_MAX};
use super::running::Service;
use super::settings::Settings;
use super::start_error::StartError;
#[cfg(feature = "otel")]
use crate::otel::{Exporter, Sender, Source};
use crate::provision::provision;
use crate::stats::Stats;
use crate::{Client, Connection, Events, Journal};
use aegis_leases::leadership::bucket;
use aegis_leases::leadership::history::logged_terms;
use aegis_leases::leadership::{Guard, Roster};
use aegis_messaging::commands::{Commands, WorkerOptions, Workers};
use aegis_messaging::event_handlers::EventHandlers;
use aegis_messaging::events::EventOptions;
use aegis_nats::connection::without_secrets;

/// How long a start waits until the registry shows the instance as running.
const IN_REGISTRY: Duration = Duration::from_secs(2);
/// How long the record of a failed start may take.
const LAST_WORD: Duration = Duration::from_secs(2);

impl<S> Builder<S> {
    pub(super) async fn launch(mut self) -> Result<Service, StartError> {
        self.config.check()?;
        let mut config = self.config;
        let service = config.service.clone();
        let instance = config.instance_name()?;
        let methods = checked(self.methods)?;
        if let Some(method) = self.parts.takes_no_turns {
            return Err(StartError::TakesNoTurns { method });
        }
        let options = config.connect_options(format!("{service}/{instance}"))?;
        let connection = Connection::open(options.clone()).await?;
        provision(&connection).await?;
        let journal = Journal::new(&connection);
        let definition = journal.load::<Definition>(&AggregateId::Definition(service.clone())).await?.state;
        admission::admit(&service, &definition, config.registration)?;
        // What the definition says holds for all instances alike.
        if let Some(policy) = definition.active().and_then(|content| content.failover) {
            config.failover = policy.try_into().unwrap_or(config.failover);
            config.failover_is_defined();
        }
        let logged = logged_terms(&connection, &service).await?;
        if !config.groups.is_empty() || self.parts.on_demand.is_some() {
            bucket::check(&connection, logged.values().max().copied().unwrap_or(Term::ZERO)).await?;
        }
        if let Some(state) = self.parts.state.take() {
            let made = state.make(connection.clone()).await;
            made.map_err(|fault| StartError::State { reason: fault.for_operators() })?;
        }
        let life = LifeId::from_uuid(Uuid::new_v4());
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
                life: Some(life),
            },
            labels: config.labels.clone(),
            capabilities: capabilities(&methods, &self.declared),
            started_at: Utc::now(),
            life,
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
            declared: self.declared,
            logged,
        };
        // Boxed, as above.
        let started = Box::pin(begun.serve(self.parts)).await;
        if let Err(error) = &started {
            // The log is to say so at once, and not when the registration runs out.
            let reason = Some(header::text(&error.to_string(), TEXT_MAX));
            let failed = identity.own(instance::Command::ChangeStatus { to: Status::Failed, reason });
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
    declared: Declared,
    logged: BTreeMap<GroupName, Term>,
}

impl Begun {
    async fn serve(self, parts: Parts) -> Result<Service, StartError> {
        let Self { config, options, connection, journal, identity, methods, declared, logged } = self;
        let (service, instance) = (identity.service.clone(), identity.instance.clone());
        let settings = Settings {
            logs: parts.logs,
            config: Arc::new(RwLock::new(config.clone())),
            journal: journal.clone(),
            identity: identity.clone(),
        };
        settings.report().await?;
        let condition = Condition::default();
        let (guard, stats) = (Guard::default(), Arc::new(Stats::of(&connection)));
        let (status, seen) = watch::channel(Status::Starting);
        // Until the end of a stop: whoever asks meanwhile is told that the instance drains.
        #[cfg(feature = "http")]
        let listening = CancellationToken::new();
        #[cfg(feature = "http")]
        if let Some(address) = config.http {
            let told = Told {
                connection: connection.clone(),
                stats: Arc::clone(&stats),
                guard: guard.clone(),
                status: status.subscribe(),
                unwell: condition.unwell(),
            };
            let begun = http::start(address, told, listening.clone()).await;
            begun.map_err(|source| StartError::Http { address, source })?;
        }
        let actor = parts.event_options.actor.unwrap_or_else(|| Actor::instance(&service, &instance));
        let event_options = EventOptions { actor: Some(actor), ..parts.event_options };
        let events = Events::counted(&connection, event_options, Arc::clone(&stats.events));
        let context = HookContext {
            stage: Stage::Starting,
            service: service.clone(),
            instance: instance.clone(),
            connection: connection.clone(),
            events: events.clone(),
        };
        parts.hooks.run(&context, Duration::from_millis(config.drain_ms)).await?;
        #[cfg(feature = "otel")]
        let exporter = export(&config, &connection, &identity, &stats).map_err(StartError::OtelCa)?;
        let commands = Commands::counted(
            &connection,
            Actor::instance(&service, &instance).as_str(),
            Arc::clone(&stats.commands),
        );
        let handle = Arc::new(Handle {
            service: service.clone(),
            instance: instance.clone(),
            connection: connection.clone(),
            client: Client::new(&connection),
            events: events.clone(),
            commands: commands.clone(),
        });
        let taken = connection.client().max_payload();
        let max_payload = usize::try_from(config.max_payload_bytes).unwrap_or(taken).min(taken);
        let group_hooks = parts.group_hooks;
        let gates =
            (!group_hooks.is_empty()).then(|| Arc::new(Gates::new(guard.clone(), config.max_in_flight)));
        let dispatcher = Arc::new(Dispatcher::new(
            Arc::clone(&handle),
            Routes::new(methods, &config.groups, &connection),
            guard.clone(),
            gates.clone(),
            Arc::clone(&stats),
            Limits { in_flight: config.max_in_flight, max_payload },
        ));
        let (named, is_named) = watch::channel(true);
        let server = Server::start(
            Arc::clone(&dispatcher),
            &service,
            &instance,
            config.failover.lease(),
            (condition.unwell(), is_named),
        )
        .await?;
        let micro = micro::start(&dispatcher, &identity, &declared).await?;
        let (recorded, mut shown) = watch::channel(Status::Init);
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
            condition: condition.clone(),
            serving: (
                tokio::runtime::Handle::current(),
                connection.clone(),
                Duration::from_millis(config.call_timeout_ms) * 2,
            ),
            recorded,
            named,
            settings,
        })
        .await?;
        let drain = Duration::from_millis(config.drain_ms);
        let groups = gates.map(|gates| {
            let works = (Arc::clone(&handle), pulse.requests());
            Manager::start(gates, group_hooks, works, (config.failover.lease(), drain))
        });
        let subscriptions =
            EventHandlers::start(parts.on_event, (&events, &commands), &service, &instance, drain).await?;
        let options = WorkerOptions { drain, ..parts.worker_options };
        let workers = Workers::start(parts.commands, &events, &commands, (&service, &instance), options);
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
            groups,
            status,
            hooks: parts.hooks,
            condition,
            #[cfg(feature = "otel")]
            exporter,
            #[cfg(feature = "http")]
            _listening: listening.drop_guard(),
            _with_it: background.clone().drop_guard(),
            background,
        };
        running.watch_condition(parts.checks);
        running.change_status(Status::Running, None).await?;
        let in_registry = shown.wait_for(|status| *status == Status::Running);
        if !matches!(tokio::time::timeout(IN_REGISTRY, in_registry).await, Ok(Ok(_))) {
            tracing::warn!("the registry does not show the instance yet; calls reach it all the same");
        }
        let (service, instance) = (running.name(), running.instance());
        let nats = without_secrets(&running.connection.options().url);
        tracing::info!(%service, %instance, nats, "started");
        running.run_hooks(Stage::Running, drain).await;
        Ok(running)
    }
}

#[cfg(feature = "otel")]
fn export(
    config: &ServiceConfig,
    connection: &Connection,
    identity: &Identity,
    stats: &Arc<Stats>,
) -> std::io::Result<Option<Exporter>> {
    let Some(otel) = &config.otel else { return Ok(None) };
    let sender = Sender {
        service: identity.service.to_string(),
        instance: identity.instance.to_string(),
        version: identity.registration.version.to_string(),
        namespace: config.namespace.clone(),
    };
    let (connection, stats) = (connection.clone(), Arc::clone(stats));
    Exporter::start(otel, Source { connection, stats, sender }).map(Some)
}

fn checked(methods: Vec<(String, Served)>) -> Result<Vec<(MethodName, Served)>, StartError> {
    let mut names = BTreeSet::new();
    let check = |(name, served)| {
        let name = MethodName::new(name)?;
        match names.insert(name.clone()) {
            true => Ok((name, served)),
            false => Err(StartError::DuplicateMethod { name }),
        }
    };
    methods.into_iter().map(check).collect()
}

fn capabilities(methods: &[(MethodName, Served)], declared: &Declared) -> Vec<Capability> {
    let methods = methods.iter().map(|(name, _)| Capability::method(name.as_str()));
    let commands = declared.commands.iter().map(|(name, _)| name.clone());
    let events = declared.events.iter().map(|(name, _)| name.clone());
    let most = CAPABILITIES_MAX;
    methods.take(most).chain(commands.take(most)).chain(events.take(most)).collect()
}
