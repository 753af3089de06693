//! What an instance does when it is unwell, and when it is well again: its groups go, and the log has it.

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::super::beat::Identity;
use crate::Journal;
use crate::leadership::Request;
use crate::nats::connection::backoff;

/// Follows the condition of the instance.
pub(in crate::service) struct Illness {
    pub(in crate::service) unwell: watch::Receiver<Option<String>>,
    /// To the elector; nobody is at its end when there are no groups.
    pub(in crate::service) requests: mpsc::Sender<Request>,
    pub(in crate::service) journal: Journal,
    pub(in crate::service) identity: Identity,
}

impl Illness {
    /// Runs until stopped.
    pub(in crate::service) async fn run(&mut self, stop: &CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let (mut was_unwell, mut recorded) = (false, false);
        while self.unwell.changed().await.is_ok() {
            let reason = self.unwell.borrow_and_update().clone();
            let is_unwell = reason.is_some();
            // Another reason is no other state.
            if is_unwell != was_unwell {
                was_unwell = is_unwell;
                let request = match &reason {
                    Some(reason) => {
                        tracing::warn!(reason, "the instance is unwell");
                        Request::Resign { reason: format!("unhealthy: {reason}"), done: None }
                    }
                    None => {
                        tracing::info!("the instance is well again");
                        Request::Stand
                    }
                };
                if self.requests.send(request).await.is_err() {
                    tracing::debug!("an instance without groups has none to hand over");
                }
            }
            if is_unwell != recorded {
                let command = match reason {
                    Some(reason) => {
                        Command::MarkUnhealthy { last_beat: None, missed: 0, reason: Some(reason) }
                    }
                    None => Command::Recover,
                };
                if self.record(command).await {
                    recorded = is_unwell;
                }
            }
        }
    }

    /// Tries until the log has it, or there is other news. Answers whether it has.
    async fn record(&mut self, command: Command) -> bool {
        let id = self.identity.aggregate();
        for attempt in 1.. {
            let context = self.identity.context();
            match self.journal.execute::<Instance>(&id, self.identity.own(command.clone()), &context).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(%error, "the condition of the instance is not recorded; trying again")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(backoff(attempt + 1)) => {}
                changed = self.unwell.changed() => {
                    if changed.is_ok() {
                        self.unwell.mark_changed();
                    }
                    return false;
                }
            }
        }
        false
    }
}
