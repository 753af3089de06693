//! What the credentials of a running instance do not permit makes it unwell: it would be RUNNING and serve nothing.

use std::collections::BTreeSet;

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::lifecycle::condition::Condition;
use crate::nats::denial::{Denials, Denied};

/// So many subjects are told.
const TOLD: usize = 4;
/// Questions of the services API may go unanswered without harm.
const OPTIONAL: &str = "$SRV.";
/// Of a consumer that cannot be read.
const READS: &str = "$JS.API.CONSUMER.MSG.NEXT.";

/// Tells the condition under this name what is denied, until stopped: subscriptions, and publishes that an instance cannot
/// do without. Not those of the connection that it replies on: a reply goes where its caller says.
pub(super) async fn watch(name: &str, denials: &Denials, condition: &Condition, stop: &CancellationToken) {
    let (mut subscriptions, mut told) = (denials.subscriptions(), denials.listen());
    let mut publishes = BTreeSet::new();
    loop {
        let subscribe = subscriptions.borrow_and_update().clone();
        let subscribe = subscribe.iter().filter(|subject| !subject.starts_with(OPTIONAL));
        let subscribe = subscribe.map(|subject| format!("subscribe to {subject}"));
        let denied: Vec<_> = subscribe.chain(publishes.iter().map(|it| format!("publish to {it}"))).collect();
        let reason = (!denied.is_empty()).then(|| {
            let more = if denied.len() > TOLD { " and more" } else { "" };
            format!("the credentials may not {}{more}", denied[..denied.len().min(TOLD)].join(", "))
        });
        condition.report(name, reason);
        tokio::select! {
            () = stop.cancelled() => return,
            changed = subscriptions.changed() => if changed.is_err() { return },
            denied = told.recv() => match denied {
                Ok(Denied::Publish(subject)) if is_needed(&subject) => {
                    publishes.insert(subject);
                }
                Ok(Denied::Publish(_) | Denied::Subscribe(_)) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// Whether an instance cannot do without publishing there. Of calls to others, their callers are told.
fn is_needed(subject: &str) -> bool {
    let of_installation = |part: &str| subject.split('.').nth(1) == Some(part);
    subject.starts_with(READS) || of_installation("heartbeat") || subject.starts_with("$KV.")
}
