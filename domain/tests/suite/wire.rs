//! The wire: what is written is read back as it was, junk is refused without a panic, and no byte of
//! an event changes unnoticed.

use std::collections::BTreeMap;

use aegis_domain::aggregate::instance::InstanceEvent;
use aegis_domain::event::CATALOGUE;
use aegis_domain::wire::chain::Hash;
use aegis_domain::wire::header::ce;
use aegis_domain::wire::subject::{self, LeaseKey};
use aegis_domain::wire::{DecodeError, Encoded, Namespace};
use aegis_domain::{Actor, AggregateId, Envelope};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{sample, strategy};

const HEADERS: [&str; 11] = [
    ce::SPECVERSION,
    ce::ID,
    ce::TYPE,
    ce::SOURCE,
    ce::TIME,
    ce::VERSION,
    ce::ACTOR,
    ce::CORRELATION,
    ce::CAUSATION,
    ce::TRACEPARENT,
    ce::PREVIOUS,
];

fn namespace() -> Namespace {
    Namespace::default()
}

/// The headers as a NATS client hands them on: without blanks around the values.
fn received(encoded: &Encoded) -> BTreeMap<&'static str, String> {
    encoded.headers.iter().map(|(name, value)| (*name, value.trim().to_owned())).collect()
}

fn decode(
    subject: &str,
    headers: &BTreeMap<&'static str, String>,
    body: &[u8],
) -> Result<Envelope, DecodeError> {
    Envelope::decode(&namespace(), subject, |name| headers.get(name).map(String::as_str), body)
}

fn hash(subject: &str, headers: &BTreeMap<&'static str, String>, body: &[u8]) -> Hash {
    Hash::of(subject, headers.iter().map(|(name, value)| (*name, value.as_str())), body)
}

/// Headers are lines, so text in them is one: a reader finds it without control characters and without
/// blanks at its ends.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

proptest! {
    #[test]
    fn every_aggregate_has_a_subject_that_names_it(
        id in strategy::aggregate(), prefix in "[a-z][a-z0-9_]{0,31}", other in "[a-z][a-z0-9_]{0,31}",
    ) {
        let namespace = Namespace::new(&prefix).unwrap();
        let subject = namespace.event_subject(&id);
        prop_assert_eq!(namespace.parse_event_subject(&subject), Some(id));
        if other != prefix {
            prop_assert_eq!(Namespace::new(&other).unwrap().parse_event_subject(&subject), None);
        }
    }

    #[test]
    fn keys_and_heartbeat_subjects_name_their_instance(
        service in strategy::service(), instance in strategy::instance_name(), group in strategy::group(),
    ) {
        let both = Some((service.clone(), instance.clone()));
        let heartbeat = namespace().heartbeat_subject(&service, &instance);
        prop_assert_eq!(namespace().parse_heartbeat_subject(&heartbeat), both.clone());
        prop_assert_eq!(subject::parse_instance_key(&subject::instance_key(&service, &instance)), both);
        let pauses = [LeaseKey::Pause(service.clone(), Some(group.clone())), LeaseKey::Pause(service.clone(), None)];
        let keys = [LeaseKey::Session(service.clone(), instance), LeaseKey::Owner(service, group)];
        for key in keys.into_iter().chain(pauses) {
            prop_assert_eq!(LeaseKey::parse(&key.to_string()), Some(key));
        }
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in any::<String>(), tail in "[a-z.*> ]{0,30}") {
        for subject in [text, format!("aegis.event.{tail}"), format!("aegis.heartbeat.{tail}"), tail] {
            let id = namespace().parse_event_subject(&subject);
            prop_assert!(id.is_none_or(|id| namespace().event_subject(&id) == subject));
            let _none = namespace().parse_heartbeat_subject(&subject);
            let _none = (subject::parse_instance_key(&subject), LeaseKey::parse(&subject), subject::method_of(&subject));
        }
    }

    #[test]
    fn what_is_written_is_read_back(envelope in strategy::envelope()) {
        let encoded = envelope.encode(&namespace()).unwrap();
        let headers = received(&encoded);
        prop_assert!(encoded.headers.iter().all(|(_, value)| !value.contains(char::is_control)));
        prop_assert_eq!(hash(&encoded.subject, &headers, &encoded.body), encoded.hash, "a reader finds another hash");
        let mut expected = envelope;
        expected.context.actor = Actor::from_wire(&one_line(expected.context.actor.as_str()));
        for text in [
            &mut expected.context.correlation,
            &mut expected.context.causation,
            &mut expected.context.traceparent,
        ] {
            *text = text.as_deref().map(one_line);
        }
        prop_assert_eq!(decode(&encoded.subject, &headers, &encoded.body), Ok(expected));
    }

    #[test]
    fn an_event_that_was_read_is_written_as_it_stood(envelope in strategy::envelope()) {
        let first = envelope.encode(&namespace()).unwrap();
        let read = decode(&first.subject, &received(&first), &first.body).unwrap();
        prop_assert_eq!(read.encode(&namespace()).unwrap(), first);
    }

    #[test]
    fn a_number_in_a_configuration_is_read_back_to_the_last_bit(figure in prop::num::f64::NORMAL) {
        let configuration = serde_json::json!({ "figure": figure });
        let mut envelope = sample::envelopes().swap_remove(6);
        envelope.event = InstanceEvent::ConfigurationReported { configuration, sources: BTreeMap::new() }.into();
        let encoded = envelope.encode(&namespace()).unwrap();
        prop_assert_eq!(decode(&encoded.subject, &received(&encoded), &encoded.body), Ok(envelope));
    }

    #[test]
    fn junk_is_refused_without_a_panic(
        id in strategy::aggregate(),
        event_type in select(CATALOGUE.map(|entry| entry.event_type()).to_vec()),
        junk in btree_map(select(HEADERS.to_vec()), any::<String>(), 0..HEADERS.len()),
        kept in any::<u16>(),
        body in any::<Vec<u8>>(),
    ) {
        // Some headers stay good, so that decoding gets as far as it can.
        let encoded = sample::envelopes()[0].encode(&namespace()).unwrap();
        let mut headers = received(&encoded);
        headers.insert(ce::TYPE, event_type);
        headers.extend(junk.into_iter().filter(|(name, _)| {
            HEADERS.iter().position(|known| known == name).is_some_and(|index| kept & (1 << index) == 0)
        }));
        for subject in [namespace().event_subject(&id), encoded.subject, "junk".to_owned()] {
            let _refused = decode(&subject, &headers, &body);
        }
    }

    #[test]
    fn a_changed_body_or_header_changes_the_hash(
        envelope in strategy::envelope(), at in any::<Index>(), flip in 1..=255_u8, put in "[a-z ]{1}",
    ) {
        let encoded = envelope.encode(&namespace()).unwrap();
        let headers = received(&encoded);
        let mut body = encoded.body.clone();
        if !body.is_empty() {
            body[at.index(encoded.body.len())] ^= flip;
            prop_assert_ne!(hash(&encoded.subject, &headers, &body), encoded.hash);
        }
        let chained: Vec<_> = headers.keys().filter(|name| name.starts_with("ce-")).copied().collect();
        let name = chained[at.index(chained.len())];
        let mut changed = headers.clone();
        changed.entry(name).and_modify(|value| value.push_str(&put));
        prop_assert_ne!(hash(&encoded.subject, &changed, &encoded.body), encoded.hash, "{} was lengthened", name);
        changed.remove(name);
        prop_assert_ne!(hash(&encoded.subject, &changed, &encoded.body), encoded.hash, "{} was removed", name);
        prop_assert_ne!(hash(&format!("{}x", encoded.subject), &headers, &encoded.body), encoded.hash);
    }
}

