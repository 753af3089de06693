//! Names that could be taken for one another: each is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aegis_domain::wire::header;
use aegis_domain::{InstanceName, ServiceName};
use aegis_sdk::events::SubscribeError;
use aegis_sdk::{
    CommandContext, Commands, EventContext, Fault, SendOptions, Service, ServiceConfig, Start, StartError,
    Subscribe,
};
use async_nats::jetstream::consumer::pull;

use crate::events::{PATIENCE, Seen, Stage, noting};

fn of(stage: &Stage, service: &str) -> ServiceConfig {
    ServiceConfig { service: ServiceName::new(service).unwrap(), ..stage.config(&format!("{service}-1")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_and_subscriptions_whose_names_join_to_one_text_have_a_consumer_each() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let first = noting(of(&stage, "orders"), Subscribe::to("test.a").named("audit-log"), &seen).await;
    let second = noting(of(&stage, "orders-audit"), Subscribe::to("test.b").named("log"), &seen).await;
    stage.publish("a", 0..5).await;
    stage.publish("b", 5..10).await;
    seen.wait(10).await;
    assert_eq!(seen.by("orders-1"), [0, 1, 2, 3, 4]);
    assert_eq!(seen.by("orders-audit-1"), [5, 6, 7, 8, 9]);
    first.stop("the test ends").await.unwrap();
    second.stop("the test ends").await.unwrap();
}

#[tokio::test]
async fn a_consumer_of_somebody_else_is_refused_and_left_as_it_is() {
    let stage = Stage::start().await;
    let jetstream = stage.connection.jetstream();
    let foreign = pull::Config {
        durable_name: Some("orders-log".to_owned()),
        filter_subject: "events.test.other".to_owned(),
        ..pull::Config::default()
    };
    jetstream.create_consumer_on_stream(foreign, "EVENTS").await.unwrap();
    let handler = |_: EventContext, _: u64| std::future::ready(Ok::<_, Fault>(()));
    let refused = Service::builder(of(&stage, "orders"))
        .on_event(Subscribe::to("test.a").named("log"), handler)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(refused, StartError::Events(SubscribeError::Taken(_))), "{refused}");
    assert!(refused.to_string().contains("orders-log"), "{refused}");
    let stands: async_nats::jetstream::consumer::PullConsumer =
        jetstream.get_consumer_from_stream("orders-log", "EVENTS").await.unwrap();
    assert_eq!(stands.cached_info().config.filter_subject, "events.test.other");
}

#[tokio::test]
async fn a_subscription_goes_on_where_its_consumer_of_the_former_name_was() {
    let stage = Stage::start().await;
    let former = pull::Config {
        durable_name: Some("orders-audit-log".to_owned()),
        filter_subject: "events.test.a".to_owned(),
        ..pull::Config::default()
    };
    let former = stage.connection.jetstream().create_consumer_on_stream(former, "EVENTS").await.unwrap();
    stage.publish("a", 0..3).await;
    let mut messages = former.messages().await.unwrap();
    for _ in 0..2 {
        let message = futures_util::StreamExt::next(&mut messages).await.unwrap().unwrap();
        message.double_ack().await.unwrap();
    }
    drop(messages);
    let (service, instance) = (ServiceName::new("orders").unwrap(), InstanceName::new("o-1").unwrap());
    let subscribe = Subscribe::to("test.a").named("audit-log").from(Start::New);
    let mut subscription = stage.events.subscribe(&service, &instance, subscribe).await.unwrap();
    let delivery = tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
    assert_eq!(delivery.event.decode::<u64>().unwrap(), 2, "what was not acknowledged, and nothing before");
    delivery.ack();
    // A dead letter of then is redriven to the name of then.
    let stream = stage.connection.jetstream().get_stream("EVENTS").await.unwrap();
    let stored = stream.get_raw_message(3).await.unwrap();
    for to in ["orders-other", "orders-audit-log"] {
        let mut headers = stored.headers.clone();
        // One that is known by its message id already would not be stored.
        headers.insert("Nats-Msg-Id", to);
        headers.insert(header::FOR_CONSUMER, to);
        let sent = stage.connection.jetstream().publish_with_headers(
            "events.test.a",
            headers,
            stored.payload.clone(),
        );
        sent.await.unwrap().await.unwrap();
    }
    let delivery = tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
    assert_eq!(delivery.event.sequence, Some(5), "that of another is passed over");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_names_a_command_of_each_service() {
    let stage = Stage::start().await;
    let mut services = vec![];
    let ran = Arc::new(AtomicU64::new(0));
    for (name, factor) in [("a", 10), ("b", 100)] {
        let ran = Arc::clone(&ran);
        let service =
            Service::builder(of(&stage, name)).command("times", move |_: CommandContext, n: u64| {
                ran.fetch_add(1, Ordering::SeqCst);
                std::future::ready(Ok::<_, Fault>(n * factor))
            });
        services.push(service.start().await.unwrap());
    }
    let commands = Commands::new(&stage.connection);
    let mut handles = vec![];
    for name in ["a", "b"] {
        let options = SendOptions { id: Some("o-1".to_owned()), ..SendOptions::default() };
        let handle = commands.send(&ServiceName::new(name).unwrap(), "times", &3_u64, options).await.unwrap();
        assert!(!handle.is_duplicate());
        handles.push(handle);
    }
    let mut results = vec![];
    for handle in &mut handles {
        results.push(tokio::time::timeout(PATIENCE, handle.result::<u64>()).await.unwrap().unwrap());
    }
    assert_eq!((results, ran.load(Ordering::SeqCst)), (vec![30, 300], 2));
    // Calling one off leaves the other as it is.
    let b = ServiceName::new("b").unwrap();
    assert!(!commands.cancel(&b, "o-1", "too late").await.unwrap());
    for service in services {
        service.stop("the test ends").await.unwrap();
    }
}
