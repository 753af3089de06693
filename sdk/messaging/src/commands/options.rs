//! Options of sending a command.

use std::time::Duration;

use aegis_domain::wire::command::{self, Priority};
use aegis_domain::wire::{Namespace, header, subject};
use aegis_domain::{GroupName, MethodName, ServiceName};
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::CommandError;
use crate::codec::Codec;
use crate::legacy::{Envelope, Label};

/// The most bytes of who sends, and of the trace.
const ACTOR_MAX: usize = 512;

/// How a command is sent. The default is normal priority, three retries, five minutes a try, and at once.
///
/// # Examples
/// ```
/// use aegis_sdk::{Priority, SendOptions};
/// use std::time::Duration;
///
/// let urgent = SendOptions::priority(Priority::High);
/// let tomorrow = SendOptions::after(Duration::from_secs(24 * 60 * 60));
/// // The same id to the same service is the same command.
/// let once = SendOptions { id: Some("report-17".to_owned()), max_retries: 0, ..SendOptions::default() };
/// assert!(urgent.deliver_at.is_none() && tomorrow.deliver_at.is_some() && once != urgent);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SendOptions {
    /// How urgent it is. Default [`Priority::Normal`].
    pub priority: Priority,
    /// How often it is tried again after a try that failed. Default 3.
    pub max_retries: u32,
    /// How long one try may take. Default 5 min; at least 1 ms.
    pub timeout: Duration,
    /// How long all tries may take together, waits between them included, from when its lane has it, by the clock of
    /// the worker: after that none is begun, and one
    /// that runs is stopped; the command has failed with `COMMAND_TIMED_OUT`. Default no limit but those of the tries.
    pub total: Option<Duration>,
    /// After how long a silence a try is stopped and has failed: its handler says by
    /// [`progress`](super::CommandContext::progress) or [`heartbeat`](super::CommandContext::heartbeat) that it goes on. So one that hangs is noticed long
    /// before `timeout`. Default none.
    pub heartbeat: Option<Duration>,
    /// The group whose owner is to do it. For commands that the service serves by `exclusive_command`, and for those alone.
    pub group: Option<GroupName>,
    /// Not before then, by the clock of the server. Default at once.
    pub deliver_at: Option<DateTime<Utc>>,
    /// By which the work queue tells copies, for two minutes, and workers for as long as the result is kept.
    /// Letters, digits, `-` and `_`. Without it, one is made.
    pub id: Option<String>,
    /// The W3C trace context that it belongs to. Without it, that of [`Commands::within`](super::Commands::within),
    /// which is the trace of whatever is handled where the commands came from a context or a call.
    pub traceparent: Option<String>,
    /// Whether it is sent in the envelope of the Python SDK, to a worker of that SDK. Only with the feature `legacy`.
    #[cfg(feature = "legacy")]
    pub legacy: bool,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            priority: Priority::Normal,
            max_retries: 3,
            timeout: Duration::from_secs(300),
            total: None,
            heartbeat: None,
            group: None,
            deliver_at: None,
            id: None,
            traceparent: None,
            #[cfg(feature = "legacy")]
            legacy: false,
        }
    }
}

impl SendOptions {
    /// With this priority.
    #[must_use]
    pub fn priority(priority: Priority) -> Self {
        Self { priority, ..Self::default() }
    }

    /// To the owner of this group.
    #[must_use]
    pub fn to_owner(group: GroupName) -> Self {
        Self { group: Some(group), ..Self::default() }
    }

    /// The same, with so long for all tries together: see [`SendOptions::total`].
    #[must_use]
    pub fn within(self, total: Duration) -> Self {
        Self { total: Some(total), ..self }
    }

    /// The same, whose handler says at least so often that it goes on: see [`SendOptions::heartbeat`].
    #[must_use]
    pub fn with_heartbeat(self, every: Duration) -> Self {
        Self { heartbeat: Some(every), ..self }
    }

    /// The same, tried again so often: see [`SendOptions::max_retries`].
    #[must_use]
    pub fn with_retries(self, most: u32) -> Self {
        Self { max_retries: most, ..self }
    }

