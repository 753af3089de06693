//! Dead letters on a real server: read, sent back, given up, and each decision recorded once.

use aegis_domain::aggregate::installation::{Command, InstallationEvent, Letter};
use aegis_domain::aggregate::{Definition, Installation, definition};
use aegis_domain::wire::header;
use aegis_domain::{Actor, Aggregate as _, AggregateId, AggregateVersion, Context, ErrorCode, ServiceName};
use aegis_sdk::dead_letters::{DeadLetters, Newest, PREVIEW};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull;
use chrono::{TimeDelta, Utc};
use futures_util::StreamExt as _;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

struct Stage {
    connection: Connection,
    letters: DeadLetters,
    _server: NatsServer,
}

impl Stage {
    async fn start() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        provision(&connection).await.unwrap();
        Self { letters: DeadLetters::new(&connection), connection, _server: server }
    }

    /// Puts a message aside as a consumer does after its last try.
    async fn put_aside(&self, kind: &str, from: &str, body: &[u8]) -> u64 {
        let mut headers = HeaderMap::new();
        headers.insert(header::DEAD_REASON, "the handler failed 5 times");
        headers.insert(header::DEAD_SUBJECT, from);
        if !from.starts_with("plain.") {
            headers.insert(header::DEAD_STREAM, "EVENTS");
        }
        headers.insert(header::DEAD_SEQUENCE, "7");
        headers.insert("Nats-Msg-Id", uuid::Uuid::new_v4().to_string());
        headers.insert("Trade-Desk", "rates");
        let subject = format!("aegis.dead.{kind}.orders.7");
        let jetstream = self.connection.jetstream();
        let ack = jetstream.publish_with_headers(subject, headers, body.to_vec().into()).await.unwrap();
        ack.await.unwrap().sequence
    }

    async fn decisions(&self) -> Vec<InstallationEvent> {
        let events = Journal::new(&self.connection).events(&AggregateId::Installation).await.unwrap();
        events.iter().filter_map(|it| Installation::event(&it.envelope.event).cloned()).collect()
    }

    async fn sequences(&self, before: Option<u64>, count: usize, kind: Option<&str>) -> (Vec<u64>, bool) {
        let page = self
            .letters
            .list(Newest { before: before.map(Into::into), kind, ..Newest::most(count) })
            .await
            .unwrap();
        (page.letters.iter().map(|letter| letter.sequence).collect(), page.more)
    }

    /// What the stream of application events holds on this subject.
    async fn redelivered(&self, subject: &str, count: usize) -> Vec<(HeaderMap, Vec<u8>)> {
        let stream = self.connection.jetstream().get_stream("EVENTS").await.unwrap();
        wait_until("the messages", PATIENCE, || async {
            let config = pull::OrderedConfig { filter_subject: subject.into(), ..Default::default() };
            let consumer = stream.create_consumer(config).await.map_err(|e| e.to_string())?;
            let pending = usize::try_from(consumer.cached_info().num_pending).unwrap();
            if pending != count {
                return Err(format!("{pending} messages"));
            }
            let messages = consumer.messages().await.map_err(|e| e.to_string())?.take(count);
            let messages: Vec<_> = messages.map(Result::unwrap).collect().await;
            let parts =
                messages.into_iter().map(|it| (it.headers.clone().unwrap_or_default(), it.payload.to_vec()));
            Ok(parts.collect())
        })
        .await
    }
}

fn alice() -> Actor {
    Actor::user("alice")
}

#[tokio::test]
async fn they_are_listed_newest_first_by_page_and_kind() {
    let stage = Stage::start().await;
    for n in 0..7_u8 {
        let kind = if n.is_multiple_of(2) { "command" } else { "message" };
        stage.put_aside(kind, "events.trade.booked", &[n]).await;
    }
    stage.letters.discard(4, "a test", &alice()).await.unwrap();
    assert_eq!(stage.letters.count().await.unwrap(), 6);
    assert_eq!(stage.sequences(None, 3, None).await, (vec![7, 6, 5], true));
    assert_eq!(stage.sequences(Some(5), 3, None).await, (vec![3, 2, 1], false), "4 is gone");
    assert_eq!(stage.sequences(None, 3, Some("message")).await, (vec![6, 2], false));
    assert_eq!(stage.sequences(Some(1), 3, None).await, (vec![], false));
}

