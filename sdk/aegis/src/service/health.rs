//! Health that a program sets by hand.

use super::lifecycle::condition::Condition;

/// Sets the health of the instance by hand, beside its health checks. An unhealthy instance hands its groups over at once,
/// takes none, and takes no balanced calls until it is well again; it goes on to serve calls to itself, and its
/// heartbeats and the log say why. Cheap to clone, so that whatever notices the trouble can hold one.
///
/// # Examples
/// ```no_run
/// # async fn example(service: aegis_sdk::Service) -> Result<(), Box<dyn std::error::Error>> {
/// let health = service.health();
/// health.unhealthy("the feed is stale");
/// // Later, when it is not stale any more:
/// health.healthy();
/// # Ok(())
/// # }
/// ```
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

    /// Withdraws what was set by hand; health checks that fail still count. It takes no group
    /// back by itself.
    pub fn healthy(&self) {
        self.condition.report("", None);
    }
}