#[test]
fn each_defect_of_a_message_has_its_own_refusal() {
    let encoded = sample::envelopes()[0].encode(&namespace()).unwrap();
    let with = |name, value: &str| {
        let mut headers = received(&encoded);
        headers.insert(name, value.to_owned());
        decode(&encoded.subject, &headers, &encoded.body).unwrap_err()
    };
    let typed = str::to_owned;
    let aggregate = sample::envelopes()[0].aggregate.to_string();
    let misplaced = typed("aegis.instance.registered.v1");
    let newer = typed("aegis.definition.defined.v2");
    let unknown = typed("aegis.definition.exploded.v1");
    assert_eq!(with(ce::TYPE, &misplaced), DecodeError::Misplaced { event_type: misplaced, aggregate });
    assert_eq!(with(ce::TYPE, &newer), DecodeError::FutureVersion { event_type: newer });
    assert_eq!(with(ce::TYPE, &unknown), DecodeError::UnknownType { event_type: unknown });
    for name in [ce::TIME, ce::VERSION, ce::PREVIOUS] {
        assert_eq!(with(name, "junk"), DecodeError::Header { name });
    }
    for name in [ce::ID, ce::TYPE, ce::TIME, ce::VERSION, ce::ACTOR, ce::PREVIOUS] {
        let mut headers = received(&encoded);
        headers.remove(name);
        assert_eq!(decode(&encoded.subject, &headers, &encoded.body), Err(DecodeError::Header { name }));
    }
    let headers = received(&encoded);
    for body in ["", "{}", "[]", "null", "{\"owner\":1}"] {
        let refusal = decode(&encoded.subject, &headers, body.as_bytes());
        assert!(matches!(refusal, Err(DecodeError::Body { .. })), "{body}: {refusal:?}");
    }
    let foreign =
        namespace().event_subject(&AggregateId::Definition(sample::service())).replace("aegis", "other");
    assert_eq!(decode(&foreign, &headers, &encoded.body), Err(DecodeError::Subject { subject: foreign }));
}
