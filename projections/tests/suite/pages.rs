//! Pages of the event index, in both directions and under every filter.

use std::sync::Arc;

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::Command;
use aegis_domain::{AggregateId, AggregateKind, Sequence};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window, Without};
use aegis_projections::view::EventView;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::json;
use tempfile::TempDir;

use crate::log::{Log, any_log, instance, registration, service};
use crate::store::{recorded_at, restored, views};

/// A store with the events of several logs' length, and what should be in it.
async fn store() -> (TempDir, Store, Vec<EventView>) {
    let mut runner = TestRunner::deterministic();
    let log = std::iter::repeat_with(|| any_log().new_tree(&mut runner).unwrap().current())
        .find(|log| log.events.len() >= 25)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut opened = restored(&folder.path().join("p.sqlite")).await;
    opened.record(&log.events).await;
    (folder, opened.store, views(&log.events))
}

pub(crate) fn filters() -> Vec<EventFilter> {
    let none = EventFilter::default;
    let service = || Some("echo".to_owned());
    let at = |sequence| recorded_at(Sequence(sequence));
    vec![
        none(),
        EventFilter { kinds: vec![AggregateKind::Instance], ..none() },
        EventFilter { kinds: vec![AggregateKind::Definition, AggregateKind::Leadership], ..none() },
        EventFilter { types: vec!["aegis.instance.registered.v1".into()], ..none() },
        EventFilter {
            types: vec!["aegis.instance.registered.v1".into(), "aegis.definition.defined.v1".into()],
            ..none()
        },
        EventFilter { service: service(), ..none() },
        EventFilter { aggregate: Some("instance.echo.echo-1".into()), ..none() },
        EventFilter { kinds: vec![AggregateKind::Installation], ..none() },
        EventFilter { actor: Some("user:alice".into()), ..none() },
        EventFilter { correlation: Some("request-4".into()), ..none() },
        EventFilter { from_time: Some(at(10)), ..none() },
        EventFilter { to_time: Some(at(10)), ..none() },
        EventFilter { from_time: Some(at(5)), to_time: Some(at(9)), service: service(), ..none() },
        EventFilter { text: Some("OWNS".into()), ..none() },
        EventFilter { text: Some("status_changed".into()), ..none() },
        EventFilter { text: Some("echo-1".into()), ..none() },
        EventFilter {
            kinds: vec![AggregateKind::Instance],
            service: service(),
            text: Some("registered".into()),
            ..none()
        },
        EventFilter { actor_prefix: Some("user:al".into()), ..none() },
        without(Without { kinds: vec![AggregateKind::Instance], ..Without::default() }),
        without(Without { types: vec!["aegis.instance.registered.v1".into()], ..Without::default() }),
        without(Without { services: vec!["echo".into(), "nobody".into()], ..Without::default() }),
        without(Without { actors: vec!["user:alice".into()], ..Without::default() }),
        EventFilter { service: Some("nobody".into()), ..none() },
    ]
}

fn without(without: Without) -> EventFilter {
    EventFilter { without, ..EventFilter::default() }
}

