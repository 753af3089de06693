//! An instance whose credentials do not permit a subject that it needs is unhealthy until they do: otherwise it would be
//! RUNNING and serve nothing.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::lifecycle::condition::Condition;
use aegis_nats::denial::{Denials, Denied};

/// So many subjects are told.
const TOLD: usize = 4;
/// Questions of the services API may go unanswered without harm, and calls to owners of groups look for another owner by
/// the clock when they may not hear of it.
const OPTIONAL: [&str; 2] = ["$SRV.", "$KV."];

/// Tells the condition under this name what is denied, until stopped: subscriptions, and publishes that an instance cannot
/// do without. Of calls to others, their callers are told.
pub(super) async fn watch(name: &str, denials: &Denials, condition: &Condition, stop: &CancellationToken) {
    let mut standing = denials.standing();
    loop {
        let reason = reason(&standing.borrow_and_update());
        condition.report(name, reason);
        match stop.run_until_cancelled(standing.changed()).await {
            Some(Ok(())) => {}
            Some(Err(_)) | None => return,
        }
    }
}

fn reason(standing: &BTreeMap<Denied, u64>) -> Option<String> {
    let told = |denied: &Denied| match denied {
        Denied::Subscribe(interest) if OPTIONAL.iter().any(|it| interest.subject.starts_with(it)) => None,
        Denied::Subscribe(interest) => Some(format!("subscribe to {}", interest.subject)),
        Denied::Publish(subject) => Some(format!("publish to {subject}")),
    };
    let denied: Vec<_> = standing.keys().filter_map(told).collect();
    let more = if denied.len() > TOLD { " and more" } else { "" };
    let subjects = denied[..denied.len().min(TOLD)].join(", ");
    (!denied.is_empty()).then(|| format!("the credentials may not {subjects}{more}"))
}
