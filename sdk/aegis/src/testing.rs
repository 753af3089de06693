//! For tests of services: contexts for handlers, and the contract of a service.
//!
//! The times of contexts go by the clock of tokio: a test that has connected may pause and advance it (`tokio::time::pause`), and the caller of a
//! [`TestCall`] has given up.
//!
//! A real NATS server is one line of `aegis-testkit` (`NatsServer::start().await`), which also starts programs, kills, pauses and restarts
//! them, and cuts their network. [`Service`](crate::Service) itself is killed by dropping it: it says no farewell, and its groups pass on after a
//! lease, as after a `kill -9`.
//!
//! ```no_run
//! use aegis_sdk::domain::Term;
//! use aegis_sdk::prelude::*;
//! use aegis_sdk::testing::TestCall;
//!
//! # struct Desk;
//! # impl Desk { async fn place(&self, call: Call, _shares: u64) -> Result<u64, Fault> { Ok(call.exclusive()?.1.get()) } }
//! # async fn example(connection: Connection) -> Result<(), Box<dyn std::error::Error>> {
//! let call = TestCall::new(&connection, "desk")?.owner("ACC-1", Term(3))?.build();
//! assert_eq!(Desk.place(call, 5).await.map_err(|fault| fault.to_string())?, 3);
//! # Ok(())
//! # }
//! ```

use std::path::Path;
use std::time::Duration;

use aegis_domain::{Actor, GroupName, InstanceName, InvalidName, ServiceName, Term};
use aegis_messaging::codec::CodecError;
use aegis_messaging::events::{Event, EventOptions};
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::service::{Builder, CallParts, now};
use crate::{Call, Client, CommandContext, Commands, Connection, EventContext, Events, Owned};

/// The instance that contexts of tests are of.
const INSTANCE: &str = "test-1";
/// The variable with which contracts are written anew.
const UPDATE: &str = "AEGIS_TEST_UPDATE";

/// A call for a test of a handler.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::domain::Term;
/// use aegis_sdk::testing::TestCall;
///
/// let call = TestCall::new(&connection, "desk")?.owner("ACC-1", Term(3))?.request_id("order-17").build();
/// assert_eq!((call.exclusive().map(|(_, term)| term), call.request_id()), (Ok(Term(3)), "order-17"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestCall {
    parts: CallParts,
}

impl TestCall {
    /// A call of any method of this service, whose caller waits for a minute.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn new(connection: &Connection, service: &str) -> Result<Self, InvalidName> {
        let (service, instance) = (ServiceName::new(service)?, InstanceName::new(INSTANCE)?);
        let actor = Actor::instance(&service, &instance);
        let parts = CallParts {
            events: events(connection, &actor),
            commands: Commands::new(connection),
            client: Client::new(connection),
            connection: connection.clone(),
            service,
            instance,
            tenancy: None,
            deadline: Some(now() + Duration::from_secs(60)),
            request_id: None,
        };
        Ok(Self { parts })
    }

    /// As the owner of this group gets it, in this term.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn owner(mut self, group: &str, term: Term) -> Result<Self, InvalidName> {
        self.parts.tenancy = Some((GroupName::new(group)?, term));
        Ok(self)
    }

    /// With a caller that waits so long.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.parts.deadline = Some(now() + timeout);
        self
    }

    /// With this id: that of an earlier one for a repetition.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.parts.request_id = Some(id.into());
        self
    }

    /// The call.
    #[must_use]
    pub fn build(self) -> Call {
        Call::of(self.parts)
    }
}

/// The context of an event for a test of its handler, on its first try, of a subscription that is named like its subject.
///
/// # Errors
/// When the name of the service breaks its rule, or the body cannot be written as JSON.
pub fn event(
    connection: &Connection,
    service: &str,
    subject: &str,
    body: &impl Serialize,
) -> Result<EventContext, TestError> {
    let (service, instance) = (ServiceName::new(service)?, InstanceName::new(INSTANCE)?);
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, Uuid::new_v4().to_string());
    let event = Event {
        subject: subject.to_owned(),
        sequence: Some(1),
        published_at: Some(chrono::Utc::now()),
        headers,
        body: crate::Codec::Json.encode(body)?,
    };
    let events = events(connection, &Actor::instance(&service, &instance));
    let context = aegis_messaging::EventContext::new(event, 1, (&events, &Commands::new(connection)));
    Ok(EventContext::of(context, &service, subject))
}

