//! What is told, and in which form.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::trouble::Trouble;
use super::watch::Transition;

/// One message, as it stands in the body of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    /// The same whenever this message is sent again.
    id: String,
    state: State,
    key: String,
    subject: String,
    /// One line for people, the subject in it.
    text: String,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
    namespace: String,
    /// Where the page shows it; left out where its address is not configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It needs somebody.
    Bad,
    /// It no longer does.
    Well,
}

impl Notice {
    pub(super) fn of(transition: Transition, namespace: &str, page: Option<&str>, at: DateTime<Utc>) -> Self {
        let Transition { is_bad, since, trouble: Trouble { key, subject, text, path, .. } } = transition;
        let (state, word) = if is_bad { (State::Bad, "bad") } else { (State::Well, "well") };
        let said = if is_bad { text } else { format!("well again ({text})") };
        Self {
            id: format!("{namespace} {key} {} {word}", since.timestamp_micros()),
            state,
            key,
            text: format!("{subject}: {said}"),
            subject,
            since,
            at,
            namespace: namespace.to_owned(),
            link: page.map(|page| format!("{page}{path}")),
        }
    }
}
