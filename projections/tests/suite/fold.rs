//! The fold: pure, total, and the same whichever way the log comes in.

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::aggregate::{Definition, Installation, Instance, Leadership};
use aegis_domain::{AggregateId, Event, Sequence};
use aegis_projections::State;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::log::{any_log, fold};

proptest! {
    #[test]
    fn what_comes_again_changes_nothing(log in any_log(), again in proptest::collection::vec(any::<[Index; 2]>(), 0..6)) {
        let mut state = log.state();
        let expected = state.clone();
        if !log.events.is_empty() {
            for [from, to] in again {
                let (from, to) = (from.index(log.events.len()), to.index(log.events.len()));
                for recorded in log.events.get(from..=to).unwrap_or_default() {
                    state.apply(recorded);
                }
            }
        }
        prop_assert_eq!(state, expected);
    }

    #[test]
    fn a_repeated_stretch_in_the_middle_changes_nothing(log in any_log(), at in any::<Index>(), back in 1..20_usize) {
        let at = if log.events.is_empty() { 0 } else { at.index(log.events.len()) };
        let (before, after) = log.events.split_at(at);
        let repeated = &before[before.len().saturating_sub(back)..];
        prop_assert_eq!(fold(before.iter().chain(repeated).chain(after)), log.state());
    }

    #[test]
    fn every_event_is_taken_in_every_state(log in any_log(), order in any::<u64>()) {
        // The events in any order: none fits what was before it.
        let mut shuffled = log.events.clone();
        shuffled.sort_by_key(|recorded| (recorded.sequence.get() + 1).wrapping_mul(order | 1));
        let mut state = State::default();
        for (recorded, sequence) in shuffled.iter_mut().zip(1..) {
            recorded.sequence = Sequence(sequence);
            state.apply(&*recorded);
        }
        prop_assert_eq!(state.position, Sequence(log.events.len() as u64));
        let text = state.canonical().unwrap();
        prop_assert_eq!(State::from_canonical(&text).unwrap(), state);
    }

    #[test]
    fn each_view_holds_what_its_aggregate_holds(log in any_log()) {
        let state = log.state();
        prop_assert_eq!(state.position, Sequence(log.events.len() as u64));
        for ((service, name), view) in &state.instances {
            let id = AggregateId::Instance(service.clone(), name.clone());
            prop_assert_eq!(&view.state, &log.load::<Instance>(&id));
            prop_assert_eq!(view.status.is_final(), !view.state.is_alive());
        }
        for ((service, group), view) in &state.leaders {
            let leadership = log.load::<Leadership>(&AggregateId::Leadership(service.clone(), group.clone()));
            prop_assert_eq!((&view.instance, view.term), (&leadership.holder, leadership.term));
        }
        for (service, view) in &state.definitions {
            let definition = log.load::<Definition>(&AggregateId::Definition(service.clone()));
            prop_assert_eq!(view.revision, definition.version.get());
            prop_assert_eq!((Some(&view.content), view.retired), (definition.content.as_ref(), definition.retired));
            prop_assert_eq!(state.is_defined(service), definition.active().is_some());
        }
        let installation = log.load::<Installation>(&AggregateId::Installation);
        prop_assert_eq!(state.installation.self_preservation.is_some(), installation.self_preservation);
        let mut seen = std::collections::BTreeSet::new();
        for recorded in &log.events {
            let id = &recorded.envelope.aggregate;
            match &recorded.envelope.event {
                Event::Instance(InstanceEvent::Forgotten { .. }) => _ = seen.remove(id),
                Event::Instance(_) | Event::Definition(_) | Event::Leadership(_) | Event::Installation(_) => _ = seen.insert(id),
            }
        }
        let installations = usize::from(seen.contains(&AggregateId::Installation));
        prop_assert_eq!(seen.len() - installations, state.instances.len() + state.leaders.len() + state.definitions.len());
    }
}
