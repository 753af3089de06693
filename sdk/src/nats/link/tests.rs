use std::sync::atomic::AtomicU64;
use std::time::Instant;

use aegis_testkit::{NatsCluster, NatsServer, wait_until};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::*;
use crate::nats::denial::Denials;
use crate::nats::login::Login;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

fn to(url: &str, when_lost: WhenLost) -> Link {
    let (servers, name) = (vec![url.parse().unwrap()], "link".to_owned());
    let address = Address { servers, name, login: Login::Nobody, tls: None, denials: Denials::default() };
    Link::open(address, when_lost, &Handle::current())
}

pub(super) async fn connected(server: &NatsServer) -> Link {
    connected_that(server, WhenLost::Keep).await
}

async fn connected_that(server: &NatsServer, when_lost: WhenLost) -> Link {
    let link = to(&server.url(), when_lost);
    tokio::time::timeout(PATIENCE, link.connected()).await.unwrap();
    link
}

/// What arrives, to be looked at.
fn heard(link: &Link, subject: &str) -> (Subscription, mpsc::UnboundedReceiver<Message>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (link.subscribe(subject, None, move |message| sender.send(message).unwrap_or_default()), receiver)
}

async fn next(messages: &mut mpsc::UnboundedReceiver<Message>) -> Message {
    tokio::time::timeout(PATIENCE, messages.recv()).await.unwrap().unwrap()
}

