//! What an instance with groups asks of the lease bucket and of the log before it starts.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::{Actor, AggregateId, Context, GroupName, InstanceName, ServiceName, SessionId, Term};
use aegis_sdk::journal::Head;
use aegis_sdk::leadership::bucket::{self, LeaseBucketError};
use aegis_sdk::leadership::history::logged_terms;
use aegis_sdk::nats::provision::ProvisionError;
use aegis_sdk::provision::provision;
use aegis_sdk::{
    CallOptions, Client, ConnectOptions, Connection, Fault, Journal, Service, ServiceConfig, StartError,
    Target,
};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, Source, StorageType, SubjectTransform,
};
use futures_util::StreamExt as _;
use uuid::Uuid;

const BUCKET: &str = "KV_aegis_leases";
const PATIENCE: Duration = Duration::from_secs(10);

async fn open(server: &NatsServer) -> Connection {
    Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap()
}

async fn start(server: &NatsServer, groups: &[&str]) -> Result<Service, StartError> {
    let mut config = ServiceConfig::new("trading-service", "1.0.0").unwrap();
    config.instance = Some(InstanceName::new("t-1").unwrap());
    config.nats_url = server.url();
    config.groups = groups.iter().map(|group| group.parse().unwrap()).collect();
    Service::builder(config)
        .exclusive("term", |call, (): ()| async move { Ok::<_, Fault>(call.tenancy.unwrap().1.get()) })
        .start()
        .await
}

/// The bucket as it is made.
fn sound() -> Config {
    Config {
        name: BUCKET.into(),
        subjects: vec!["$KV.aegis_leases.>".into()],
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        allow_message_ttl: true,
        ..Config::default()
    }
}

fn elected(term: u64) -> LeadershipEvent {
    LeadershipEvent::LeaderElected {
        term: Term(term),
        instance: InstanceName::new("t-0").unwrap(),
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        previous: None,
        reason: ElectionReason::First,
        vacancy_ms: None,
    }
}

async fn log(journal: &Journal, service: &ServiceName, group: &GroupName, terms: &[u64]) {
    let id = AggregateId::Leadership(service.clone(), group.clone());
    let events = terms.iter().map(|term| elected(*term).into()).collect();
    let context = Context::new(Actor::user("test"), chrono::Utc::now());
    journal.append(&id, Head::EMPTY, events, &context).await.unwrap();
}

#[tokio::test]
async fn each_setting_that_would_break_a_promise_is_refused_by_its_name() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let jetstream = connection.jetstream();
    let other = Config { name: "OTHER".into(), subjects: vec!["other".into()], ..Config::default() };
    jetstream.create_stream(other).await.unwrap();
    let source = || Source { name: "OTHER".into(), ..Source::default() };
    let transform = || SubjectTransform { source: "$KV.aegis_leases.>".into(), destination: "lost.>".into() };
    let bare = || Config { subjects: vec![], ..sound() };
    let faults = [
        ("mirror", Config { mirror: Some(source()), discard: DiscardPolicy::Old, ..bare() }),
        ("sources", Config { sources: Some(vec![source()]), ..sound() }),
        ("subjects", Config { subjects: vec!["$KV.aegis_leases.>".into(), "more".into()], ..sound() }),
        ("subject_transform", Config { subject_transform: Some(transform()), ..sound() }),
        ("storage", Config { storage: StorageType::Memory, ..sound() }),
        ("persist_mode", Config { persist_mode: Some(PersistenceMode::Async), ..sound() }),
        ("retention", Config { retention: RetentionPolicy::Interest, ..sound() }),
        ("no_ack", Config { no_ack: true, ..sound() }),
        ("history", Config { max_messages_per_subject: 2, ..sound() }),
        ("discard_new_per_subject", Config { discard_new_per_subject: true, ..sound() }),
        ("discard", Config { discard: DiscardPolicy::Old, max_bytes: 1 << 20, ..sound() }),
        ("discard", Config { discard: DiscardPolicy::Old, max_messages: 100, ..sound() }),
        ("max_msg_size", Config { max_message_size: 512, ..sound() }),
        ("ttl of the bucket", Config { max_age: Duration::from_secs(60), ..sound() }),
        ("allow_msg_ttl", Config { allow_message_ttl: false, ..sound() }),
    ];
    for (at_fault, config) in faults {
        jetstream.create_stream(&config).await.unwrap_or_else(|e| panic!("{at_fault}: {e}"));
        let error = bucket::check(&connection, Term::ZERO).await.unwrap_err();
        let LeaseBucketError::Provision(ProvisionError::Mismatch { setting, .. }) = &error else {
            panic!("{at_fault}: {error:?}");
        };
        assert_eq!(*setting, at_fault);
        assert!(error.to_string().contains("aegis_leases"), "{error}");
        jetstream.delete_stream(BUCKET).await.unwrap();
    }
    for harmless in [
        sound(),
        Config { max_bytes: 1 << 20, max_messages: 100, deny_purge: true, allow_rollup: false, ..sound() },
        Config { discard: DiscardPolicy::Old, ..sound() },
    ] {
        jetstream.create_stream(&harmless).await.unwrap();
        bucket::check(&connection, Term::ZERO).await.unwrap();
        jetstream.delete_stream(BUCKET).await.unwrap();
    }
}

