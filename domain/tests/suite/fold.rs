//! The aggregates under any events and any commands.

use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_domain::aggregate::instance::{InstanceEvent, Liveness, Status};
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::aggregate::plan::{Planned, SwitchoverCancel, SwitchoverEnd};
use aegis_domain::aggregate::{Definition, Installation, Instance, Leadership};
use aegis_domain::{Aggregate, AggregateVersion, Term};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategy;

/// Carries the commands out, one after the other, as far as they are allowed: each event with the
/// state before and after it.
fn live<A: Aggregate>(commands: Vec<A::Command>) -> Vec<(A, A::Event, A)> {
    let mut state = A::default();
    let mut steps = Vec::new();
    for command in commands {
        for event in state.decide(command).unwrap_or_default() {
            let before = state.clone();
            state.evolve(&event);
            steps.push((before, event, state.clone()));
        }
    }
    steps
}

proptest! {
    #[test]
    fn every_definition_event_is_folded_in_every_state(events in vec(strategy::definition_event(), 0..12)) {
        prop_assert_eq!(Definition::replay(&events).version, AggregateVersion(events.len() as u64));
    }

    #[test]
    fn every_instance_event_is_folded_in_every_state(events in vec(strategy::instance_event(), 0..12)) {
        let turns = |event: &&InstanceEvent| {
            matches!(event, InstanceEvent::Registered(_) | InstanceEvent::Forgotten { .. })
        };
        let last = events.iter().rev().find(turns);
        let registered = matches!(last, Some(InstanceEvent::Registered(_)));
        prop_assert_eq!(Instance::replay(&events).registration.is_some(), registered);
    }

    #[test]
    fn every_leadership_event_is_folded_in_every_state(events in vec(strategy::leadership_event(), 0..12)) {
        let state = Leadership::replay(&events);
        prop_assert!(state.holder.is_none() || state.holder == state.last);
    }

    #[test]
    fn a_definition_in_use_is_valid_and_each_amendment_changes_it(
        commands in vec(strategy::definition_command(), 0..40),
    ) {
        for (before, event, after) in live::<Definition>(commands) {
            prop_assert_eq!(after.version, before.version.next());
            match event {
                DefinitionEvent::Defined { .. } => prop_assert!(before.active().is_none()),
                DefinitionEvent::Amended { content, .. } => {
                    prop_assert_ne!(before.active(), Some(&content));
                    prop_assert!(before.active().is_some());
                }
                DefinitionEvent::Retired { .. } => {
                    prop_assert!(before.active().is_some() && after.active().is_none());
                }
                DefinitionEvent::Reinstated { .. } => {
                    prop_assert!(before.retired && after.active() == before.content.as_ref());
                }
            }
            if let Some(content) = after.active() {
                let range = content.min_instances.zip(content.max_instances);
                prop_assert!(!content.owner.trim().is_empty() && range.is_none_or(|(min, max)| min <= max));
            }
        }
    }

    #[test]
    fn within_one_life_an_instance_only_goes_forward(commands in vec(strategy::instance_command(), 0..60)) {
        for (before, event, after) in live::<Instance>(commands) {
            match event {
                InstanceEvent::Registered(_) => {
                    prop_assert!(after.is_alive());
                    prop_assert_eq!(after.status, Status::Starting);
                    continue;
                }
                InstanceEvent::StatusChanged { from, to, .. } => {
                    prop_assert_eq!((from, to), (before.status, after.status));
                    prop_assert!(after.status > before.status || after.status == Status::Failed);
                }
                InstanceEvent::Conflicted { life } => prop_assert_eq!(after.conflict, Some(life)),
                InstanceEvent::ConflictEnded {} => prop_assert_eq!(after.conflict, None),
                InstanceEvent::Deregistered { .. } => prop_assert_eq!(after.status, Status::Stopped),
                InstanceEvent::Unhealthy { .. } => prop_assert_eq!(before.liveness, Liveness::Alive),
                InstanceEvent::Recovered {} => prop_assert_eq!(before.liveness, Liveness::Unhealthy),
                InstanceEvent::ConfigurationReported { configuration, sources } => {
                    let before = (before.configuration.as_ref(), &before.configuration_sources);
                    prop_assert_ne!(before, (Some(&configuration), &sources));
                }
                InstanceEvent::DrainRequested { .. } => prop_assert!(!before.drain_requested),
                InstanceEvent::Expired { .. } => prop_assert!(!after.is_alive()),
                InstanceEvent::Forgotten { .. } => {
                    prop_assert!(!before.is_alive());
                    prop_assert_eq!(after, Instance::default());
                    continue;
                }
            }
            prop_assert!(before.is_alive(), "something was recorded of an instance without a life");
        }
    }

    #[test]
    fn terms_only_grow_and_a_lost_or_resigned_owner_owns_nothing(
        commands in vec(strategy::leadership_command(), 0..40),
    ) {
        let mut last = Term::ZERO;
        for (before, event, after) in live::<Leadership>(commands) {
            match event {
                LeadershipEvent::LeaderElected { term, instance, previous, .. } => {
                    prop_assert!(term > last, "term {} after term {}", term, last);
                    prop_assert!(before.holder.is_none(), "an owner was neither lost nor resigned");
                    prop_assert_eq!(&previous, &before.last);
                    prop_assert_eq!((after.term, after.holder), (term, Some(instance)));
                    last = term;
                }
                LeadershipEvent::LeaderResigned { term, instance, .. } | LeadershipEvent::LeaderLost { term, instance } => {
                    prop_assert_eq!((term, Some(instance)), (before.term, before.holder));
                    prop_assert_eq!((after.term, after.holder), (last, None));
                }
                LeadershipEvent::StepDownRequested { term, .. } => {
                    prop_assert_eq!(Some(term), before.holder.as_ref().map(|_| before.term));
                    prop_assert_eq!(after, before);
                }
            }
        }
    }

    #[test]
    fn every_installation_event_is_folded_in_every_state(events in vec(strategy::installation_event(), 0..12)) {
        let entered = events.iter().rev().find_map(|event| match event {
            InstallationEvent::SelfPreservationEntered { .. } => Some(true),
            InstallationEvent::SelfPreservationLeft {} => Some(false),
            InstallationEvent::DeadLetterRedriven(_)
            | InstallationEvent::DeadLetterDiscarded(_)
            | InstallationEvent::ConsumerDeleted(_)
            | InstallationEvent::MaintenanceBegun(_)
            | InstallationEvent::MaintenanceEnded(_)
            | InstallationEvent::SwitchoverScheduled(_)
            | InstallationEvent::SwitchoverCancelled(_)
            | InstallationEvent::SwitchoverBegun(_)
            | InstallationEvent::SwitchoverEnded(_) => None,
        });
        prop_assert_eq!(Installation::replay(&events).self_preservation, entered == Some(true));
    }

    #[test]
    fn self_preservation_is_entered_and_left_by_turns(commands in vec(strategy::installation_command(), 0..20)) {
        for (before, event, after) in live::<Installation>(commands) {
            let around = (before.self_preservation, after.self_preservation);
            match event {
                InstallationEvent::SelfPreservationEntered { .. } => prop_assert_eq!(around, (false, true)),
                InstallationEvent::SelfPreservationLeft {} => prop_assert_eq!(around, (true, false)),
                InstallationEvent::DeadLetterRedriven(letter) | InstallationEvent::DeadLetterDiscarded(letter) => {
                    prop_assert!(!before.decided.contains_key(&letter.sequence), "decided on twice");
                }
                InstallationEvent::ConsumerDeleted(_) => prop_assert_eq!(&before, &after),
                InstallationEvent::MaintenanceBegun(maintenance) => {
                    prop_assert!(after.plans.maintenances.contains(&maintenance));
                }
                InstallationEvent::MaintenanceEnded(end) => {
                    let has = |state: &Installation| state.plans.maintenances.iter().any(|it| it.scope == end.scope);
                    prop_assert!(has(&before) && !has(&after));
                }
                InstallationEvent::SwitchoverScheduled(switchover) => {
                    let planned = after.plans.planned(&switchover.service, &switchover.group).cloned();
                    prop_assert_eq!(planned, Some(Planned { switchover, begun: None }));
                }
                InstallationEvent::SwitchoverBegun(begin) => {
                    let begun = |state: &Installation| state.plans.planned(&begin.service, &begin.group).map(|it| it.begun);
                    prop_assert_eq!(begun(&before), Some(None), "two replicas do the same");
                    prop_assert_eq!(begun(&after), Some(Some(begin.at)));
                }
                InstallationEvent::SwitchoverCancelled(SwitchoverCancel { service, group, .. })
                | InstallationEvent::SwitchoverEnded(SwitchoverEnd { service, group, .. }) => {
                    let has = |state: &Installation| state.plans.planned(&service, &group).is_some();
                    prop_assert!(has(&before) && !has(&after));
                }
            }
        }
    }
}
