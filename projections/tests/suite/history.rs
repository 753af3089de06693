//! The history of a definition: every version, and what is different from the one before.

use aegis_domain::AggregateId;
use aegis_domain::aggregate::definition::{Content, DefinitionEvent};
use aegis_domain::aggregate::policy::{FailoverPolicy, RegistrationPolicy};
use aegis_projections::view::EventView;
use aegis_projections::view::history::{Action, Entry, FieldChange, diff, history};
use proptest::prelude::*;

use crate::log::{Log, any_log, content, service, time};

fn change(field: &str, before: Option<&str>, after: Option<&str>) -> FieldChange {
    let text = |text: Option<&str>| text.map(str::to_owned);
    FieldChange { field: field.to_owned(), before: text(before), after: text(after) }
}

fn labelled(pairs: &[(&str, &str)]) -> Content {
    let labels = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Content { labels, ..content("desk") }
}

#[test]
fn every_field_that_differs_is_named_with_both_its_values_and_no_other() {
    let before = Content { max_instances: Some(4), ..labelled(&[("desk", "rates"), ("tier", "1")]) };
    let after = Content {
        owner: "night".into(),
        min_instances: None,
        max_instances: Some(5),
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: Some(FailoverPolicy::Custom { lease_ms: 500 }),
        registration: RegistrationPolicy::Enforce,
        ..labelled(&[("desk", "equities"), ("region", "eu")])
    };
    assert_eq!(
        diff(Some(&before), &after),
        [
            change("owner", Some("desk"), Some("night")),
            change("minInstances", Some("1"), None),
            change("maxInstances", Some("4"), Some("5")),
            change("failover", None, Some("custom, lease 500 ms")),
            change("registration", Some("warn"), Some("enforce")),
            change("labels.desk", Some("rates"), Some("equities")),
            change("labels.region", None, Some("eu")),
            change("labels.tier", Some("1"), None),
        ]
    );
    assert_eq!(diff(Some(&after), &after), []);
}

#[test]
fn each_version_tells_who_when_why_and_what() {
    let id = AggregateId::Definition(service("echo"));
    let mut log = Log::default();
    let reason = || Some("new desk".to_owned());
    log.record(&id, DefinitionEvent::Defined { content: content("a"), reason: None }.into());
    log.record(&id, DefinitionEvent::Amended { content: content("b"), reason: reason() }.into());
    log.record(&id, DefinitionEvent::Retired { reason: "replaced".into() }.into());
    log.record(&id, DefinitionEvent::Reinstated { reason: "sorry".into() }.into());
    log.record(&id, DefinitionEvent::Retired { reason: "really".into() }.into());
    log.record(&id, DefinitionEvent::Defined { content: content("c"), reason: None }.into());
    let found = history(log.events.iter().filter_map(Entry::recorded));
    let actions: Vec<_> = found.iter().map(|revision| revision.action).collect();
    let expected = [
        Action::Defined,
        Action::Amended,
        Action::Retired,
        Action::Reinstated,
        Action::Retired,
        Action::Defined,
    ];
    assert_eq!(actions, expected);
    assert_eq!(found[0].changes[0], change("owner", None, Some("a")));
    assert_eq!(found[0].changes.last(), Some(&change("status", None, Some("active"))));
    let second = &found[1];
    assert_eq!((second.revision, second.sequence.get(), second.at), (2, 2, time(2)));
    assert_eq!((second.by.as_str(), second.reason.as_deref()), ("user:alice", Some("new desk")));
    assert_eq!(second.changes, [change("owner", Some("a"), Some("b"))]);
    assert_eq!(found[2].reason.as_deref(), Some("replaced"));
    assert_eq!(found[2].changes, [change("status", Some("active"), Some("retired"))]);
    assert_eq!(found[3].changes, [change("status", Some("retired"), Some("active"))]);
    let anew = [change("owner", Some("b"), Some("c")), change("status", Some("retired"), Some("active"))];
    assert_eq!(found[5].changes, anew);
}

proptest! {
    #[test]
    fn the_last_version_is_the_one_that_stands(log in any_log()) {
        for (service, view) in &log.state().definitions {
            let id = AggregateId::Definition(service.clone());
            let mine = log.events.iter().filter(|recorded| recorded.envelope.aggregate == id);
            let events: Vec<_> = mine.cloned().collect();
            let found = history(events.iter().filter_map(Entry::recorded));
            prop_assert_eq!(found.len(), events.len());
            let indexed = events.iter().map(|event| EventView::of(event, event.envelope.context.time));
            let indexed: Vec<_> = indexed.collect();
            prop_assert_eq!(history(indexed.iter().filter_map(Entry::indexed)), found.clone());
            let last = found.last().unwrap();
            prop_assert_eq!((last.revision, last.sequence), (view.revision, view.sequence));
            prop_assert_eq!(&last.by, &view.updated_by);
            prop_assert!(found.iter().all(|revision| !revision.changes.is_empty()), "{:?}", found);
        }
    }
}
