//! Messages of the log that are no events: put aside once, with the reason, and passed.

use aegis_domain::wire::header::{self, ce};
use aegis_domain::wire::{Encoded, Namespace};
use aegis_projections::engine::ProblemCode;
use aegis_testkit::wait_until;
use async_nats::jetstream::message::StreamMessage;

use crate::installation::{Installation, encode};
use crate::log::{Log, content, group, instance, registration, service};

use aegis_domain::AggregateId;
use aegis_domain::aggregate::definition::DefinitionEvent;
use aegis_domain::aggregate::instance::InstanceEvent;

/// Two good events.
fn good() -> Log {
    let mut log = Log::default();
    let member = AggregateId::Instance(service("echo"), instance("echo-1"));
    log.record(&member, InstanceEvent::Registered(registration()).into());
    log.record(
        &AggregateId::Definition(service("echo")),
        DefinitionEvent::Defined { content: content("desk"), reason: None }.into(),
    );
    log
}

/// A good event on the subject of an aggregate of its own, spoilt.
fn spoilt(spoil: impl FnOnce(&mut Encoded)) -> Encoded {
    let mut log = Log::default();
    let member = AggregateId::Instance(service("spoilt"), instance("spoilt-1"));
    let mut message = encode(&log.record(&member, InstanceEvent::Recovered {}.into()).events[0]);
    spoil(&mut message);
    message
}

fn with_type(event_type: &str) -> Encoded {
    spoilt(|message| {
        let found = message.headers.iter_mut().find(|(name, _)| *name == ce::TYPE);
        event_type.clone_into(&mut found.unwrap().1);
    })
}

/// What is no event, and what the dead letter says of it.
fn bad() -> Vec<(Encoded, &'static str)> {
    let leadership = AggregateId::Leadership(service("spoilt"), group("ACC-1"));
    vec![
        (spoilt(|message| message.body = b"junk\xff".to_vec()), "the body does not fit the event type"),
        (spoilt(|message| message.headers.clear()), "the header ce-type is missing or malformed"),
        (
            spoilt(|message| message.headers.retain(|(name, _)| *name != ce::TIME)),
            "the header ce-time is missing",
        ),
        (with_type("aegis.instance.exploded.v1"), "is unknown"),
        (with_type("aegis.instance.registered.v2"), "is newer than this program"),
        (with_type("aegis.definition.retired.v1"), "does not belong to the aggregate"),
        (
            spoilt(|message| message.subject = Namespace::default().event_subject(&leadership)),
            "does not belong to the aggregate",
        ),
        (spoilt(|message| message.subject = "aegis.event.nothing.at.all".into()), "names no aggregate"),
    ]
}

async fn dead_letters(installation: &Installation) -> Vec<StreamMessage> {
    let name = Namespace::default().dead_letters_stream();
    let stream = installation.connection.jetstream().get_stream(name).await.unwrap();
    let mut letters = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        letters.push(stream.get_raw_message(sequence).await.unwrap());
    }
    letters
}

/// The log holds each bad message between good events, beginning at sequence 1.
async fn record_all(installation: &Installation) -> u64 {
    let good = good();
    installation.publish([encode(&good.events[0])]).await;
    installation.publish(bad().into_iter().map(|(message, _)| message)).await;
    installation.publish([encode(&good.events[1])]).await;
    bad().len() as u64 + 2
}

fn is_letter_of(letter: &StreamMessage, sequence: usize, message: &Encoded, reason: &str) {
    let header = |name: &str| letter.headers.get(name).map(ToString::to_string).unwrap_or_default();
    assert_eq!(letter.subject.as_str(), Namespace::default().dead_event_subject(sequence as u64));
    assert_eq!(header(header::DEAD_SEQUENCE), sequence.to_string());
    assert_eq!(header(header::DEAD_SUBJECT), message.subject);
    assert_eq!(header(header::DEAD_STREAM), "AEGIS_EVENTS");
    assert!(header(header::DEAD_REASON).contains(reason), "{:?}", header(header::DEAD_REASON));
    assert_eq!(letter.payload, message.body);
}

