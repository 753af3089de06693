//! Fenced appends on a real server.

use std::pin::pin;
use std::time::Duration;

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName, Term};
use aegis_sdk::fencing::{Appended, FenceError, FencedLog, Token};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Fault};
use aegis_testkit::{FaultProxy, NatsCluster, NatsServer, try_wait_until, wait_until};
use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
use futures_util::StreamExt as _;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A process that writes: a connection and a fenced log of its own.
async fn writer(url: String) -> (Connection, FencedLog) {
    let connection = Connection::open(ConnectOptions::new(url, "writer")).await.unwrap();
    provision(&connection).await.unwrap();
    let log = FencedLog::new(&connection, |group| format!("events.fenced.{group}"));
    (connection, log)
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

/// Everything on the subjects of fenced logs: term, id and body, in the order of the stream.
async fn written(connection: &Connection) -> Vec<(u64, String, String)> {
    let mut stream: Stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    let last = stream.info().await.unwrap().state.last_sequence;
    let mut messages = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let token = Token::of(Some(&message.headers)).unwrap();
        let id = message.headers.get("Nats-Msg-Id").unwrap().to_string();
        messages.push((token.term.get(), id, String::from_utf8(message.payload.to_vec()).unwrap()));
    }
    messages
}

#[tokio::test]
async fn a_replicated_stream_looks_for_the_id_first_and_another_at_the_sequence() {
    // Which of the two the server checks first is its own affair; the promises must hold either way.
    let cluster = NatsCluster::start(3).await;
    let connection = Connection::open(ConnectOptions::new(cluster.urls(), "test")).await.unwrap();
    for (replicas, id_first) in [(1, false), (3, true)] {
        stream(&connection, replicas).await;
        let publish = |id: &str, expected: u64| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", id);
            headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
            let (jetstream, subject) = (connection.jetstream().clone(), format!("r{replicas}.x"));
            async move { jetstream.publish_with_headers(subject, headers, "".into()).await.unwrap().await }
        };
        assert_eq!(publish("a", 0).await.unwrap().sequence, 1);
        assert_eq!(publish("b", 1).await.unwrap().sequence, 2);
        for wrong in [0, 1, 99] {
            match publish("a", wrong).await {
                Ok(ack) => assert_eq!((ack.sequence, ack.duplicate, id_first), (1, true, true)),
                Err(error) => {
                    assert_eq!((error.kind(), id_first), (PublishErrorKind::WrongLastSequence, false))
                }
            }
        }
        let again = publish("a", 2).await.unwrap();
        assert_eq!((again.sequence, again.duplicate), (1, true));
        // An id whose message was refused is free.
        publish("c", 0).await.unwrap_err();
        assert!(!publish("c", 2).await.unwrap().duplicate);
    }
}

#[tokio::test]
async fn a_replicated_stream_refuses_an_older_term_and_keeps_an_id_once() {
    let cluster = NatsCluster::start(3).await;
    let open = async || Connection::open(ConnectOptions::new(cluster.urls(), "writer")).await.unwrap();
    let connection = open().await;
    let mut stream = stream(&connection, 3).await;
    let log = |connection| FencedLog::new(connection, |group| format!("r3.{group}"));
    let (old, new) = (log(&connection), log(&open().await));
    let acc = group("ACC-1");
    assert_eq!(old.append(&acc, Term(5), "a", "1".into()).await.unwrap().sequence, 1);
    // The owner and its successor carry out the same call at the same time.
    for n in 0..10 {
        let id = format!("both-{n}");
        let late = old.append(&acc, Term(5), &id, "x".into());
        let (late, soon) = tokio::join!(late, new.append(&acc, Term(6), &id, "x".into()));
        if let Err(error) = late {
            assert_eq!(error.code(), ErrorCode::StaleTerm, "{error:?}");
        }
        soon.unwrap();
    }
    assert_eq!(new.append(&acc, Term(6), "c", "3".into()).await.unwrap().sequence, 12);
    let refused = old.append(&acc, Term(5), "d", "late".into()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::StaleTerm, "{refused:?}");
    assert_eq!(stream.info().await.unwrap().state.messages, 12);
}

