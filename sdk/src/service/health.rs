//! An instance's own word on whether it is fit to own groups.

use tokio::sync::mpsc;

use crate::leadership::Request;

/// Reports how the instance feels. One that is unhealthy hands its groups over at once and takes none
/// until it is healthy again; it goes on to serve everything else. Cheap to clone, so that whatever
/// notices the trouble can hold one.
#[derive(Debug, Clone)]
pub struct Health {
    pub(super) requests: mpsc::Sender<Request>,
}

impl Health {
    /// The instance is not fit to own groups, for this reason, which the log keeps. Groups that no other
    /// member can take have no owner until one can.
    ///
    /// # Cancel safety
    /// Cancel-safe: the word is given, or it is not.
    pub async fn unhealthy(&self, reason: &str) {
        let reason = format!("unhealthy: {reason}");
        self.say(Request::Resign { reason, done: None }).await;
    }

    /// The instance is fit again. It takes nothing back by itself.
    ///
    /// # Cancel safety
    /// Cancel-safe: the word is given, or it is not.
    pub async fn healthy(&self) {
        self.say(Request::Stand).await;
    }

    async fn say(&self, request: Request) {
        if self.requests.send(request).await.is_err() {
            tracing::debug!("an instance without groups has none to hand over");
        }
    }
}
