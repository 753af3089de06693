//! The aggregated health of an instance: the last result of each check, and what was set by hand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aegis_domain::wire::header;
use tokio::sync::watch;

/// The reasons why the instance is unhealthy, by who gives them. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::service) struct Condition {
    reasons: Arc<Mutex<BTreeMap<String, String>>>,
    /// All of them in one line; none when it is well.
    summary: watch::Sender<Option<String>>,
}

impl Default for Condition {
    fn default() -> Self {
        Self { reasons: Arc::default(), summary: watch::channel(None).0 }
    }
}

impl Condition {
    /// What this source has to say: a reason, or that it finds nothing wrong.
    pub(in crate::service) fn report(&self, source: &str, unwell: Option<String>) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        match unwell {
            Some(reason) => reasons.insert(source.to_owned(), one_line(&reason)),
            None => reasons.remove(source),
        };
        let line = |(source, reason): (&String, &String)| match source.is_empty() {
            true => reason.clone(),
            false => format!("{source}: {reason}"),
        };
        let summary = (!reasons.is_empty()).then(|| {
            let all = reasons.iter().map(line).collect::<Vec<_>>().join("; ");
            header::text(&all, SUMMARY_MAX)
        });
        self.summary.send_if_modified(|before| {
            let changed = *before != summary;
            *before = summary;
            changed
        });
    }

    /// Why it is unwell, and each change of that.
    pub(in crate::service) fn unwell(&self) -> watch::Receiver<Option<String>> {
        self.summary.subscribe()
    }
}

/// What goes into heartbeats and into the log is short, however many checks there are and whatever they are called.
const SUMMARY_MAX: usize = 1024;

/// What goes into heartbeats is short.
fn one_line(reason: &str) -> String {
    const MAX: usize = 200;
    reason.chars().take(MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_well_when_no_source_says_otherwise() {
        let condition = Condition::default();
        let mut unwell = condition.unwell();
        let now = |unwell: &mut watch::Receiver<Option<String>>| unwell.borrow_and_update().clone();
        condition.report("database", Some("no\nanswer".to_owned()));
        condition.report("", Some("told so".to_owned()));
        assert_eq!(now(&mut unwell).as_deref(), Some("told so; database: no answer"));
        condition.report("database", Some("no answer".to_owned()));
        assert!(!unwell.has_changed().unwrap(), "an unchanged reason is no change");
        condition.report("", None);
        assert_eq!(now(&mut unwell).as_deref(), Some("database: no answer"));
        condition.report("database", None);
        assert_eq!(now(&mut unwell), None);
    }
}
