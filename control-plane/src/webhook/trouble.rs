//! Something that needs somebody, in words.

use aegis_graphql::Need;
use aegis_graphql::ports::Problem;
use aegis_projections::view::SelfPreservation;
use chrono::{DateTime, Utc};

/// Something that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What it is, stable while it lasts.
    pub(super) key: String,
    /// Whom it concerns: a service, or the control plane.
    pub(super) subject: String,
    pub(super) text: String,
    /// Since when, where that is known.
    pub(super) since: Option<DateTime<Utc>>,
    /// Where the page shows it.
    pub(super) path: String,
}

impl Trouble {
    pub(super) fn of_service(need: Need) -> Self {
        let Need { key, service, text, since } = need;
        let path = format!("/services/{service}");
        Self { key, subject: service, text, since, path }
    }

    pub(super) fn of_problem(problem: &Problem) -> Self {
        let Problem { part, code, message, since, .. } = problem;
        let key = format!("system {part} {code}");
        Self::of_system(key, format!("{part}: {message}"), Some(*since))
    }

    pub(super) fn of_silence(silence: &SelfPreservation) -> Self {
        let SelfPreservation { since, silent, alive } = silence;
        let text = format!("cannot see {silent} of {alive} instances; none of them is marked expired");
        Self::of_system("system self-preservation".to_owned(), text, Some(*since))
    }

    pub(super) fn nats() -> Self {
        Self::of_system("system nats".to_owned(), "has lost NATS; nothing new arrives".to_owned(), None)
    }

    pub(super) fn heartbeats() -> Self {
        let text = "cannot read the heartbeats, and marks nobody".to_owned();
        Self::of_system("system heartbeats".to_owned(), text, None)
    }

    fn of_system(key: String, text: String, since: Option<DateTime<Utc>>) -> Self {
        Self { key, subject: "Control plane".to_owned(), text, since, path: "/system".to_owned() }
    }
}