/// The context of a command for a test of its handler, on its first try, with this id.
///
/// # Errors
/// When the name of the service breaks its rule.
pub fn command(
    connection: &Connection,
    service: &str,
    name: &str,
    id: &str,
) -> Result<CommandContext, InvalidName> {
    let (service, instance) = (ServiceName::new(service)?, InstanceName::new(INSTANCE)?);
    let events = events(connection, &Actor::instance(&service, &instance));
    let both = (&events, &Commands::new(connection));
    let context = aegis_messaging::CommandContext::detached(service.clone(), name, id, both);
    Ok(CommandContext::of(context, &service))
}

/// A group that an instance of this service owns in this term, for a test of the hooks of groups. Set `released` for the one that lets go.
///
/// # Errors
/// When a name breaks its rule.
pub fn owned(connection: &Connection, service: &str, group: &str, term: Term) -> Result<Owned, InvalidName> {
    Ok(Owned::of(&TestCall::new(connection, service)?.build(), GroupName::new(group)?, term))
}

/// A context could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// A name breaks its rule.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The body cannot be written.
    #[error(transparent)]
    Body(#[from] CodecError),
}

/// What callers rely on is not what the file says.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// It has changed.
    #[error(
        "the contract of the service is not that of {path}, first at {at}: \
         look whether callers bear the change, and write it anew with {UPDATE}=1"
    )]
    Changed {
        /// The file.
        path: String,
        /// Where, as a JSON pointer.
        at: String,
    },
    /// The file cannot be read or written.
    #[error("{path} cannot be read or written: make it with {UPDATE}=1")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Holds the methods, commands and events of a service, with the JSON schemas of what they take and give, to a file that stands beside the
/// tests: what callers rely on does not change by accident. `AEGIS_TEST_UPDATE=1` writes the file.
///
/// # Errors
/// See [`ContractError`].
pub fn contract<S>(builder: &Builder<S>, file: impl AsRef<Path>) -> Result<(), ContractError> {
    let file = file.as_ref();
    let path = file.display().to_string();
    let failed = |source| ContractError::File { path: path.clone(), source };
    let now = builder.contract();
    if std::env::var_os(UPDATE).is_some() {
        return std::fs::write(file, format!("{now:#}\n")).map_err(failed);
    }
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string(file).map_err(failed)?).unwrap_or_default();
    match first_difference(&kept, &now) {
        None => Ok(()),
        Some(at) => Err(ContractError::Changed { path, at }),
    }
}

fn events(connection: &Connection, actor: &Actor) -> Events {
    Events::with(connection, EventOptions { actor: Some(actor.clone()), ..EventOptions::default() })
}

fn first_difference(kept: &Value, now: &Value) -> Option<String> {
    if kept == now {
        return None;
    }
    let (Value::Object(kept), Value::Object(now)) = (kept, now) else { return Some(String::new()) };
    let names = kept.keys().chain(now.keys());
    let differ = |name: &&String| kept.get(*name) != now.get(*name);
    let name = names.into_iter().find(differ)?;
    let below = kept.get(name).zip(now.get(name)).and_then(|(kept, now)| first_difference(kept, now));
    Some(format!("/{name}{}", below.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_told_by_its_place() {
        let kept = json!({ "methods": { "buy": { "kind": "balanced", "request": 1 } } });
        let mut now = kept.clone();
        assert_eq!(first_difference(&kept, &now), None);
        now["methods"]["buy"]["request"] = json!(2);
        assert_eq!(first_difference(&kept, &now).unwrap(), "/methods/buy/request");
        now["methods"]["sell"] = json!({});
        assert_eq!(first_difference(&kept, &now).unwrap(), "/methods/buy/request");
        now["methods"]["buy"]["request"] = json!(1);
        assert_eq!(first_difference(&kept, &now).unwrap(), "/methods/sell");
    }
}
