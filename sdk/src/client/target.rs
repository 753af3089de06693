//! Whom to call, and how.

use std::time::Duration;

use aegis_domain::wire::subject;
use aegis_domain::{GroupName, InstanceName, InvalidName, MethodName, ServiceName};

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    pub(super) timeout: Duration,
    pub(super) idempotent: bool,
}

impl CallOptions {
    /// A call whose caller waits so long, retries and all.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        Self { timeout, idempotent: false }
    }

    /// The call may happen twice without harm, so it is sent again, under the same request id, when no
    /// reply comes. An owner that has it already answers from the replies that it keeps; it can
    /// happen twice only when its first owner was lost after handling it.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }
}

impl From<Duration> for CallOptions {
    fn from(timeout: Duration) -> Self {
        Self::within(timeout)
    }
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Any instance of the service.
    Any(ServiceName),
    /// The owner of the group, whoever that is when the call arrives.
    Owner(ServiceName, GroupName),
    /// This very instance.
    Instance(ServiceName, InstanceName),
}

impl Target {
    /// Any instance of this service.
    ///
    /// # Errors
    /// When the name breaks its rule.
    pub fn any(service: &str) -> Result<Self, InvalidName> {
        Ok(Self::Any(ServiceName::new(service)?))
    }

    /// The owner of this group.
    ///
    /// # Errors
    /// When a name breaks its rule.
    pub fn owner(service: &str, group: &str) -> Result<Self, InvalidName> {
        Ok(Self::Owner(ServiceName::new(service)?, GroupName::new(group)?))
    }

    /// How long an idempotent call waits for one reply before it is sent again. An owner that has it
    /// already does not begin anew, so there it costs little to ask soon and often.
    pub(super) fn resend_after(&self) -> Duration {
        match self {
            Self::Owner(..) => Duration::from_millis(50),
            Self::Any(_) | Self::Instance(..) => Duration::from_millis(500),
        }
    }

    pub(super) fn subject(&self, method: &MethodName) -> String {
        match self {
            Self::Any(service) => subject::rpc(service, method),
            Self::Owner(service, group) => subject::group_rpc(service, group, method),
            Self::Instance(service, instance) => subject::instance_rpc(service, instance, method),
        }
    }
}
