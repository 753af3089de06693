//! The target of a call, and its options.

use std::time::Duration;

use aegis_domain::wire::{Namespace, subject};
use aegis_domain::{GroupName, InstanceName, InvalidName, MethodName, ServiceName};

use crate::Codec;
use crate::legacy::Wire;

/// How a call is made.
///
/// # Examples
/// ```
/// use aegis_sdk::CallOptions;
/// use std::time::Duration;
///
/// let once = CallOptions::within(Duration::from_secs(2));
/// let repeated = CallOptions::within(Duration::from_secs(2)).idempotent();
/// assert_ne!(once, repeated);
/// // A time alone will do, too: `client.call(&target, "quote", &"EURUSD", Duration::from_secs(2))`.
/// assert_eq!(once, Duration::from_secs(2).into());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    pub(crate) timeout: Duration,
    pub(crate) idempotent: bool,
    /// What the caller says; else as the wire has it.
    pub(crate) codec: Option<Codec>,
    /// That of the Python SDK, if the service speaks it.
    pub(crate) wire: Option<Wire>,
    pub(crate) window: u32,
    /// Not sent again when there are no responders.
    pub(crate) once: bool,
}

impl CallOptions {
    /// A call whose caller waits so long, retries and all. To about 5 ms.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, idempotent: false, codec: None, wire: None, window: 64, once: false }
    }

    /// The call may happen twice without harm, so it is sent again, under the same request id, when no
    /// reply comes: to an owner after 50 ms, to others after 500 ms, and then after pauses that double up to ten times
    /// that. The first reply to any of them counts, and those that still work on it are told that their reply is not needed. An
    /// owner that has it already answers from the replies that it keeps; it can happen twice only when its first
    /// owner was lost after handling it. Says nothing for streams, which are never opened twice.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    /// Parameters are written in this codec, and the reply comes in it. Default JSON; MessagePack for services of the Python
    /// SDK.
    #[must_use]
    pub fn codec(self, codec: Codec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    /// How many messages of a stream may be on their way, 2 to 4 096. Default 64.
    #[must_use]
    pub fn window(self, messages: u32) -> Self {
        Self { window: messages.clamp(2, 4_096), ..self }
    }

    /// The same, with so much of the time gone.
    pub(crate) fn less(self, gone: Duration) -> Self {
        Self { timeout: self.timeout.saturating_sub(gone), ..self }
    }

    pub(crate) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The service is one of the Python SDK: the call goes out in its envelope. Parameters must be a map there, so a
    /// structure or a map here. Its methods know no groups: call [`Target::Any`]. A client does not ask the registry which
    /// wire a service speaks; a [`crate::discovery::Router`] does, and needs no telling. Only with the feature `legacy`.
    #[cfg(feature = "legacy")]
    #[must_use]
    pub fn legacy(self) -> Self {
        self.spoken(Some(Wire))
    }

    /// The same to an instance of that wire, if it speaks it.
    pub(crate) fn spoken(self, wire: Option<Wire>) -> Self {
        Self { wire: wire.or(self.wire), ..self }
    }

    /// The codec of parameters.
    pub(crate) fn body_codec(&self) -> Codec {
        self.codec.unwrap_or_else(|| self.wire.map_or(Codec::Json, Wire::codec))
    }

    /// How long the first send waits for its reply, of so much time, before it is asked what became of it: whether it
    /// is to be sent again, or its owner is still there.
    pub(crate) fn patience(&self, target: &Target, left: Duration) -> Duration {
        match target {
            Target::Owner(..) => left.min(target.resend_after()),
            Target::Any(_) | Target::Instance(..) if self.idempotent => left.min(target.resend_after()),
            Target::Any(_) | Target::Instance(..) => left,
        }
    }
}

impl From<Duration> for CallOptions {
    fn from(timeout: Duration) -> Self {
        Self::within(timeout)
    }
}

/// Whom to call. Names are texts or typed names, owned or not: `Target::owner("orders", account)`.
///
/// # Examples
/// ```
/// use aegis_sdk::Target;
///
/// let any = Target::any("desk")?;
/// let owner = Target::owner("desk", "ACC-1")?;
/// let this = Target::instance("desk", "desk-1")?;
/// assert_eq!(owner.service(), any.service());
/// assert!(Target::any("no service").is_err() && this != any);
/// # Ok::<(), aegis_sdk::domain::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// Any instance of the service.
    Any(ServiceName),
    /// The owner of the group at the time when the call arrives.
    Owner(ServiceName, GroupName),
    /// This very instance.
    Instance(ServiceName, InstanceName),
}

impl Target {
    /// Any instance of this service.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn any(service: impl Into<String>) -> Result<Self, InvalidName> {
        Ok(Self::Any(ServiceName::new(service)?))
    }

    /// The owner of this group.
    ///
    /// # Errors
    /// When a name breaks its rule.
    pub fn owner(service: impl Into<String>, group: impl Into<String>) -> Result<Self, InvalidName> {
        Ok(Self::Owner(ServiceName::new(service)?, GroupName::new(group)?))
    }

    /// This very instance.
    ///
    /// # Errors
    /// When a name breaks its rule.
    pub fn instance(service: impl Into<String>, instance: impl Into<String>) -> Result<Self, InvalidName> {
        Ok(Self::Instance(ServiceName::new(service)?, InstanceName::new(instance)?))
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        match self {
            Self::Any(service) | Self::Owner(service, _) | Self::Instance(service, _) => service,
        }
    }

    /// How long an idempotent call waits for a reply before it is sent again for the first time. An owner that has it
    /// already does not begin anew, so there it costs little to ask soon.
    pub(crate) fn resend_after(&self) -> Duration {
        match self {
            Self::Owner(..) => Duration::from_millis(50),
            Self::Any(_) | Self::Instance(..) => Duration::from_millis(500),
        }
    }

    pub(crate) fn subject(&self, namespace: &Namespace, method: &MethodName) -> String {
        match self {
            Self::Any(service) => subject::rpc(namespace, service, method),
            Self::Owner(service, group) => subject::group_rpc(namespace, service, group, method),
            Self::Instance(service, instance) => subject::instance_rpc(namespace, service, instance, method),
        }
    }
}
