//! Who leads a group.

use std::borrow::Cow;

use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_projections::State;
use aegis_projections::state::GroupKey;
use aegis_projections::view::LeaderView;
use async_graphql::{Enum, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};

use super::page::Position;
use super::rank::{Rank, of_time};
use super::scalar::Long;
use super::team;

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

/// What a list of groups is ordered by; those that are equal by it stand in order of name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Enum)]
pub(crate) enum LeaderOrderField {
    /// Those that nobody owns, then the others.
    #[default]
    Severity,
    Name,
    /// By when the term began, or the vacancy.
    Since,
    Term,
}

/// The order of a list of groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct LeaderOrder {
    field: LeaderOrderField,
    #[graphql(default)]
    descending: bool,
}

impl LeaderOrder {
    pub(crate) fn rank(self, view: &LeaderView) -> Rank {
        let number = match self.field {
            LeaderOrderField::Severity => {
                return Rank::of_class(u8::from(view.instance.is_some()), 1, self.descending);
            }
            LeaderOrderField::Name => {
                return Rank::of_text(&format!("{}/{}", view.service, view.group), self.descending);
            }
            LeaderOrderField::Since => of_time(view.since),
            LeaderOrderField::Term => view.term.get(),
        };
        Rank::of_number(Some(number), self.descending)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, InputObject)]
pub(crate) struct LeaderFilter {
    #[graphql(validator(max_length = 200))]
    service: Option<String>,
    #[graphql(validator(max_length = 200))]
    instance: Option<String>,
    /// Part of the name of the service, the group or its owner: at most 200 characters.
    #[graphql(validator(max_length = 200))]
    text: Option<String>,
    /// Whether nobody owns it.
    ownerless: Option<bool>,
    /// With an owner, or without one, since this time or later.
    changed_since: Option<DateTime<Utc>>,
    /// Of services whose definition names this owner: the team or person who answers for them.
    #[graphql(validator(max_length = 200))]
    team: Option<String>,
}

impl LeaderFilter {
    pub(crate) fn takes(&self, state: &State, view: &LeaderView) -> bool {
        let service = self.service.as_ref().is_none_or(|service| view.service.as_str() == service);
        let instance = self
            .instance
            .as_ref()
            .is_none_or(|instance| view.instance.as_ref().is_some_and(|owner| owner.as_str() == instance));
        let text = self.text.as_ref().is_none_or(|text| {
            let owner = view.instance.as_ref().map(InstanceName::as_str);
            let names = [Some(view.service.as_str()), Some(view.group.as_str()), owner];
            names.into_iter().flatten().any(|name| name.contains(text.as_str()))
        });
        let ownerless = self.ownerless.is_none_or(|ownerless| view.instance.is_none() == ownerless);
        let changed = self.changed_since.is_none_or(|since| view.since >= since);
        let answered = team::answers_for(self.team.as_ref(), state, &view.service);
        service && instance && text && ownerless && changed && answered
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

/// Where a group stands in a list, and the cursor that tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LeaderPosition<'a>(pub(crate) Rank, pub(crate) Cow<'a, GroupKey>);

impl Position for LeaderPosition<'_> {
    fn text(&self) -> String {
        let (service, group) = &*self.1;
        format!("{}/{service}/{group}", self.0.text())
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (rank, service, group) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let key = (ServiceName::new(service).ok()?, GroupName::new(group).ok()?);
        Some(Self(Rank::read(rank)?, Cow::Owned(key)))
    }
}
