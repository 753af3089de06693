//! Which instances a list shows.

use aegis_projections::State;
use aegis_projections::view::InstanceView;
use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};

use super::instance::InstanceStatus;
use super::team;

/// How long an instance whose life is over belongs to a list that does not ask for its status.
const LINGERING: TimeDelta = TimeDelta::minutes(10);

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct InstanceFilter {
    #[graphql(validator(max_length = 200))]
    service: Option<String>,
    #[graphql(validator(max_items = 20))]
    statuses: Option<Vec<InstanceStatus>>,
    /// Part of the service or instance name: at most 200 characters.
    #[graphql(validator(max_length = 200))]
    text: Option<String>,
    /// All of these labels: at most 10.
    #[graphql(validator(max_items = 10))]
    labels: Option<Vec<LabelFilter>>,
    /// Exactly this version.
    #[graphql(validator(max_length = 200))]
    version: Option<String>,
    /// Of services whose definition names this owner: the team or person who answers for them.
    #[graphql(validator(max_length = 200))]
    team: Option<String>,
}

/// A label that an instance has to have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct LabelFilter {
    #[graphql(validator(max_length = 200))]
    key: String,
    /// Its value; any, if it is left out.
    #[graphql(validator(max_length = 1000))]
    value: Option<String>,
}

impl InstanceFilter {
    /// Of all services and statuses.
    pub(super) fn of(
        text: Option<String>,
        labels: Option<Vec<LabelFilter>>,
        version: Option<String>,
    ) -> Self {
        Self { text, labels, version, ..Self::default() }
    }

    /// Whether the instance of this registry belongs to the answer. Without `statuses`, one whose life has been over for
    /// ten minutes does not.
    pub(crate) fn takes(&self, state: &State, view: &InstanceView, now: DateTime<Utc>) -> bool {
        self.takes_status(view, now) && self.takes_in_any_status(state, view)
    }

    /// Whether it does as far as its status says.
    pub(crate) fn takes_status(&self, view: &InstanceView, now: DateTime<Utc>) -> bool {
        match &self.statuses {
            Some(statuses) => statuses.contains(&view.status.into()),
            None => !view.status.is_final() || now - view.status_since < LINGERING,
        }
    }

    /// Whether it does but for its status.
    pub(crate) fn takes_in_any_status(&self, state: &State, view: &InstanceView) -> bool {
        let registration = view.state.registration.as_ref();
        let named = self.service.as_ref().is_none_or(|service| view.service.as_str() == service);
        let text = self.text.as_ref().is_none_or(|text| {
            view.service.as_str().contains(text.as_str()) || view.instance.as_str().contains(text.as_str())
        });
        let version = self.version.as_ref().is_none_or(|version| {
            registration.is_some_and(|registration| registration.version.as_str() == version)
        });
        let labelled = self.labels.iter().flatten().all(|LabelFilter { key, value }| {
            let found = registration.and_then(|registration| registration.labels.get(key));
            found.is_some_and(|found| value.as_ref().is_none_or(|value| found == value))
        });
        let answered = team::answers_for(self.team.as_ref(), state, &view.service);
        named && text && version && labelled && answered
    }
}