    /// The same, under this id: see [`SendOptions::id`].
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// With this delay.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        let at = Utc::now() + chrono::TimeDelta::from_std(delay).unwrap_or(chrono::TimeDelta::MAX);
        Self { deliver_at: Some(at), ..Self::default() }
    }
}

/// A command on its way to the queue.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) envelope: Option<Envelope>,
}

impl SendOptions {
    pub(super) fn into_message<T: Serialize>(
        self,
        namespace: &Namespace,
        (service, command): (&ServiceName, &str),
        params: &T,
        actor: &str,
    ) -> Result<Sending, CommandError> {
        let invalid = |why: String| CommandError::Invalid(why);
        if !command::is_allowed(service) {
            return Err(invalid(format!("no service that has commands can be called {service}")));
        }
        MethodName::new(command).map_err(|error| invalid(error.to_string()))?;
        let id = self.id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        if !subject::is_token(&id, false) || !command::is_id(&id) {
            let id = header::text(&id, 80);
            let text =
                format!("{id:?} is no id of a command: use letters, digits, '-' and '_', 1,024 at most");
            return Err(invalid(text));
        }
        let mut headers = HeaderMap::new();
        // The queue is one for all services, and an id is one of its service.
        headers.insert(NATS_MESSAGE_ID, command::message_id(service, &id));
        #[cfg(feature = "legacy")]
        let envelope = self.legacy.then(Envelope::new);
        #[cfg(not(feature = "legacy"))]
        let envelope: Option<Envelope> = None;
        if let Some(envelope) = envelope {
            return self.in_envelope(envelope, (namespace, service, command), params, actor, (id, headers));
        }
        let body = Codec::Json.encode(params).map_err(|error| invalid(error.to_string()))?;
        headers.insert(header::REQUEST_ID, id.as_str());
        headers.insert(header::CONTENT_TYPE, Codec::Json.content_type());
        headers.insert(header::ACTOR, header::text(actor, ACTOR_MAX));
        headers.insert(header::PRIORITY, self.priority.as_str());
        headers.insert(header::MAX_RETRIES, self.max_retries.to_string());
        headers.insert(header::TIMEOUT_MS, self.timeout.as_millis().max(1).to_string());
        let mut limit = |name: &'static str, time: Option<Duration>| {
            if let Some(time) = time {
                headers.insert(name, time.as_millis().max(1).to_string());
            }
        };
        limit(header::TOTAL_MS, self.total);
        limit(header::HEARTBEAT_MS, self.heartbeat);
        if let Some(group) = &self.group {
            headers.insert(header::GROUP, group.as_str());
        }
        if let Some(traceparent) = &self.traceparent {
            headers.insert(header::TRACEPARENT, header::text(traceparent, ACTOR_MAX));
        }
        let lane = command::lane(namespace, service, command, self.priority);
        let Some(at) = self.deliver_at else {
            return Ok(Sending { id, subject: lane, headers, body, envelope: None });
        };
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        headers.insert(header::SCHEDULE, format!("@at {at}"));
        headers.insert(header::SCHEDULE_TARGET, lane);
        let subject = command::waiting(namespace, service, command, self.priority, &id);
        Ok(Sending { id, subject, headers, body, envelope: None })
    }

    fn in_envelope<T: Serialize>(
        self,
        envelope: Envelope,
        (namespace, service, command): (&Namespace, &ServiceName, &str),
        params: &T,
        actor: &str,
        (id, headers): (String, HeaderMap),
    ) -> Result<Sending, CommandError> {
        for (option, is_set) in [
            ("deliver_at", self.deliver_at.is_some()),
            ("total", self.total.is_some()),
            ("heartbeat", self.heartbeat.is_some()),
            ("group", self.group.is_some()),
        ] {
            if is_set {
                let text = format!("the envelope of the Python SDK has no place for {option}");
                return Err(CommandError::Invalid(text));
            }
        }
        let (priority, max_retries, timeout) = (self.priority, self.max_retries, self.timeout.as_secs_f64());
        let label = Label { id: id.clone(), priority, max_retries, timeout };
        let body = envelope.command((service, command), label, actor, params);
        let body = body.map_err(|error| CommandError::Invalid(error.to_string()))?;
        let subject = command::plain(namespace, service, command);
        Ok(Sending { id, subject, headers, body, envelope: Some(envelope) })
    }
}
