//! Streams of replies: in order, no faster than they are taken, and no longer than both sides are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_sdk::{Call, CallError, CallOptions, Codec, Fault, Replies, Service, Target};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::{Stream, StreamExt as _, stream};

use super::{PATIENCE, any, config, start};

/// Counts up, and tells how far it has come and whether it was dropped.
#[derive(Clone, Default)]
struct Counter {
    made: Arc<AtomicU64>,
    dropped: Arc<AtomicBool>,
}

struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Counter {
    fn upto(&self, end: u64) -> impl Stream<Item = Result<u64, Fault>> + Send + use<> {
        let (made, dropped) = (Arc::clone(&self.made), Dropped(Arc::clone(&self.dropped)));
        stream::iter(1..=end).map(move |n| {
            let _whole = &dropped;
            made.store(n, Ordering::SeqCst);
            Ok(n)
        })
    }
}

async fn until(what: &str, seen: impl Fn() -> bool) {
    wait_until(what, PATIENCE, || {
        std::future::ready(if seen() { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await;
}

fn counting(server: &NatsServer, counter: &Counter) -> aegis_sdk::Builder {
    let counter = counter.clone();
    Service::builder(config(server, "feed")).rpc_stream("count", move |_: Call, end: u64| {
        let items = counter.upto(end);
        async move { Ok::<_, Fault>(items) }
    })
}

#[tokio::test]
async fn everything_comes_in_order_in_either_codec_and_then_the_end() {
    let server = NatsServer::start().await;
    let (service, client, _connection) = start(&server, counting(&server, &Counter::default())).await;
    let own = Target::Instance(service.name().clone(), service.instance().clone());
    for (target, codec, window) in
        [(any("feed"), Codec::Json, 64), (any("feed"), Codec::MessagePack, 2), (own, Codec::Json, 4_096)]
    {
        let options = CallOptions::within(PATIENCE).codec(codec).window(window);
        let replies: Replies<u64> = client.stream(&target, "count", &5_000_u64, options).await.unwrap();
        let items: Vec<_> = replies.map(Result::unwrap).collect().await;
        assert!(items.iter().copied().eq(1..=5_000), "{} with {codec:?}", items.len());
    }
    let mut none: Replies<u64> = client.stream(&any("feed"), "count", &0_u64, PATIENCE).await.unwrap();
    assert_eq!(none.next().await, None);
    assert_eq!(none.next().await, None, "it stays at its end");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_service_runs_no_further_ahead_than_the_window_and_stops_when_the_caller_is_gone() {
    let server = NatsServer::start().await;
    let counter = Counter::default();
    let (service, client, _connection) = start(&server, counting(&server, &counter)).await;
    let options = CallOptions::within(PATIENCE).window(10);
    let mut replies: Replies<u64> = client.stream(&any("feed"), "count", &u64::MAX, options).await.unwrap();
    until("a full window", || counter.made.load(Ordering::SeqCst) == 10).await;
    for n in 1..=100 {
        assert_eq!(replies.next().await, Some(Ok(n)));
        let ahead = counter.made.load(Ordering::SeqCst) - n;
        assert!(ahead <= 10, "{ahead} ahead");
    }
    assert!(!counter.dropped.load(Ordering::SeqCst));
    drop(replies);
    until("the end of the work", || counter.dropped.load(Ordering::SeqCst)).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_caller_that_vanishes_without_a_word_is_noticed_at_the_next_message() {
    let server = NatsServer::start().await;
    let counter = Counter::default();
    let (service, _client, connection) = start(&server, counting(&server, &counter)).await;
    // By hand: it asks, and listens to nothing.
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Aegis-Stream", "_INBOX.nobody.listens");
    headers.insert("Aegis-Stream-Credit", "1000000");
    let reply =
        connection.client().request_with_headers("rpc.feed.count", headers, "1000000".into()).await.unwrap();
    assert!(reply.headers.unwrap().get("Aegis-Stream").is_some());
    until("the end of the work", || counter.dropped.load(Ordering::SeqCst)).await;
    assert!(counter.made.load(Ordering::SeqCst) < 1_000_000);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn errors_and_panics_are_the_last_message() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "feed"))
        .rpc_stream("refuse", |_: Call, (): ()| async {
            Err::<stream::Empty<Result<u64, Fault>>, _>(Fault::new("NO", "never"))
        })
        .rpc_stream("fail", |_: Call, (): ()| async {
            Ok::<_, Fault>(stream::iter([Ok(1_u64), Err(Fault::new("HALFWAY", "no more")), Ok(2)]))
        })
        .rpc_stream("panic", |_: Call, numbers: Vec<u64>| async {
            Ok::<_, Fault>(stream::iter(0..).map(move |n| Ok(numbers[n])))
        })
        .rpc("once", |_: Call, (): ()| async { Ok::<_, Fault>(1_u64) });
    let (service, client, _connection) = start(&server, builder).await;
    let refused = client.stream::<_, u64>(&any("feed"), "refuse", &(), PATIENCE).await.unwrap_err();
    assert_eq!(refused.code(), "NO");
    let replies: Replies<u64> = client.stream(&any("feed"), "fail", &(), PATIENCE).await.unwrap();
    let told: Vec<_> = replies.map(|item| item.map_err(|error| error.code().to_owned())).collect().await;
    assert_eq!(told, [Ok(1), Err("HALFWAY".to_owned())]);
    let replies: Replies<u64> = client.stream(&any("feed"), "panic", &[7_u64, 8], PATIENCE).await.unwrap();
    let told: Vec<_> = replies.map(|item| item.map_err(|error| error.code().to_owned())).collect().await;
    assert_eq!(told, [Ok(7), Ok(8), Err(ErrorCode::HandlerFailed.as_str().to_owned())]);
    // One kind is not the other.
    let misfit = client.stream::<_, u64>(&any("feed"), "once", &(), PATIENCE).await.unwrap_err();
    assert!(matches!(misfit, CallError::Decode { .. }), "{misfit:?}");
    let misfit = client.call::<_, u64>(&any("feed"), "fail", &(), PATIENCE).await.unwrap_err();
    assert_eq!(misfit.code(), ErrorCode::InvalidInput.as_str());
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_lost_message_breaks_the_stream_off() {
    let server = NatsServer::start().await;
    let connection =
        aegis_sdk::Connection::open(aegis_sdk::ConnectOptions::new(server.url(), "test")).await.unwrap();
    let nats = connection.client().clone();
    let mut calls = nats.subscribe("rpc.feed.count").await.unwrap();
    // A service that leaves the second message out.
    let feed = tokio::spawn(async move {
        let call = calls.next().await.unwrap();
        let inbox = call.headers.as_ref().unwrap().get("Aegis-Stream").unwrap().to_string();
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Aegis-Stream", "_INBOX.control");
        nats.publish_with_headers(call.reply.unwrap(), headers, "".into()).await.unwrap();
        for number in [1, 3] {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Aegis-Stream-Sequence", number.to_string());
            nats.publish_with_headers(inbox.clone(), headers, number.to_string().into()).await.unwrap();
        }
    });
    let client = aegis_sdk::Client::new(&connection);
    let replies: Replies<u64> = client.stream(&any("feed"), "count", &9_u64, PATIENCE).await.unwrap();
    let told: Vec<_> = replies.collect().await;
    feed.await.unwrap();
    assert_eq!((told.len(), &told[0]), (2, &Ok(1)));
    assert!(matches!(told[1], Err(CallError::Broken { received: 1, .. })), "{told:?}");
}

#[tokio::test]
async fn the_stream_of_a_group_ends_when_the_group_passes_on_and_any_when_the_service_stops() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "feed");
    config.groups = vec!["ACC-1".parse().unwrap()];
    let builder = Service::builder(config)
        .exclusive_stream("ticks", |_: Call, (): ()| async {
            Ok::<_, Fault>(stream::iter([Ok(1_u64)]).chain(stream::pending()))
        })
        .rpc_stream("all", |_: Call, (): ()| async {
            Ok::<_, Fault>(stream::iter([Ok(1_u64)]).chain(stream::pending()))
        });
    let (service, client, _connection) = start(&server, builder).await;
    let owner = Target::owner("feed", "ACC-1").unwrap();
    let mut ticks: Replies<u64> = client.stream(&owner, "ticks", &(), PATIENCE).await.unwrap();
    let mut all: Replies<u64> = client.stream(&any("feed"), "all", &(), PATIENCE).await.unwrap();
    assert_eq!((ticks.next().await, all.next().await), (Some(Ok(1)), Some(Ok(1))));
    let begun = std::time::Instant::now();
    service.stop("done").await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "the stop waited for a stream: {:?}",
        begun.elapsed()
    );
    let code = |told: Option<Result<u64, CallError>>| told.unwrap().unwrap_err().code().to_owned();
    let (ticks, all) = (code(ticks.next().await), code(all.next().await));
    assert!(
        [ErrorCode::NotActive, ErrorCode::Unavailable].iter().any(|code| ticks == code.as_str()),
        "{ticks}"
    );
    assert_eq!(all, ErrorCode::Unavailable.as_str());
}

#[tokio::test]
async fn the_time_of_a_call_ends_with_the_beginning_of_its_stream() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "feed")).rpc_stream("later", |call: Call, (): ()| async {
        Ok::<_, Fault>(stream::once(async move {
            // The caller would have given up an opening by then.
            tokio::time::sleep_until((call.deadline.unwrap() + Duration::from_millis(1)).into()).await;
            let ended = tokio::time::timeout(Duration::from_millis(50), call.cancelled()).await.is_ok();
            Ok((call.is_cancelled(), ended))
        }))
    });
    let (service, client, _connection) = start(&server, builder).await;
    let options = CallOptions::within(Duration::from_millis(400));
    let mut replies: Replies<(bool, bool)> =
        client.stream(&any("feed"), "later", &(), options).await.unwrap();
    assert_eq!(replies.next().await, Some(Ok((false, false))), "the caller waits as long as it listens");
    assert_eq!(replies.next().await, None);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_handler_is_told_when_the_caller_of_its_stream_has_gone() {
    let server = NatsServer::start().await;
    let told = Arc::new(AtomicBool::new(false));
    let telling = Arc::clone(&told);
    let builder = Service::builder(config(&server, "feed")).rpc_stream("work", move |call: Call, (): ()| {
        let telling = Arc::clone(&telling);
        tokio::spawn(async move {
            call.cancelled().await;
            telling.store(call.is_cancelled(), Ordering::SeqCst);
        });
        async { Ok::<_, Fault>(stream::iter([Ok(1_u64)]).chain(stream::pending())) }
    });
    let (service, client, _connection) = start(&server, builder).await;
    let options = CallOptions::within(PATIENCE * 6);
    let mut replies: Replies<u64> = client.stream(&any("feed"), "work", &(), options).await.unwrap();
    assert_eq!(replies.next().await, Some(Ok(1)));
    assert!(!told.load(Ordering::SeqCst));
    drop(replies);
    until("the handler to be told", || told.load(Ordering::SeqCst)).await;
    service.stop("done").await.unwrap();
}