#[tokio::test]
async fn only_an_instance_with_groups_is_refused_on_a_bucket_in_memory() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let config = Config { storage: StorageType::Memory, ..sound() };
    connection.jetstream().create_stream(config).await.unwrap();
    let error = start(&server, &["ACC-1"]).await.unwrap_err();
    assert!(error.to_string().contains("storage must be file"), "{error}");
    start(&server, &[]).await.unwrap().stop("done").await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_lags_behind_the_log_is_refused_and_its_removal_is_the_remedy() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    provision(&connection).await.unwrap();
    let (journal, service) = (Journal::new(&connection), ServiceName::new("trading-service").unwrap());
    // More terms than events: the log was away while the others were in force.
    log(&journal, &service, &"ACC-1".parse().unwrap(), &[1, 40]).await;
    let error = start(&server, &["ACC-1"]).await.unwrap_err();
    assert!(
        matches!(error, StartError::Leases(LeaseBucketError::Behind { term: Term(40), .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains("nats kv del aegis_leases"), "{error}");
    connection.jetstream().delete_stream(BUCKET).await.unwrap();
    let again = start(&server, &["ACC-1"]).await.unwrap();
    let client = Client::new(&connection);
    let target = Target::owner("trading-service", "ACC-1").unwrap();
    let term = client.call::<_, u64>(&target, "term", &(), CallOptions::within(PATIENCE)).await.unwrap().body;
    assert_eq!(term, 41);
    again.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_removed_bucket_is_made_anew_beyond_the_log_and_terms_go_on() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    let journal = Journal::new(&connection);
    let id = AggregateId::Leadership("trading-service".parse().unwrap(), "ACC-1".parse().unwrap());
    for term in 1..=3 {
        let service = start(&server, &["ACC-1"]).await.unwrap();
        wait_until("the term in the log", PATIENCE, || async {
            match journal.load::<Leadership>(&id).await {
                Ok(loaded) if loaded.state.term == Term(term) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        service.stop("done").await.unwrap();
        connection.jetstream().delete_stream(BUCKET).await.unwrap();
    }
    let events = journal.last_sequence().await.unwrap();
    provision(&connection).await.unwrap();
    let bucket = connection.jetstream().get_stream(BUCKET).await.unwrap();
    assert_eq!(bucket.cached_info().config.first_sequence, Some(events.get() + 1));
    assert_eq!(bucket.cached_info().state.last_sequence, events.get());
    provision(&connection).await.unwrap();
}

#[tokio::test]
async fn many_that_start_at_once_make_one_bucket() {
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    let service = ServiceName::new("trading-service").unwrap();
    for round in 1..=10 {
        connection.jetstream().delete_stream(BUCKET).await.unwrap();
        // The log grows meanwhile, so they do not all mean the same first sequence.
        let grows = async {
            for n in 0.. {
                log(&journal, &service, &format!("ACC-{round}-{n}").parse().unwrap(), &[1]).await;
            }
        };
        let starts = futures_util::future::join_all((0..8).map(|_| provision(&connection)));
        let outcomes = tokio::select! {
            () = grows => unreachable!("it grows until all have started"),
            outcomes = starts => outcomes,
        };
        for outcome in outcomes {
            outcome.unwrap();
        }
        bucket::check(&connection, Term(1)).await.unwrap();
    }
}

#[tokio::test]
async fn the_terms_of_ten_thousand_groups_are_read_in_one_pass() {
    const GROUPS: u64 = 10_000;
    let server = NatsServer::start().await;
    let connection = open(&server).await;
    provision(&connection).await.unwrap();
    let (journal, service) = (Journal::new(&connection), ServiceName::new("trading-service").unwrap());
    assert!(logged_terms(&connection, &service).await.unwrap().is_empty());
    let other = ServiceName::new("other-service").unwrap();
    log(&journal, &other, &"ACC-1".parse().unwrap(), &[1, 2]).await;
    let entries = (1..=GROUPS).map(|n| {
        let (journal, service) = (&journal, &service);
        async move {
            let group = format!("ACC-{n}").parse().unwrap();
            log(journal, service, &group, if n % 100 == 0 { &[6, 7] } else { &[1] }).await;
        }
    });
    futures_util::stream::iter(entries).buffer_unordered(128).collect::<Vec<()>>().await;
    let begun = Instant::now();
    let terms = logged_terms(&connection, &service).await.unwrap();
    eprintln!("the terms of {GROUPS} groups were read in {:?}", begun.elapsed());
    assert_eq!(u64::try_from(terms.len()).unwrap(), GROUPS);
    let sum: u64 = terms.values().map(|term| term.get()).sum();
    assert_eq!(sum, GROUPS + 6 * GROUPS / 100);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
