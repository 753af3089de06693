//! Problems outside the projections' files, for `system { problems }`, the page and the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use aegis_graphql::ports::Problem;
use chrono::Utc;

/// The most names that one finding lists.
const NAMED: usize = 5;

/// The current findings, by part and code. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings(Arc<RwLock<BTreeMap<(&'static str, &'static str), Finding>>>);

#[derive(Debug)]
struct Finding {
    problem: Problem,
    count: u64,
}

impl Findings {
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let findings = self.0.read().unwrap_or_else(PoisonError::into_inner);
        findings.values().map(|finding| finding.problem.clone()).collect()
    }

    /// The records of these keys of the lease store cannot be read.
    pub(crate) fn unreadable_leases(&self, keys: &[String]) {
        let text = |names: String| {
            format!(
                "records of the lease store cannot be read, and their groups are left out: {names}; whoever claims such a \
                 group replaces its record, or a newer version of this program can read it"
            )
        };
        self.stand("leases", "UNREADABLE_RECORD", keys, text);
    }

    /// Why the lease store cannot be read at all, if it cannot.
    pub(crate) fn lease_store(&self, why: &[String]) {
        let text = |why: String| {
            format!(
                "the lease store cannot be read, and terms that instances leave out are not recorded meanwhile: {why}"
            )
        };
        self.stand("leases", "UNREADABLE", why, text);
    }

    /// These heartbeats could not be read, or not whole.
    pub(crate) fn unreadable_heartbeats(&self, subjects: &[String]) {
        let text = |names: String| {
            format!(
                "heartbeats cannot be read, or not whole, and those parts are left out: {names}; a newer version of this \
                 program may read them, and whoever sends junk should not"
            )
        };
        self.stand("heartbeats", "UNREADABLE_RECORD", subjects, text);
    }

    /// How many records of the lease store cannot be read.
    pub(crate) fn unreadable_lease_count(&self) -> u64 {
        let findings = self.0.read().unwrap_or_else(PoisonError::into_inner);
        findings.get(&("leases", "UNREADABLE_RECORD")).map_or(0, |finding| finding.count)
    }

    fn stand(
        &self,
        part: &'static str,
        code: &'static str,
        names: &[String],
        text: impl FnOnce(String) -> String,
    ) {
        let place = (part, code);
        let mut findings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.is_empty() {
            findings.remove(&place);
            return;
        }
        let more = names.len().saturating_sub(NAMED);
        let mut list = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if more > 0 {
            list.push_str(&format!(" and {more} more"));
        }
        let message = text(list);
        let known = findings.get(&place);
        if known.is_none_or(|known| known.problem.message != message) {
            tracing::error!(part, code, "{message}");
        }
        let since = known.map_or_else(Utc::now, |known| known.problem.since);
        let problem = Problem { part, code, message, since, unready: false };
        findings.insert(place, Finding { problem, count: names.len() as u64 });
    }
}
