//! Services by who answers for them.

use aegis_domain::ServiceName;
use aegis_projections::State;

/// Whether the definition of the service, in use or retired, names this owner; of all services where none is asked for.
pub(super) fn answers_for(team: Option<&String>, state: &State, service: &ServiceName) -> bool {
    team.is_none_or(|team| state.definitions.get(service).is_some_and(|view| view.content.owner == *team))
}
