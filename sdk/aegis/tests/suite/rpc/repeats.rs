//! Copies of one call, by its id: each is answered, and the work is done once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aegis_domain::ErrorCode;
use aegis_sdk::{Call, Connection, Fault, Service, Target};
use aegis_testkit::NatsServer;
use async_nats::{HeaderMap, Message, Subscriber};
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use super::{PATIENCE, config, start};

/// Sends a copy of the call with this id, which waits so long; its answer comes here.
async fn send(connection: &Connection, method: &str, timeout_ms: &str, inbox: Option<&str>) -> Subscriber {
    let client = connection.client();
    let mut headers = HeaderMap::new();
    headers.insert("Aegis-Request-Id", "order-7");
    headers.insert("Aegis-Timeout-Ms", timeout_ms);
    if let Some(inbox) = inbox {
        headers.insert("Aegis-Stream", inbox);
        headers.insert("Aegis-Stream-Credit", "10");
    }
    let reply_to = client.new_inbox();
    let answers = client.subscribe(reply_to.clone()).await.unwrap();
    let subject = format!("rpc.desk.ACC-1.{method}");
    client.publish_with_reply_and_headers(subject, reply_to, headers, "null".into()).await.unwrap();
    answers
}

async fn answer(mut answers: Subscriber) -> Message {
    tokio::time::timeout(PATIENCE, answers.next()).await.expect("an answer").unwrap()
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.as_ref()?.get(name).map(|value| value.as_str())
}

/// Handlers that have begun, and leave for them to go on.
#[derive(Clone)]
struct Gate {
    begun: Arc<AtomicU64>,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { begun: Arc::default(), entered: closed(), open: closed() }
    }

    /// Waits until a handler has begun.
    async fn entered(&self) {
        tokio::time::timeout(PATIENCE, self.entered.acquire()).await.expect("a call").unwrap().forget();
    }

    async fn pass(self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.entered.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }
}

/// A service with a method and a stream that wait at the gate, and the group that both are called for.
async fn desk(server: &NatsServer, gate: &Gate) -> (Service, Connection) {
    let mut config = config(server, "desk");
    config.groups = vec!["ACC-1".parse().unwrap()];
    let (once, many) = (gate.clone(), gate.clone());
    let builder = Service::builder(config)
        .exclusive("who", |_: Call, (): ()| async { Ok::<_, Fault>(()) })
        .exclusive("sell", move |_: Call, (): ()| {
            let gate = once.clone();
            async move {
                gate.pass().await;
                Ok::<_, Fault>(1)
            }
        })
        .exclusive_stream("ticks", move |_: Call, (): ()| {
            let gate = many.clone();
            async move {
                gate.pass().await;
                Ok::<_, Fault>(stream::iter([Ok(1_u64), Ok(2)]))
            }
        });
    let (service, client, connection) = start(server, builder).await;
    // From then on the group is served.
    let owner = Target::owner("desk", "ACC-1").unwrap();
    client.call::<_, ()>(&owner, "who", &(), PATIENCE).await.unwrap();
    (service, connection)
}

#[tokio::test]
async fn copies_of_a_call_for_a_stream_are_told_the_one_stream() {
    let server = NatsServer::start().await;
    let gate = Gate::new();
    let (service, connection) = desk(&server, &gate).await;
    let inbox = connection.client().new_inbox();
    let mut messages = connection.client().subscribe(inbox.clone()).await.unwrap();
    let first = send(&connection, "ticks", "10000", Some(&inbox)).await;
    gate.entered().await;
    let second = send(&connection, "ticks", "10000", Some(&inbox)).await;
    connection.client().flush().await.unwrap();
    gate.open.add_permits(1);
    let (first, second) = (answer(first).await, answer(second).await);
    let control = header(&first, "Aegis-Stream").map(str::to_owned);
    assert!(control.is_some(), "{first:?}");
    assert_eq!(header(&second, "Aegis-Stream"), control.as_deref(), "{second:?}");
    let third = answer(send(&connection, "ticks", "10000", Some(&inbox)).await).await;
    assert_eq!(header(&third, "Aegis-Stream"), control.as_deref(), "{third:?}");
    let mut bodies = vec![];
    loop {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await.expect("the end").unwrap();
        if header(&message, "Aegis-Stream-End").is_some() {
            break;
        }
        bodies.push(message.payload);
    }
    assert_eq!((bodies, gate.begun.load(Ordering::SeqCst)), (vec!["1".into(), "2".into()], 1));
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_copy_waits_for_the_first_one_no_longer_than_its_own_caller_does() {
    let server = NatsServer::start().await;
    let gate = Gate::new();
    let (service, connection) = desk(&server, &gate).await;
    let first = send(&connection, "sell", "60000", None).await;
    gate.entered().await;
    let second = answer(send(&connection, "sell", "50", None).await).await;
    let code = header(&second, "Nats-Service-Error-Code");
    assert_eq!(code, Some(ErrorCode::OutcomeUnknown.as_str()), "{second:?}");
    gate.open.add_permits(1);
    assert_eq!(answer(first).await.payload, "1");
    let third = answer(send(&connection, "sell", "50", None).await).await;
    assert_eq!((third.payload, gate.begun.load(Ordering::SeqCst)), ("1".into(), 1));
    service.stop("done").await.unwrap();
}
