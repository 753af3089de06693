//! Single methods, events and commands.

use aegis_domain::wire::heartbeat::Role;
use aegis_projections::counters::Calls;
use aegis_projections::live::methods::Together;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};

use super::figures::Figures;
use super::scalar::Long;

/// What an instance does with a method, an event or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum MethodRole {
    /// It answers the calls.
    Serve,
    /// It makes the calls.
    Call,
    /// It publishes the events, commands or messages.
    Publish,
    /// It handles the events, commands or messages.
    Consume,
}

/// A method, event or command of an instance, or of all instances of a service together.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Method {
    role: MethodRole,
    /// The method that is served, `<service>.<method>` of one that is called, the subject of others.
    name: String,
    /// How many instances tell of it.
    instances: Long,
    minute: Figures,
    /// How many are under way, by the last heartbeats.
    in_flight: Long,
    /// Of several instances, the one that failed most often in the last minute, or took longest where none failed; null where
    /// nothing was called.
    worst_instance: Option<String>,
    /// Failures by their code since the instances started.
    codes: Vec<CodeCount>,
    /// The slices of ten seconds in which anything ended: of the last five minutes.
    trace: Vec<MethodSlice>,
}

/// How often something failed with a code.
#[derive(Debug, Clone, SimpleObject)]
struct CodeCount {
    code: String,
    count: Long,
}

/// What ended in ten seconds.
#[derive(Debug, Clone, SimpleObject)]
struct MethodSlice {
    /// When they began, by the server's clock.
    at: DateTime<Utc>,
    calls: Long,
    /// Those that failed.
    errors: Long,
}

impl From<Role> for MethodRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Serve => Self::Serve,
            Role::Call => Self::Call,
            Role::Publish => Self::Publish,
            Role::Consume => Self::Consume,
        }
    }
}

impl From<Together> for Method {
    fn from(told: Together) -> Self {
        let slice = |(at, calls): (_, Calls)| MethodSlice {
            at,
            calls: calls.ended.into(),
            errors: calls.failed.into(),
        };
        let code = |(code, count): (_, u64)| CodeCount { code, count: count.into() };
        Self {
            role: told.role.into(),
            name: told.name,
            instances: (told.instances as u64).into(),
            minute: (&told.metrics).into(),
            in_flight: told.in_flight.into(),
            worst_instance: told.worst.map(|(_, instance)| instance.to_string()),
            codes: told.codes.into_iter().map(code).collect(),
            trace: told.trace.into_iter().map(slice).collect(),
        }
    }
}
