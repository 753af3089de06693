//! Reacts to changes of the aggregated health: an unhealthy instance hands its groups over, one that has recovered takes
//! groups again, and both are recorded in the log.

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::super::identity::Identity;
use crate::Journal;
use aegis_leases::leadership::Request;
use aegis_nats::backoff::backoff;

/// Follows the aggregated health of the instance.
pub(in crate::service) struct HealthResponder {
    pub(in crate::service) unwell: watch::Receiver<Option<String>>,
    /// To the elector; its receiver is dropped when there are no groups.
    pub(in crate::service) requests: mpsc::Sender<Request>,
    pub(in crate::service) journal: Journal,
    pub(in crate::service) identity: Identity,
}

impl HealthResponder {
    /// Runs until stopped.
    pub(in crate::service) async fn run(&mut self, stop: &CancellationToken) {
        stop.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let (mut was_unwell, mut recorded) = (false, false);
        while self.unwell.changed().await.is_ok() {
            let reason = self.unwell.borrow_and_update().clone();
            let is_unwell = reason.is_some();
            // A change of the reason alone is not acted on.
            if is_unwell != was_unwell {
                was_unwell = is_unwell;
                let request = match &reason {
                    Some(reason) => {
                        tracing::warn!(reason, "the instance is unhealthy");
                        Request::Resign { reason: format!("unhealthy: {reason}"), done: None }
                    }
                    None => {
                        tracing::info!("the instance has recovered");
                        Request::TakeGroups
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

    /// Tries until the log has it, or the health changes. Answers whether the log has it.
    async fn record(&mut self, command: Command) -> bool {
        let id = self.identity.aggregate();
        for attempt in 1.. {
            let context = self.identity.context();
            match self.journal.execute::<Instance>(&id, self.identity.own(command.clone()), &context).await {
                Ok(_) => return true,
                Err(error) => {
                    tracing::warn!(%error, "the health of the instance was not recorded; trying again")
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