#[tokio::test]
async fn one_is_shown_with_all_that_is_known_of_it() {
    let stage = Stage::start().await;
    let body = vec![b'x'; PREVIEW + 1];
    let sequence = stage.put_aside("message", "events.trade.booked", &body).await;
    let letter = stage.letters.get(sequence).await.unwrap();
    assert_eq!(
        (letter.kind.as_str(), letter.reason.as_deref()),
        ("message", Some("the handler failed 5 times"))
    );
    assert_eq!(
        (letter.original_subject.as_deref(), letter.original_sequence),
        (Some("events.trade.booked"), Some(7))
    );
    assert_eq!(letter.headers, [("Trade-Desk".to_owned(), "rates".to_owned())], "its own, and no other");
    assert_eq!((letter.size, letter.body.len()), (PREVIEW + 1, PREVIEW + 1));
    assert!((Utc::now() - letter.at).abs() < TimeDelta::minutes(1));
    let listed = stage.letters.list(Newest::most(1)).await.unwrap().letters.remove(0);
    assert_eq!((listed.size, listed.body.len()), (PREVIEW + 1, PREVIEW));
    assert_eq!(stage.letters.get(99).await.unwrap_err().code(), ErrorCode::DeadLetterNotFound);
}

#[tokio::test]
async fn a_redriven_message_is_on_its_subject_again_with_its_headers_and_the_letter_is_gone() {
    let stage = Stage::start().await;
    let sequence = stage.put_aside("message", "events.trade.booked", b"\x00binary\xff").await;
    let at = Some(stage.letters.get(sequence).await.unwrap().at);
    let done = stage.letters.redrive(sequence, "the consumer is fixed", &alice()).await.unwrap();
    assert_eq!(done.subject, "events.trade.booked");
    let messages = stage.redelivered("events.trade.booked", 1).await;
    assert_eq!(messages[0].1, b"\x00binary\xff");
    assert_eq!(messages[0].0.get("Trade-Desk").unwrap().as_str(), "rates");
    assert!(messages[0].0.get(header::DEAD_REASON).is_none());
    assert_eq!(stage.letters.count().await.unwrap(), 0);
    let letter = Letter {
        sequence,
        at,
        subject: "events.trade.booked".into(),
        reason: "the consumer is fixed".into(),
    };
    assert_eq!(stage.decisions().await, [InstallationEvent::DeadLetterRedriven(letter)]);
    let again = stage.letters.redrive(sequence, "again", &alice()).await.unwrap_err();
    assert_eq!(again.code(), ErrorCode::DeadLetterNotFound);
}

#[tokio::test]
async fn a_message_goes_back_to_its_stream_also_when_somebody_has_removed_that() {
    let stage = Stage::start().await;
    let sequence = stage.put_aside("message", "events.trade.booked", b"body").await;
    stage.connection.jetstream().delete_stream("EVENTS").await.unwrap();
    stage.letters.redrive(sequence, "fixed", &alice()).await.unwrap();
    let redelivered = stage.redelivered("events.trade.booked", 1).await;
    assert_eq!(redelivered[0].1, b"body");
}

#[tokio::test]
async fn a_message_of_no_stream_goes_to_its_subscribers() {
    let stage = Stage::start().await;
    let mut listener = stage.connection.client().subscribe("plain.subject").await.unwrap();
    stage.connection.client().flush().await.unwrap();
    let sequence = stage.put_aside("message", "plain.subject", b"body").await;
    stage.letters.redrive(sequence, "fixed", &alice()).await.unwrap();
    let message = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
    assert_eq!(&message.payload[..], b"body");
}

#[tokio::test]
async fn of_racing_operators_one_decides() {
    let stage = Stage::start().await;
    let sequence = stage.put_aside("message", "events.trade.booked", b"body").await;
    let race = (0..6).map(|n| {
        let letters = stage.letters.clone();
        tokio::spawn(async move {
            let by = Actor::user(&format!("operator-{n}"));
            if n % 2 == 0 {
                letters.redrive(sequence, "fixed", &by).await
            } else {
                letters.discard(sequence, "a test", &by).await
            }
        })
    });
    let outcomes: Vec<_> =
        futures_util::future::join_all(race).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(
            matches!(error.code(), ErrorCode::DeadLetterDecided | ErrorCode::DeadLetterNotFound),
            "{error}"
        );
    }
    let decisions = stage.decisions().await;
    assert_eq!(decisions.len(), 1);
    let redriven = matches!(decisions[0], InstallationEvent::DeadLetterRedriven(_));
    assert_eq!(
        stage.redelivered("events.trade.booked", usize::from(redriven)).await.len(),
        usize::from(redriven)
    );
}