async fn lost(link: &Link) {
    wait_until("the loss is noticed", PATIENCE, || async {
        let state = *link.shared.state.borrow();
        if state == ConnectionState::Reconnecting { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
}

pub(super) fn say(link: &Link, subject: &str, text: &str) -> Result<(), Unsent> {
    link.publish(&Outgoing::plain(subject, text.as_bytes()), Haste::Soon)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_whole_and_in_order_whoever_writes_them() {
    let server = NatsServer::start().await;
    let (one, two) = (connected_that(&server, WhenLost::Drop).await, connected(&server).await);
    let (_open, mut messages) = heard(&two, "a.*");
    assert!(two.flush(PATIENCE).await);
    let mut headers = Headers::default();
    headers.insert("n", "1");
    let large = vec![b'x'; 700_000];
    for n in 0..500_u32 {
        let body = if n % 100 == 7 { &large[..] } else { b"small" };
        // Now by the caller, now by the driver, and also while the other still writes.
        let haste = if n % 3 == 0 { Haste::Soon } else { Haste::AtOnce };
        let subject = format!("a.{n}");
        let message = Outgoing { subject: &subject, reply: Some("r"), headers: &headers, payload: body };
        one.publish(&message, haste).unwrap();
    }
    for n in 0..500_u32 {
        let message = next(&mut messages).await;
        assert_eq!(message.subject.as_str(), format!("a.{n}"));
        assert_eq!((message.reply.as_deref(), message.headers.get("n")), (Some("r"), Some("1")));
        assert_eq!(message.payload.len(), if n % 100 == 7 { large.len() } else { 5 });
    }
}

#[tokio::test]
async fn one_member_of_a_queue_group_gets_each_message_and_nobody_is_told_of() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let counts = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let members = counts.clone().map(|count| {
        link.subscribe("work", Some("crew".to_owned()), move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        })
    });
    (0..200).for_each(|_| say(&link, "work", "").unwrap());
    assert!(link.flush(PATIENCE).await);
    let [first, second] = counts.map(|count| count.load(Ordering::Relaxed));
    assert_eq!(first + second, 200);
    assert!(first > 0 && second > 0);
    drop(members);
    let (_open, mut told) = heard(&link, "reply");
    link.publish(&Outgoing { reply: Some("reply"), ..Outgoing::plain("work", b"") }, Haste::Soon).unwrap();
    assert!(next(&mut told).await.headers.is_no_responders());
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_loses_nothing_that_the_server_has_taken_for_it() {
    let server = NatsServer::start().await;
    let (sender, taker) = (connected(&server).await, connected(&server).await);
    for _ in 0..20 {
        let (open, mut messages) = heard(&taker, "flood");
        assert!(taker.flush(PATIENCE).await);
        (0..5_000).for_each(|_| say(&sender, "flood", "x").unwrap());
        assert!(sender.flush(PATIENCE).await);
        assert!(open.close(PATIENCE).await);
        // All were handed over by now, and none comes after.
        let mut count = 0;
        while messages.try_recv().is_ok() {
            count += 1;
        }
        assert_eq!(count, 5_000);
        say(&sender, "flood", "late").unwrap();
        assert!(sender.flush(PATIENCE).await && taker.flush(PATIENCE).await);
        assert!(messages.try_recv().is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_comes_back_with_its_subscriptions_and_what_waits() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let (_open, mut messages) = heard(&link, "a");
    let (closed, mut unwanted) = heard(&link, "b");
    drop(closed);
    assert!(link.flush(PATIENCE).await);
    for round in 0..3 {
        server.kill();
        lost(&link).await;
        assert!(!link.flush(PATIENCE).await, "nobody answers");
        say(&link, "b", "").unwrap();
        say(&link, "a", &format!("while it was away {round}")).unwrap();
        server.restart().await;
        assert_eq!(next(&mut messages).await.payload, format!("while it was away {round}"));
        assert!(link.flush(PATIENCE).await, "each PING has its own answer");
    }
    assert!(messages.try_recv().is_err() && unwanted.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_not_kept_for_a_later_connection() {
    let server = NatsServer::start().await;
    let link = connected_that(&server, WhenLost::Drop).await;
    let (_open, mut messages) = heard(&link, "a");
    assert!(link.flush(PATIENCE).await);
    server.pause();
    let body = "x".repeat(500_000);
    wait_until("some of it waits here, since the server takes nothing", PATIENCE, || async {
        let waiting = link.shared.out().buffer.len();
        if waiting > 2 * body.len() {
            return Ok(());
        }
        say(&link, "other", &body).unwrap();
        Err(format!("{waiting} bytes"))
    })
    .await;
    say(&link, "a", "late").unwrap();
    server.kill();
    lost(&link).await;
    assert_eq!(say(&link, "a", "never"), Err(Unsent::Lost));
    server.restart().await;
    tokio::time::timeout(PATIENCE, link.connected()).await.unwrap();
    say(&link, "a", "new").unwrap();
    assert_eq!(next(&mut messages).await.payload, "new");
    assert!(link.flush(PATIENCE).await && messages.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_nothing_fills_a_bounded_buffer() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let (_open, mut messages) = heard(&link, "last");
    assert!(link.flush(PATIENCE).await);
    server.pause();
    let body = "x".repeat(500_000);
    let full = wait_until("no room", PATIENCE, || async {
        say(&link, "a", &body).err().ok_or_else(|| "there is room".to_owned())
    })
    .await;
    assert_eq!(full, Unsent::Full);
    assert!(link.shared.out().buffer.len() < WAITING_MAX + 2 * body.len());
    server.resume();
    tokio::time::timeout(PATIENCE, link.room()).await.unwrap();
    // Whichever came first: the server has gone on, or was given up and found again.
    say(&link, "last", "word").unwrap();
    assert_eq!(next(&mut messages).await.payload, "word");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_disturbs_nothing() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let (_open, mut messages) = heard(&link, "a");
    let large = "x".repeat(2 << 20);
    assert!(matches!(say(&link, "a", &large), Err(Unsent::TooLarge { size, .. }) if size == large.len()));
    for subject in ["", "a b", "a\r\nPUB b 0\r\n", "a\tb", &"x".repeat(2_000)] {
        assert_eq!(say(&link, subject, ""), Err(Unsent::BadSubject), "{subject:?}");
        let reply = Outgoing { reply: Some(subject), ..Outgoing::plain("a", b"") };
        let sent = link.publish(&reply, Haste::Soon);
        assert_eq!(sent, Err(Unsent::BadSubject), "{subject:?}");
    }
    say(&link, "a", "fine").unwrap();
    assert_eq!(next(&mut messages).await.payload, "fine");
}

#[tokio::test]
async fn a_panic_over_one_message_is_no_end_of_the_link() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let _bad = link.subscribe("bad", None, |message| assert!(message.payload.is_empty(), "as it is meant"));
    let (_open, mut messages) = heard(&link, "good");
    say(&link, "bad", "panic").unwrap();
    say(&link, "good", "on").unwrap();
    assert_eq!(next(&mut messages).await.payload, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_cluster_the_servers_that_were_not_named_are_found_when_the_named_one_is_gone() {
    let cluster = NatsCluster::start(3).await;
    let link = connected(cluster.node(0)).await;
    let heard = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&heard);
    let _open = link.subscribe("a", None, move |_| {
        noted.fetch_add(1, Ordering::SeqCst);
    });
    assert!(link.flush(PATIENCE).await);
    cluster.kill(0);
    lost(&link).await;
    tokio::time::timeout(PATIENCE, link.connected()).await.unwrap();
    // The servers tell each other of a subscription a moment later.
    let other = cluster.node(1).client().await;
    wait_until("a message from another server", PATIENCE, || async {
        other.publish("a", "".into()).await.map_err(|error| error.to_string())?;
        other.flush().await.map_err(|error| error.to_string())?;
        if heard.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err("none yet".to_owned()) }
    })
    .await;
}

#[tokio::test]
async fn who_does_not_speak_nats_is_left_and_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let link = to(&url, WhenLost::Drop);
    for greeting in
        [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"INFO {\r\n", b"INFO {}\r\nMSG a 1 99999999999\r\n", b"\xff\xfe"]
    {
        let (mut socket, _) = tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, greeting).await.unwrap();
    }
    assert_eq!(*link.shared.state.borrow(), ConnectionState::Reconnecting);
}

#[tokio::test]
async fn the_last_clone_closes_it() {
    let server = NatsServer::start().await;
    let link = connected(&server).await;
    let shared = Arc::downgrade(&link.shared);
    let clone = link.clone();
    drop(link);
    assert!(clone.flush(PATIENCE).await);
    drop(clone);
    let begun = Instant::now();
    wait_until("the task ends", PATIENCE, || async {
        shared.upgrade().is_none().then_some(()).ok_or_else(|| format!("after {:?}", begun.elapsed()))
    })
    .await;
}