/// A stream with so many replicas, for the subjects that begin with their number.
async fn stream(connection: &Connection, replicas: usize) -> Stream {
    let config = Config {
        name: format!("R{replicas}"),
        subjects: vec![format!("r{replicas}.>")],
        num_replicas: replicas,
        ..Config::default()
    };
    // A cluster is ready before each of its nodes knows the others' JetStream.
    let made = wait_until("a stream", PATIENCE, || async {
        connection.jetstream().create_stream(config.clone()).await.map_err(|error| error.to_string())
    })
    .await;
    // Nor does a node that has told of it know at once where its subjects lead. The stream refuses what is for another one.
    wait_until("the stream to be reached", PATIENCE, || async {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Stream", "another");
        let subject = format!("r{replicas}.probe");
        let sent = connection.jetstream().publish_with_headers(subject, headers, "".into()).await;
        match sent.unwrap().await {
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Err(error.to_string()),
            Ok(_) | Err(_) => Ok(()),
        }
    })
    .await;
    made
}

#[tokio::test]
async fn from_the_first_append_of_a_term_on_the_terms_before_it_are_refused() {
    let server = NatsServer::start().await;
    let (connection, old) = writer(server.url()).await;
    let (_, new) = writer(server.url()).await;
    let acc = group("ACC-1");
    assert_eq!(old.append(&acc, Term(5), "a", "1".into()).await.unwrap().sequence, 1);
    // Elected, but nothing written yet: what the old owner still has under way stands before it.
    assert_eq!(old.append(&acc, Term(5), "b", "2".into()).await.unwrap().sequence, 2);
    assert_eq!(new.append(&acc, Term(6), "c", "3".into()).await.unwrap().sequence, 3);
    for id in ["d", "e"] {
        let refused = old.append(&acc, Term(5), id, "late".into()).await.unwrap_err();
        let FenceError::StaleTerm(stale) = &refused else { panic!("{refused:?}") };
        assert_eq!((stale.term, stale.current), (Term(5), Term(6)));
        assert_eq!(Fault::from(refused).code(), ErrorCode::StaleTerm.as_str());
    }
    // Without replicas also for an id that it has written before: the server looks at the sequence first.
    assert_eq!(old.append(&acc, Term(5), "a", "1".into()).await.unwrap_err().code(), ErrorCode::StaleTerm);
    // One that opens its term only now is told the same.
    let (_, late) = writer(server.url()).await;
    let refused = late.append(&acc, Term(5), "f", "late".into()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::StaleTerm);
    assert_eq!(old.append(&acc, Term(7), "g", "4".into()).await.unwrap().sequence, 4, "elected again");
    assert_eq!(old.append(&group("ACC-2"), Term(1), "h", "5".into()).await.unwrap().sequence, 5);
    let terms: Vec<_> = written(&connection).await.into_iter().map(|(term, id, _)| (term, id)).collect();
    let expected = [(5, "a"), (5, "b"), (6, "c"), (7, "g"), (1, "h")].map(|(term, id)| (term, id.to_owned()));
    assert_eq!(terms, expected);
}

#[tokio::test]
async fn a_call_that_a_successor_executes_again_has_its_effect_once() {
    let server = NatsServer::start().await;
    let (connection, old) = writer(server.url()).await;
    let (_, new) = writer(server.url()).await;
    let acc = group("ACC-1");
    let first = old.append(&acc, Term(5), "request-1", "x".into()).await.unwrap().sequence;
    old.append(&acc, Term(5), "request-2", "y".into()).await.unwrap();
    let again = new.append(&acc, Term(6), "request-1", "another".into()).await.unwrap();
    assert_eq!(again, Appended { sequence: first, first: Some("x".into()) });
    let next = new.append(&acc, Term(6), "request-3", "z".into()).await.unwrap().sequence;
    assert_eq!(new.append(&acc, Term(6), "request-1", "x".into()).await.unwrap().sequence, first);
    assert_eq!(new.append(&acc, Term(6), "request-4", "z".into()).await.unwrap().sequence, next + 1);
    assert_eq!(written(&connection).await.len(), 4);
}

