//! Subscriptions to the journal, on a real server.

use std::time::Duration;

use aegis_domain::aggregate::instance::{Command, Registration, Status};
use aegis_domain::aggregate::{Definition, Instance, definition};
use aegis_domain::{Actor, AggregateId, Context, InstanceName, Sequence, ServiceName, Version};
use aegis_sdk::journal::{Entry, Item, Selection, Start, Subscription};
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection, Journal};
use aegis_testkit::NatsServer;
use chrono::{DateTime, Utc};

async fn journal() -> (NatsServer, Connection, Journal) {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    (server, connection, journal)
}

fn instance(name: &str) -> AggregateId {
    AggregateId::Instance(ServiceName::new("echo").unwrap(), InstanceName::new(name).unwrap())
}

fn context() -> Context {
    Context::new(Actor::user("alice"), Utc::now())
}

/// Two events: registered, and running.
async fn begin(journal: &Journal, name: &str) {
    let registration = Registration {
        version: Version::new("1.0.0").unwrap(),
        groups: vec![],
        labels: [].into(),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    };
    for command in
        [Command::Register(registration), Command::ChangeStatus { to: Status::Running, reason: None }]
    {
        journal.execute::<Instance>(&instance(name), command, &context()).await.unwrap();
    }
}

/// What comes up to and with the mark, as short texts.
async fn until_live<E: std::fmt::Debug>(
    subscription: &mut Subscription<aegis_domain::Registry, E>,
    text: impl Fn(&Entry<E>) -> String,
) -> Vec<String> {
    let mut said = Vec::new();
    let all = async {
        loop {
            match subscription.next().await {
                Item::Event(entry) => said.push(text(&entry)),
                Item::Live => return,
                Item::Blind => said.push("blind".to_owned()),
                Item::Replaced => said.push("replaced".to_owned()),
                Item::Unreadable { sequence, error, .. } => said.push(format!("{sequence} {error}")),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("the mark never came");
    said
}

fn short(entry: &Entry<aegis_domain::Recorded>) -> String {
    format!("{} {}", entry.sequence, entry.event.envelope.event.entry().name)
}

#[tokio::test]
async fn what_stands_comes_first_then_the_mark_then_what_is_new() {
    let (_server, _, journal) = journal().await;
    let mut of_nothing = journal.subscribe(Selection::default());
    assert_eq!(until_live(&mut of_nothing, short).await, [""; 0], "an empty log is caught up with at once");
    begin(&journal, "a").await;
    begin(&journal, "b").await;
    let mut all = journal.subscribe(Selection::default());
    let expected = ["1 registered", "2 status_changed", "3 registered", "4 status_changed"];
    assert_eq!(until_live(&mut all, short).await, expected);
    begin(&journal, "c").await;
    for subscription in [&mut all, &mut of_nothing] {
        let next = tokio::time::timeout(Duration::from_secs(10), subscription.next()).await.unwrap();
        assert!(matches!(next, Item::Event(_)), "the mark comes once: {next:?}");
    }
}

#[tokio::test]
async fn only_what_is_selected_comes() {
    let (_server, _, journal) = journal().await;
    begin(&journal, "a").await;
    let between = moment(&journal, 2).await;
    begin(&journal, "b").await;
    let select = Selection::default;
    let cases = [
        (select().aggregate(&instance("b")), vec!["3 registered", "4 status_changed"]),
        (
            select()
                .aggregate(&instance("b"))
                .aggregate(&instance("a"))
                .event_type("aegis.instance.registered.v1"),
            vec!["1 registered", "3 registered"],
        ),
        (select().matching("instance.*.a"), vec!["1 registered", "2 status_changed"]),
        (select().matching("definition.>"), vec![]),
        (select().event_type("aegis.instance.expired.v1"), vec![]),
        (select().from(Start::Sequence(Sequence(4))), vec!["4 status_changed"]),
        (select().from(Start::Sequence(Sequence(900))), vec![]),
        (select().from(Start::Time(between)), vec!["2 status_changed", "3 registered", "4 status_changed"]),
        (select().from(Start::Time(DateTime::<Utc>::MAX_UTC)), vec![]),
        (
            select().from(Start::Time(DateTime::<Utc>::MIN_UTC)).aggregate(&instance("a")),
            vec!["1 registered", "2 status_changed"],
        ),
    ];
    for (selection, expected) in cases {
        let what = format!("{selection:?}");
        assert_eq!(until_live(&mut journal.subscribe(selection), short).await, expected, "{what}");
    }
}

/// When the server recorded the event at this sequence.
async fn moment(journal: &Journal, sequence: u64) -> DateTime<Utc> {
    let mut one = journal.subscribe(Selection::default().from(Start::Sequence(Sequence(sequence))));
    let next = one.next().await;
    let entry = if let Item::Event(entry) = next { Some(entry) } else { None };
    entry.unwrap().recorded_at
}

#[tokio::test]
async fn headings_are_read_without_bodies_and_without_knowing_the_type() {
    let (_server, connection, journal) = journal().await;
    begin(&journal, "a").await;
    let subject = connection.namespace().event_subject(&instance("a"));
    connection.jetstream().publish(subject, "junk".into()).await.unwrap().await.unwrap();
    let mut headings = journal.subscribe_headings(Selection::default());
    let text = |entry: &Entry<aegis_domain::Heading>| {
        format!("{} {} {}", entry.event.version, entry.event.event_type, entry.event.aggregate)
    };
    assert_eq!(
        until_live(&mut headings, text).await,
        [
            "1 aegis.instance.registered.v1 instance.echo.a",
            "2 aegis.instance.status_changed.v1 instance.echo.a",
            "3 the header ce-type is missing or malformed"
        ]
    );
}

#[tokio::test]
async fn a_subscription_says_when_it_is_blind_and_when_it_has_caught_up_again() {
    let (server, _, journal) = journal().await;
    begin(&journal, "a").await;
    let mut all = journal.subscribe(Selection::default());
    assert_eq!(until_live(&mut all, short).await.len(), 2);
    server.kill();
    let blind =
        tokio::time::timeout(Duration::from_secs(60), all.next()).await.expect("never said to be blind");
    assert!(matches!(blind, Item::Blind), "{blind:?}");
    server.restart().await;
    let id = AggregateId::Definition(ServiceName::new("echo").unwrap());
    let retire =
        || definition::Command::Retire { expected: aegis_domain::AggregateVersion(1), reason: "x".into() };
    // Refused, and by that a round trip to the restarted server.
    aegis_testkit::wait_until("the server", Duration::from_secs(20), || async {
        match journal.execute::<Definition>(&id, retire(), &context()).await {
            Err(aegis_sdk::journal::ExecuteError::Rejected { .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    begin(&journal, "b").await;
    let after = until_live(&mut all, short).await;
    let events: Vec<_> = after.iter().filter(|text| *text != "blind").collect();
    assert!(events.is_empty() || events[0] == "3 registered", "{after:?}");
    let mut seen = events.len();
    while seen < 2 {
        let next = tokio::time::timeout(Duration::from_secs(20), all.next()).await.unwrap();
        seen += usize::from(matches!(next, Item::Event(_)));
    }
}
