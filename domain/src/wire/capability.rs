//! Capabilities of an instance, as heartbeats and the services API tell them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A method by its name (`buy`), a command that is taken as `command:<name>` (`command:rebalance`), or events that are
/// subscribed to as `event:<pattern>` (`event:orders.*.placed`), the pattern being what follows `events.` in their subject.
/// Names of methods have no colon, so none is mistaken for another kind. One that is read may be of a kind that is not
/// known yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capability(String);

impl Capability {
    /// To answer calls of this method.
    #[must_use]
    pub fn method(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// To carry this command out.
    #[must_use]
    pub fn command(name: &str) -> Self {
        Self(format!("command:{name}"))
    }

    /// To handle events of this pattern.
    #[must_use]
    pub fn event(pattern: &str) -> Self {
        Self(format!("event:{pattern}"))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