#[tokio::test]
async fn an_id_of_another_group_is_refused_and_not_taken_for_written() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    log.append(&group("ACC-1"), Term(1), "order-1", "x".into()).await.unwrap();
    let taken = log.append(&group("ACC-2"), Term(1), "order-1", "y".into()).await.unwrap_err();
    assert_eq!(taken.code(), ErrorCode::InvalidInput, "{taken}");
    for bad in ["", " a", "a\r\nNats-Rollup: all"] {
        let bad = log.append(&group("ACC-2"), Term(1), bad, "y".into()).await.unwrap_err();
        assert_eq!(bad.code(), ErrorCode::InvalidInput, "{bad}");
    }
    assert_eq!(written(&connection).await.len(), 1);
}

#[tokio::test]
async fn a_subject_that_others_write_to_is_not_trusted() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    connection.jetstream().publish("events.fenced.ACC-1", "plain".into()).await.unwrap().await.unwrap();
    let foreign = log.append(&group("ACC-1"), Term(1), "a", "x".into()).await.unwrap_err();
    assert!(matches!(foreign, FenceError::Foreign { sequence: 1, source: Some(_), .. }), "{foreign:?}");
    let shared = FencedLog::new(&connection, |_| "events.fenced.all".to_owned());
    shared.append(&group("ACC-1"), Term(1), "b", "x".into()).await.unwrap();
    let foreign = shared.append(&group("ACC-2"), Term(2), "c", "x".into()).await.unwrap_err();
    assert!(matches!(foreign, FenceError::Foreign { source: None, .. }), "{foreign:?}");
    let nowhere = FencedLog::new(&connection, |group| format!("nowhere.{group}"));
    let nowhere = nowhere.append(&group("ACC-1"), Term(1), "d", "x".into()).await.unwrap_err();
    assert_eq!(nowhere.code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_term_that_no_election_can_have_made_does_not_end_valid_terms() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    log.append(&group("ACC-1"), Term(1), "a", "x".into()).await.unwrap();
    for term in [u64::MAX, 1 << 62] {
        let mut headers = HeaderMap::new();
        headers.insert(header::GROUP, "ACC-1");
        headers.insert(header::TERM, term.to_string());
        let sent =
            connection.jetstream().publish_with_headers("events.fenced.ACC-1", headers, "y".into()).await;
        let sequence = sent.unwrap().await.unwrap().sequence;
        let foreign = log.append(&group("ACC-1"), Term(1), "b", "x".into()).await.unwrap_err();
        assert!(
            matches!(&foreign, FenceError::Foreign { sequence: at, .. } if *at == sequence),
            "{foreign:?}"
        );
        let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
        stream.delete_message(sequence).await.unwrap();
    }
    log.append(&group("ACC-1"), Term(1), "b", "x".into()).await.unwrap();
}

#[tokio::test]
async fn a_hundred_appends_at_once_are_all_there_in_the_order_they_were_asked_for() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    let acc = group("ACC-1");
    let ids: Vec<_> = (0..100).map(|n| format!("id-{n:02}")).collect();
    let appends = ids.iter().map(|id| log.append(&acc, Term(1), id, id.clone().into()));
    let appended = futures_util::future::try_join_all(appends).await.unwrap();
    let sequences: Vec<_> = appended.iter().map(|it| it.sequence).collect();
    assert_eq!(sequences, (1..=100).collect::<Vec<_>>());
    let found: Vec<_> = written(&connection).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn a_writer_that_was_behind_catches_up() {
    let server = NatsServer::start().await;
    let (connection, one) = writer(server.url()).await;
    let (_, other) = writer(server.url()).await;
    let acc = group("ACC-1");
    // Two writers of one term is what an owner and its own former connection are.
    for n in 0..10 {
        let log = if n % 2 == 0 { &one } else { &other };
        assert_eq!(log.append(&acc, Term(1), &n.to_string(), "x".into()).await.unwrap().sequence, n + 1);
    }
    assert_eq!(written(&connection).await.len(), 10);
}

