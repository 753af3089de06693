//! Who leads a group.

use aegis_domain::{GroupName, ServiceName};
use aegis_projections::state::GroupKey;
use aegis_projections::view::LeaderView;
use async_graphql::{ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use super::page::Position;
use super::scalar::Long;

#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Leader {
    /// `<service>/<group>`
    id: ID,
    service: String,
    group: String,
    /// The fencing token: grows by one at each change of owner.
    term: Long,
    /// Null while nobody leads.
    instance: Option<String>,
    since: DateTime<Utc>,
    reason: String,
    /// How long the group had no owner before this term, in milliseconds, where known.
    vacancy_ms: Option<Long>,
    as_of_sequence: Long,
}

#[derive(Debug, Clone, Default, InputObject)]
pub(crate) struct LeaderFilter {
    #[graphql(validator(max_length = 200))]
    service: Option<String>,
    #[graphql(validator(max_length = 200))]
    instance: Option<String>,
}

impl LeaderFilter {
    pub(crate) fn takes(&self, view: &LeaderView) -> bool {
        let service = self.service.as_ref().is_none_or(|service| view.service.as_str() == service);
        let instance = self
            .instance
            .as_ref()
            .is_none_or(|instance| view.instance.as_ref().is_some_and(|owner| owner.as_str() == instance));
        service && instance
    }
}

impl From<&LeaderView> for Leader {
    fn from(view: &LeaderView) -> Self {
        Self {
            id: ID(format!("{}/{}", view.service, view.group)),
            service: view.service.to_string(),
            group: view.group.to_string(),
            term: view.term.get().into(),
            instance: view.instance.as_ref().map(ToString::to_string),
            since: view.since,
            reason: view.reason.as_str().to_owned(),
            vacancy_ms: view.vacancy_ms.map(Into::into),
            as_of_sequence: view.sequence.into(),
        }
    }
}

/// Where a group stands in a list: those that nobody owns come first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeaderPosition {
    owned: bool,
    key: GroupKey,
}

impl LeaderPosition {
    pub(crate) fn of(key: &GroupKey, view: &LeaderView) -> Self {
        Self { owned: view.instance.is_some(), key: key.clone() }
    }
}

impl Position for LeaderPosition {
    fn text(&self) -> String {
        format!("{}/{}/{}", u8::from(self.owned), self.key.0, self.key.1)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let owned = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let key = (ServiceName::new(parts.next()?).ok()?, GroupName::new(parts.next()?).ok()?);
        parts.next().is_none().then_some(Self { owned, key })
    }
}