/// The decision stands in the log, and whoever made it has crashed.
#[tokio::test]
async fn an_interrupted_decision_is_finished_by_a_repetition_after_a_minute() {
    let stage = Stage::start().await;
    let decide = async |sequence, ago| {
        let letter =
            Letter { sequence, at: None, subject: "events.trade.booked".into(), reason: "fixed".into() };
        let context = Context::new(Actor::user("bob"), Utc::now() - ago);
        let command = Command::RedriveDeadLetter(letter);
        let journal = Journal::new(&stage.connection);
        journal.execute::<Installation>(&AggregateId::Installation, command, &context).await.unwrap();
    };
    let fresh = stage.put_aside("message", "events.trade.booked", b"fresh").await;
    let old = stage.put_aside("message", "events.trade.booked", b"old").await;
    decide(fresh, TimeDelta::zero()).await;
    decide(old, TimeDelta::minutes(2)).await;
    let left_alone = stage.letters.redrive(fresh, "hurry", &alice()).await.unwrap_err();
    assert!(left_alone.to_string().contains("user:bob has redriven"), "{left_alone}");
    let other = stage.letters.discard(old, "no", &alice()).await.unwrap_err();
    assert_eq!(other.code(), ErrorCode::DeadLetterDecided, "what was decided is not turned round");
    stage.letters.redrive(old, "again", &alice()).await.unwrap();
    assert_eq!(stage.redelivered("events.trade.booked", 1).await[0].1, b"old");
    assert_eq!(stage.decisions().await.len(), 2, "and nothing is recorded twice");
    assert_eq!(stage.sequences(None, 9, None).await.0, [fresh]);
}

#[tokio::test]
async fn nothing_is_sent_where_only_aegis_and_the_server_may_speak() {
    let stage = Stage::start().await;
    for from in [
        "$JS.API.STREAM.DELETE.AEGIS_EVENTS",
        "_INBOX.a.b",
        "aegis.heartbeat.echo.echo-1",
        "aegis.control.echo.echo-1",
        "rpc.echo.say",
        "internal.registry.register",
        // They came from a stream that is not there.
        "commands.echo.plain.a",
        "gone.subject",
        "events.*",
        "events..a",
        "events.a b",
        "",
    ] {
        let sequence = stage.put_aside("message", from, b"{}").await;
        let error = stage.letters.redrive(sequence, "please", &alice()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::DeadLetterStuck, "{from}: {error}");
    }
    assert_eq!(stage.decisions().await, []);
    let reasonless = stage.put_aside("message", "events.trade.booked", b"{}").await;
    let error = stage.letters.discard(reasonless, " ", &alice()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidInput);
}

#[tokio::test]
async fn a_domain_event_is_let_go_when_it_can_be_read_and_never_sent_again() {
    let stage = Stage::start().await;
    let junk =
        stage.connection.jetstream().publish("aegis.event.definition.junk", "junk".into()).await.unwrap();
    let junk = junk.await.unwrap().sequence;
    let id = AggregateId::Definition(ServiceName::new("echo").unwrap());
    let content = serde_json::from_value(serde_json::json!({
        "owner": "desk", "description": "echoes", "version": "1.0.0",
    }));
    let define = definition::Command::Define {
        service: ServiceName::new("echo").unwrap(),
        content: content.unwrap(),
        reason: None,
    };
    let context = Context::new(alice(), Utc::now());
    let journal = Journal::new(&stage.connection);
    let good = journal.execute::<Definition>(&id, define, &context).await.unwrap().head.sequence.get();
    let put = async |subject: &str, original: u64| {
        let mut headers = HeaderMap::new();
        headers.insert(header::DEAD_SUBJECT, subject);
        headers.insert(header::DEAD_SEQUENCE, original.to_string());
        let dead = stage.connection.namespace().dead_event_subject(original);
        let sent = stage.connection.jetstream().publish_with_headers(dead, headers, "".into()).await.unwrap();
        sent.await.unwrap().sequence
    };
    let (stuck, readable) =
        (put("aegis.event.definition.junk", junk).await, put("aegis.event.definition.echo", good).await);
    let error = stage.letters.redrive(stuck, "please", &alice()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DeadLetterStuck);
    assert!(error.to_string().contains("cannot read it either"), "{error}");
    stage.letters.redrive(readable, "upgraded", &alice()).await.unwrap();
    assert_eq!(stage.sequences(None, 9, Some("event")).await.0, [stuck]);
    assert_eq!(journal.load::<Definition>(&id).await.unwrap().head.version, AggregateVersion(1));
    stage.letters.discard(stuck, "it is junk", &alice()).await.unwrap();
    assert_eq!(stage.letters.count().await.unwrap(), 0);
}