#[tokio::test]
async fn an_append_without_an_answer_says_so_and_the_next_one_copes_whatever_became_of_it() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let (_connection, log) = writer(proxy.url()).await;
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    proxy.cut();
    let unclear = log.append(&acc, Term(1), "b", "2".into()).await.unwrap_err();
    assert!(matches!(&unclear, FenceError::Unclear { id } if id == "b"), "{unclear:?}");
    assert_eq!(unclear.code(), ErrorCode::OutcomeUnknown);
    // What was held back is now applied, before the next append or after it is refused.
    proxy.pass();
    log.append(&acc, Term(1), "c", "3".into()).await.unwrap();
    let again = log.append(&acc, Term(1), "b", "2".into()).await.unwrap().sequence;
    let (direct, _) = writer(server.url()).await;
    let ids: Vec<_> = written(&direct).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(again, 2, "the same id again is answered by the first");
}

#[tokio::test]
async fn an_append_whose_acknowledgement_was_lost_is_sent_again_and_written_once() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let (_connection, log) = writer(proxy.url()).await;
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    proxy.cut();
    let mut append = pin!(log.append(&acc, Term(1), "b", "2".into()));
    // The first has been waited for in vain by then, and the second is under way.
    let early = timeout(Duration::from_millis(2_300), &mut append).await;
    assert!(early.is_err(), "{early:?}");
    proxy.pass();
    assert_eq!(append.await.unwrap().sequence, 2);
    assert_eq!(log.append(&acc, Term(1), "c", "3".into()).await.unwrap().sequence, 3);
}

#[tokio::test]
async fn an_outage_of_the_server_is_told_apart_and_passes() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    server.kill();
    let lost = log.append(&acc, Term(1), "b", "2".into()).await.unwrap_err();
    assert!(matches!(lost.code(), ErrorCode::OutcomeUnknown | ErrorCode::Unavailable), "{lost:?}");
    server.restart().await;
    let text = format!("{log:?}");
    assert!(!text.contains("ACC-1"), "what its users write is none of a log's business: {text}");
    let next = try_wait_until(PATIENCE, || async {
        log.append(&acc, Term(1), "c", "3".into()).await.map_err(|error| error.to_string())
    });
    next.await.unwrap();
    let ids: Vec<_> = written(&connection).await.into_iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids.iter().filter(|id| *id == "c").count(), 1, "{ids:?}");
    assert_eq!(ids.first().map(String::as_str), Some("a"));
}

#[tokio::test]
async fn what_a_stream_refuses_is_told_by_its_code_and_nothing_was_written() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    let large = log.append(&acc, Term(1), "b", vec![b'x'; 2 << 20].into()).await.unwrap_err();
    assert!(matches!(large, FenceError::Unavailable { .. }), "{large:?}");
    let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    let full = Config { max_messages: 1, discard: DiscardPolicy::New, ..stream.cached_info().config.clone() };
    connection.jetstream().update_stream(full).await.unwrap();
    let refused = log.append(&acc, Term(1), "b", "2".into()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::StreamRefused, "{refused:?}");
    connection.jetstream().delete_stream("EVENTS").await.unwrap();
    // A term of its own is opened at what stands there now, and there is no stream to ask.
    let gone = log.append(&acc, Term(2), "b", "2".into()).await.unwrap_err();
    assert!(matches!(gone, FenceError::Unavailable { .. }), "{gone:?}");
}

#[tokio::test]
async fn an_append_that_may_not_be_sent_is_told_as_denied() {
    let lines = "authorization { users: [
        { user: all, password: all }
        { user: desk, password: desk, permissions: { publish: { deny: \"events.fenced.>\" } } }
    ] }";
    let server = NatsServer::builder().config(lines).start().await;
    let url = |user: &str| server.url().replace("nats://", &format!("nats://{user}:{user}@"));
    let (connection, _) = writer(url("all")).await;
    let (_, log) = writer(url("desk")).await;
    let denied = log.append(&group("ACC-1"), Term(1), "a", "1".into()).await.unwrap_err();
    assert_eq!(denied.code(), ErrorCode::PermissionDenied, "{denied:?}");
    assert_eq!(written(&connection).await, []);
}

#[tokio::test]
async fn an_append_whose_acknowledgement_was_lost_and_whose_term_is_over_by_then_may_have_been_written() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let (_slow, old) = writer(proxy.url()).await;
    let (_direct, new) = writer(server.url()).await;
    let acc = group("ACC-1");
    old.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    proxy.cut();
    let mut append = pin!(old.append(&acc, Term(1), "b", "2".into()));
    // It is sent, and waits for what does not come.
    assert!(timeout(Duration::from_millis(500), &mut append).await.is_err());
    new.append(&acc, Term(2), "c", "3".into()).await.unwrap();
    assert!(timeout(Duration::from_millis(1_800), &mut append).await.is_err());
    proxy.pass();
    let unclear = append.await.unwrap_err();
    assert_eq!(unclear.code(), ErrorCode::OutcomeUnknown, "{unclear:?}");
}