/// The filter again, in other words.
fn passes(filter: &EventFilter, event: &EventView) -> bool {
    let all = format!("{} {} {}", event.summary, event.event_type, event.aggregate).to_lowercase();
    (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
        && (filter.types.is_empty() || filter.types.contains(&event.event_type))
        && filter.service.as_ref().is_none_or(|service| Some(service) == event.service.as_ref())
        && filter.aggregate.as_ref().is_none_or(|aggregate| aggregate == &event.aggregate)
        && filter.actor.as_ref().is_none_or(|actor| actor == &event.actor)
        && filter
            .correlation
            .as_ref()
            .is_none_or(|correlation| Some(correlation) == event.correlation.as_ref())
        && filter
            .actor_prefix
            .as_ref()
            .is_none_or(|prefix| event.actor.strip_prefix(prefix.as_str()).is_some())
        && filter.without.kinds.iter().all(|kind| *kind != event.kind)
        && filter.without.types.iter().all(|ty| *ty != event.event_type)
        && filter.without.services.iter().all(|service| Some(service) != event.service.as_ref())
        && filter.without.actors.iter().all(|actor| *actor != event.actor)
        && filter.from_time.is_none_or(|from| event.recorded_at >= from)
        && filter.to_time.is_none_or(|to| event.recorded_at < to)
        && filter.text.as_ref().is_none_or(|text| all.contains(&text.to_lowercase()))
}

#[tokio::test]
async fn forward_pages_hold_every_event_that_passes_once() {
    let (_folder, store, all) = store().await;
    for filter in filters() {
        let expected: Vec<_> =
            all.iter().filter(|event| passes(&filter, event)).cloned().map(Arc::new).collect();
        let (mut found, mut after) = (Vec::new(), Sequence::ZERO);
        loop {
            let page = store.events(&filter, Window::First { count: 3, after }).await.unwrap();
            assert_eq!(page.as_of, Sequence(all.len() as u64));
            assert_eq!(page.more, found.len() + page.events.len() < expected.len(), "{filter:?}");
            let Some(last) = page.events.last() else { break };
            after = last.sequence;
            found.extend(page.events);
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn backward_pages_hold_the_same_events_each_in_order() {
    let (_folder, store, all) = store().await;
    for filter in filters() {
        let expected: Vec<_> =
            all.iter().filter(|event| passes(&filter, event)).cloned().map(Arc::new).collect();
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = store.events(&filter, Window::Last { count: 3, before }).await.unwrap();
            assert_eq!(page.more, found.len() + page.events.len() < expected.len(), "{filter:?}");
            let Some(first) = page.events.first() else { break };
            before = Some(first.sequence);
            found = [page.events, found].concat();
        }
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn the_filters_of_this_test_each_pass_some_events_and_not_all() {
    let (_folder, _store, all) = store().await;
    let counts: Vec<_> =
        filters().iter().map(|filter| all.iter().filter(|event| passes(filter, event)).count()).collect();
    let (first, last) = (counts[0], counts[counts.len() - 1]);
    assert_eq!((first, last), (all.len(), 0));
    assert!(counts[1..counts.len() - 1].iter().all(|count| (1..all.len()).contains(count)), "{counts:?}");
}

#[tokio::test]
async fn signs_that_mean_something_to_sqlite_stand_for_themselves() {
    let (_folder, store, all) = store().await;
    let found = async |text: &str| {
        let filter = EventFilter { text: Some(text.into()), ..EventFilter::default() };
        store.events(&filter, Window::Last { count: 100, before: None }).await.unwrap().events.len()
    };
    for text in ["%", "\\", "echo-_", "status.changed", "'", "\" OR 1=1 --"] {
        assert_eq!(found(text).await, 0, "{text}");
    }
    assert_eq!(found("_").await, all.iter().filter(|event| event.event_type.contains('_')).count());
}

#[tokio::test]
async fn an_empty_page_is_a_page() {
    let (_folder, store, all) = store().await;
    let end = Sequence(all.len() as u64);
    for window in [
        Window::First { count: 3, after: end },
        Window::First { count: 3, after: Sequence(u64::MAX) },
        Window::First { count: 0, after: end },
        Window::Last { count: 3, before: Some(Sequence(1)) },
        Window::Last { count: 3, before: Some(Sequence::ZERO) },
    ] {
        let page = store.events(&EventFilter::default(), window).await.unwrap();
        assert_eq!((page.events.len(), page.more, page.as_of), (0, false, end), "{window:?}");
    }
    let page = store.events(&EventFilter::default(), Window::First { count: 0, after: Sequence::ZERO }).await;
    assert!(page.unwrap().more);
}

#[tokio::test]
async fn a_page_of_large_events_ends_early_and_says_that_there_are_more() {
    let mut log = Log::default();
    let id = AggregateId::Instance(service("echo"), instance("echo-1"));
    log.execute::<Instance>(&id, Command::Register(registration()));
    for n in 0..20 {
        let configuration = json!({ "n": n, "text": "x".repeat(500_000) });
        log.execute::<Instance>(&id, Command::ReportConfiguration(configuration.into()));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut opened = restored(&folder.path().join("p.sqlite")).await;
    opened.record(&log.events).await;
    let all = views(&log.events);
    let (mut seen, mut after) = (vec![], Sequence::ZERO);
    loop {
        let window = Window::First { count: 1_000, after };
        let page = opened.store.events(&EventFilter::default(), window).await.unwrap();
        assert!(!page.events.is_empty() && page.events.len() < 12, "{} events", page.events.len());
        after = page.events.last().unwrap().sequence;
        seen.extend(page.events.into_iter().map(Arc::unwrap_or_clone));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, all);
}
