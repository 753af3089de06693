//! An instance's own word on how it is.

use super::lifecycle::condition::Condition;

/// Says how the instance is, beside what its health checks find. One that is unwell hands its groups over at once,
/// takes none, and takes no balanced calls until it is well again; it goes on to serve calls to itself, and its
/// heartbeats and the log say why. Cheap to clone, so that whatever notices the trouble can hold one.
#[derive(Debug, Clone)]
pub struct Health {
    pub(super) condition: Condition,
}

impl Health {
    /// The instance is not fit to serve, for this reason, which the log keeps. Groups that no other member can take
    /// have no owner until one can.
    pub fn unhealthy(&self, reason: &str) {
        self.condition.report("", Some(reason.to_owned()));
    }

    /// The instance is fit again, as far as this goes: health checks that fail stand for themselves. It takes no group
    /// back by itself.
    pub fn healthy(&self) {
        self.condition.report("", None);
    }
}
