//! The steps from the current definitions to those of the file. Pure.

use std::collections::{BTreeMap, BTreeSet};

use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Change, Command, Content, Rejection};
use aegis_domain::{Aggregate as _, AggregateVersion, ServiceName};
use aegis_projections::view::history::{FieldChange, diff};

use super::file::File;

/// What is to be done with one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) service: ServiceName,
    pub(super) action: Action,
    /// What that changes.
    pub(super) changes: Vec<FieldChange>,
    /// In this order; none when nothing changes.
    pub(super) commands: Vec<Command>,
}

/// What is done, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Define,
    Amend,
    Reinstate,
    Retire,
    Unchanged,
}

/// A service that cannot be made what the file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) service: ServiceName,
    pub(super) rejection: Rejection,
}

impl Action {
    /// As it stands in front of the service.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Define => '+',
            Self::Amend => '~',
            Self::Reinstate => '^',
            Self::Retire => '-',
            Self::Unchanged => '=',
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Define => "define",
            Self::Amend => "amend",
            Self::Reinstate => "reinstate",
            Self::Retire => "retire",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The plan, in order of services: one step for each that is in the file or, with `prune`, in use. Every
/// command expects the revision that stands now, and is checked by the rules of the domain.
pub(super) fn plan(
    file: File,
    standing: &BTreeMap<ServiceName, Definition>,
    prune: bool,
    reason: Option<&str>,
) -> Result<Vec<Step>, Vec<Refused>> {
    let named: BTreeSet<_> = file.definitions.iter().map(|entry| entry.service.clone()).collect();
    let nothing = Definition::default();
    let mut steps: Vec<_> = file
        .definitions
        .into_iter()
        .map(|entry| {
            let service = entry.service.clone();
            let before = standing.get(&service).unwrap_or(&nothing);
            wanted(service, before, entry.content(), reason)
        })
        .collect();
    if prune {
        let surplus = standing.iter().filter(|(service, _)| !named.contains(service));
        let in_use = surplus.filter(|(_, definition)| definition.active().is_some());
        steps.extend(in_use.map(|(service, definition)| retire(service.clone(), definition, reason)));
    }
    steps.sort_by(|a, b| a.service.cmp(&b.service));
    let refused: Vec<_> = steps.iter().filter_map(|step| refusal(step, standing)).collect();
    if refused.is_empty() { Ok(steps) } else { Err(refused) }
}

fn wanted(service: ServiceName, before: &Definition, content: Content, reason: Option<&str>) -> Step {
    let changes = diff(before.content.as_ref(), &content);
    let why = reason.map(str::to_owned);
    let amend = |expected| Command::Amend { expected, change: whole(content.clone()), reason: why.clone() };
    let (action, commands) = match (&before.content, before.retired, changes.is_empty()) {
        (None, _, _) => {
            let define = Command::Define { service: service.clone(), content, reason: why };
            (Action::Define, vec![define])
        }
        (Some(_), false, true) => (Action::Unchanged, vec![]),
        (Some(_), false, false) => (Action::Amend, vec![amend(before.version)]),
        (Some(_), true, unchanged) => {
            let back = Command::Reinstate { expected: before.version, reason: reason_or_file(reason) };
            let after = (!unchanged).then(|| amend(before.version.next()));
            (Action::Reinstate, [back].into_iter().chain(after).collect())
        }
    };
    Step { service, action, changes, commands }
}

fn retire(service: ServiceName, before: &Definition, reason: Option<&str>) -> Step {
    let expected: AggregateVersion = before.version;
    let commands = vec![Command::Retire { expected, reason: reason_or_file(reason) }];
    Step { service, action: Action::Retire, changes: vec![], commands }
}

/// These are never recorded without a reason.
fn reason_or_file(reason: Option<&str>) -> String {
    reason.unwrap_or("applied from a file").to_owned()
}

/// Every field, so that what the file does not say is taken away.
fn whole(content: Content) -> Change {
    Change {
        owner: Some(content.owner),
        description: Some(content.description),
        version: Some(content.version),
        min_instances: Some(content.min_instances),
        max_instances: Some(content.max_instances),
        p99_limit_ms: Some(content.p99_limit_ms),
        error_limit_percent: Some(content.error_limit_percent),
        failover: Some(content.failover),
        registration: Some(content.registration),
        labels: Some(content.labels),
    }
}

/// What the domain would say to the commands, one after the other.
fn refusal(step: &Step, standing: &BTreeMap<ServiceName, Definition>) -> Option<Refused> {
    let mut state = standing.get(&step.service).cloned().unwrap_or_default();
    for command in &step.commands {
        match state.decide(command.clone()) {
            Ok(events) => events.iter().for_each(|event| state.evolve(event)),
            Err(rejection) => return Some(Refused { service: step.service.clone(), rejection }),
        }
    }
    None
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