#[tokio::test]
async fn what_is_no_event_is_put_aside_and_the_good_ones_go_on() {
    let installation = Installation::start().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let last = record_all(&installation).await;
    let state = running.reaches(last).await;
    let names: Vec<_> = state.instances.keys().map(|(_, instance)| instance.as_str()).collect();
    assert_eq!((names, state.definitions.len(), state.leaders.len()), (vec!["echo-1"], 1, 0));
    let letters = dead_letters(&installation).await;
    assert_eq!(letters.len(), bad().len());
    for ((letter, (message, reason)), sequence) in letters.iter().zip(bad()).zip(2..) {
        is_letter_of(letter, sequence, &message, reason);
    }
    assert_eq!(running.store.dead_letters().await.unwrap(), bad().len() as u64);
}

#[tokio::test]
async fn any_number_of_projectors_and_rebuilds_write_each_dead_letter_once() {
    let installation = Installation::start().await;
    let first = installation.project(&installation.path("1.sqlite")).await;
    let second = installation.project(&installation.path("2.sqlite")).await;
    let last = record_all(&installation).await;
    let state = first.reaches(last).await;
    assert_eq!(second.reaches(last).await, state);
    let late = installation.project(&installation.path("3.sqlite")).await;
    assert_eq!(late.reaches(last).await, state);
    assert_eq!(dead_letters(&installation).await.len(), bad().len());
    for running in [first, second, late] {
        assert_eq!(running.store.dead_letters().await.unwrap(), bad().len() as u64);
    }
}

#[tokio::test]
async fn a_log_that_ends_with_what_is_no_event_is_passed_to_its_end() {
    let installation = Installation::start().await;
    let path = installation.path("p.sqlite");
    let running = installation.project(&path).await;
    installation.publish(bad().into_iter().map(|(message, _)| message)).await;
    running.reaches(bad().len() as u64).await;
    drop(running);
    let running = installation.project(&path).await;
    assert_eq!(running.position().get(), bad().len() as u64, "a restart does not begin again");
}

#[tokio::test]
async fn a_message_as_large_as_the_server_allows_does_not_stop_the_projection() {
    let installation = Installation::start().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let largest = installation.connection.client().server_info().max_payload;
    let junk = spoilt(|message| {
        message.headers.clear();
        message.body = vec![b'x'; largest];
    });
    installation.publish([junk.clone(), encode(&good().events[0])]).await;
    assert_eq!(running.reaches(2).await.instances.len(), 1);
    let letters = dead_letters(&installation).await;
    assert_eq!(letters.len(), 1);
    is_letter_of(&letters[0], 1, &Encoded { body: vec![], ..junk }, "the header ce-type is missing");
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_written_holds_nothing_up_is_told_and_comes_later() {
    let installation = Installation::start().await;
    let running = installation.project(&installation.path("p.sqlite")).await;
    let jetstream = installation.connection.jetstream();
    let name = Namespace::default().dead_letters_stream();
    let made = jetstream.get_stream(&name).await.unwrap().cached_info().config.clone();
    let full = async_nats::jetstream::stream::Config {
        max_messages: 1,
        discard: async_nats::jetstream::stream::DiscardPolicy::New,
        ..made
    };
    jetstream.publish(Namespace::default().dead_event_subject(0), "".into()).await.unwrap().await.unwrap();
    jetstream.update_stream(&full).await.unwrap();
    let last = record_all(&installation).await;
    running.reaches(last).await;
    let told = || {
        let problems = running.store.progress().problems();
        problems.iter().any(|problem| problem.code == ProblemCode::DeadLettersUnwritable)
    };
    let patience = std::time::Duration::from_secs(30);
    wait_until("a word of it", patience, || async {
        if told() { Ok(()) } else { Err("none yet".to_owned()) }
    })
    .await;
    // One that is gone is made again, with its own limits, and gets all of them.
    jetstream.delete_stream(&name).await.unwrap();
    wait_until("all letters", patience, || async {
        let all = jetstream.get_stream(&name).await.map_err(|e| e.to_string())?.cached_info().state.messages;
        if all == bad().len() as u64 && !told() { Ok(()) } else { Err(format!("{all}")) }
    })
    .await;
    for ((letter, (message, reason)), sequence) in
        dead_letters(&installation).await.iter().zip(bad()).zip(2..)
    {
        is_letter_of(letter, sequence, &message, reason);
    }
}