#[tokio::test]
async fn a_writer_that_others_overtake_each_time_gives_up_and_has_written_nothing() {
    let server = NatsServer::start().await;
    let proxy = FaultProxy::start(&server.url()).await;
    let (_slow, log) = writer(proxy.url()).await;
    let (direct, _) = writer(server.url()).await;
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    proxy.delay(Duration::from_millis(20));
    let others = async {
        for n in 0.. {
            let mut headers = HeaderMap::new();
            headers.insert(header::GROUP, "ACC-1");
            headers.insert(header::TERM, "1");
            headers.insert("Nats-Msg-Id", format!("other-{n}"));
            let sent =
                direct.jetstream().publish_with_headers("events.fenced.ACC-1", headers, "".into()).await;
            sent.unwrap().await.unwrap();
        }
    };
    let contended = tokio::select! {
        outcome = log.append(&acc, Term(1), "b", "2".into()) => outcome.unwrap_err(),
        () = others => panic!("the others have no end"),
    };
    assert!(matches!(contended, FenceError::Contended { tries: 16 }), "{contended:?}");
    assert_eq!(contended.code(), ErrorCode::Unavailable);
    assert!(written(&direct).await.iter().all(|(_, id, _)| id != "b"));
}

#[tokio::test]
async fn an_append_that_the_server_is_still_at_work_on_is_not_taken_for_refused() {
    let cluster = NatsCluster::start(3).await;
    let open = async || Connection::open(ConnectOptions::new(cluster.urls(), "writer")).await.unwrap();
    let connection = open().await;
    let mut stream = stream(&connection, 3).await;
    let leader = stream.info().await.unwrap().cluster.clone().unwrap().leader.unwrap();
    let leader = cluster.index_of(&leader).unwrap();
    let at_leader =
        Connection::open(ConnectOptions::new(cluster.node(leader).url(), "writer")).await.unwrap();
    let log = FencedLog::new(&at_leader, |group| format!("r3.{group}"));
    let acc = group("ACC-1");
    log.append(&acc, Term(1), "a", "1".into()).await.unwrap();
    let others: Vec<_> = (0..3).filter(|index| *index != leader).collect();
    others.iter().for_each(|index| cluster.pause(*index));
    // The leader has the message, and nobody to agree with: not the id again, nor that it was refused, can be the answer.
    let unclear = log.append(&acc, Term(1), "b", "2".into()).await.unwrap_err();
    assert_eq!(unclear.code(), ErrorCode::OutcomeUnknown, "{unclear:?}");
    others.iter().for_each(|index| cluster.resume(*index));
    wait_until("the append, once", PATIENCE, || async {
        log.append(&acc, Term(1), "b", "2".into()).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(stream.info().await.unwrap().state.messages, 2);
}

#[tokio::test]
async fn an_answer_that_is_none_of_jetstream_leaves_it_open_whether_the_append_was_written() {
    let server = NatsServer::start().await;
    let (connection, log) = writer(server.url()).await;
    let stream = connection.jetstream().get_stream("EVENTS").await.unwrap();
    let silent = Config { no_ack: true, ..stream.cached_info().config.clone() };
    connection.jetstream().update_stream(silent).await.unwrap();
    let mut asked = connection.client().subscribe("events.fenced.>").await.unwrap();
    connection.client().flush().await.unwrap();
    let answering = async {
        while let Some(message) = asked.next().await {
            connection.client().publish(message.reply.unwrap(), "junk".into()).await.unwrap();
        }
    };
    let acc = group("ACC-1");
    let unclear = tokio::select! {
        outcome = log.append(&acc, Term(1), "a", "1".into()) => outcome.unwrap_err(),
        () = answering => panic!("the connection was closed"),
    };
    assert_eq!(unclear.code(), ErrorCode::OutcomeUnknown, "{unclear:?}");
}
