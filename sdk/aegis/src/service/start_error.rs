//! Why a service did not start.

use std::net::SocketAddr;

use aegis_domain::aggregate::instance;
use aegis_domain::{ErrorCode, InvalidName, MethodName};

use super::config::ConfigError;
use super::lifecycle::admission::NotAdmitted;
use super::lifecycle::hooks::HookError;
use super::pulse::PulseError;
use super::shown::show;
use crate::ConnectError;
use aegis_journal::{ExecuteError, LoadError};
use aegis_leases::leadership::bucket::LeaseBucketError;
use aegis_messaging::commands::QueueError;
use aegis_messaging::events::SubscribeError;
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
    /// Health and metrics cannot be served at the address of `http`.
    #[error(
        "health and metrics cannot be served at {address}: name a free address of this host as http, or none"
    )]
    Http {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The service is not defined, or is retired, and only others may start.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The state that the handlers work on could not be made.
    #[error("the state of the service could not be made: {reason}")]
    State {
        /// Why, in the words of what makes it.
        reason: String,
    },
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
            | Self::Http { .. }
            | Self::Commands(QueueError::Name { .. } | QueueError::Command(_) | QueueError::Taken(_)) => {
                ErrorCode::InvalidInput
            }
            Self::NotAdmitted(_) => ErrorCode::DefinitionNotFound,
            Self::State { .. } | Self::Hook(_) => ErrorCode::HandlerFailed,
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
