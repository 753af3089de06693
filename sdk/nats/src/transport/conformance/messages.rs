//! Messages on one connection that stands.

use super::*;
use crate::denial;
use crate::inbox::Inbox;

pub(super) async fn messages_arrive_whole_and_in_order_whoever_writes_them(kind: TransportKind) {
    let server = NatsServer::start().await;
    let one = connected_that(kind, &server, OnDisconnect::Discard).await;
    let two = connected(kind, &server).await;
    let (_open, mut messages) = heard(&two, "a.*");
    assert!(two.flush(PATIENCE).await);
    let mut headers = Headers::default();
    headers.insert("n", "1");
    headers.insert("Aegis-B", "two: words");
    let large = vec![b'x'; 700_000];
    for n in 0..500_u32 {
        let body = if n % 100 == 7 { &large[..] } else { b"small" };
        // Now by the caller, now by the write loop, and also while the other still writes.
        let flush = if n % 3 == 0 { FlushMode::Batched } else { FlushMode::Immediate };
        let subject = format!("a.{n}");
        let message = Outgoing { subject: &subject, reply: Some("r"), headers: &headers, payload: body };
        one.publish(&message, flush).unwrap();
    }
    for n in 0..500_u32 {
        let message = next(&mut messages).await;
        assert_eq!(message.subject.as_str(), format!("a.{n}"));
        assert_eq!((message.reply.as_deref(), message.headers.get("n")), (Some("r"), Some("1")));
        assert_eq!(message.headers.get("Aegis-B"), Some("two: words"));
        assert_eq!(message.payload.len(), if n % 100 == 7 { large.len() } else { 5 });
    }
}

pub(super) async fn one_member_of_a_queue_group_gets_each_message_and_nobody_is_told_of(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let counts = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let members =
        counts.each_ref().map(|count| transport.subscribe("work", Some("crew".to_owned()), counting(count)));
    (0..200).for_each(|_| say(&transport, "work", "").unwrap());
    let both = || counts.each_ref().map(|count| count.load(Ordering::SeqCst));
    wait_until("all are handed over", PATIENCE, || async {
        let [first, second] = both();
        if first + second == 200 { Ok(()) } else { Err(format!("{first} and {second}")) }
    })
    .await;
    assert!(both().into_iter().all(|count| count > 0), "{:?}", both());
    for member in members {
        assert!(member.close(PATIENCE).await);
    }
    let (_open, mut told) = heard(&transport, "reply");
    let nobody = Outgoing { reply: Some("reply"), ..Outgoing::plain("work", b"") };
    transport.publish(&nobody, FlushMode::Batched).unwrap();
    assert!(next(&mut told).await.headers.is_no_responders());
}

pub(super) async fn a_request_is_answered_in_its_inbox(kind: TransportKind) {
    let server = NatsServer::start().await;
    let serving = connected(kind, &server).await;
    let calling = connected_that(kind, &server, OnDisconnect::Discard).await;
    let replying = serving.clone();
    let _served = serving.subscribe_to_requests("double", move |message| {
        let (reply, body) = (message.reply.unwrap(), [&message.payload[..], &message.payload[..]].concat());
        replying.publish(&Outgoing::plain(&reply, &body), FlushMode::Batched).unwrap();
    });
    assert!(serving.flush(PATIENCE).await);
    let open = Inbox::open(&calling, &Handle::current());
    let request = async |subject: &str, body: &str| {
        let ticket = open.inbox().ticket(denial::tag(subject), Instant::now() + PATIENCE);
        let reply_to = ticket.subject();
        assert!(reply_to.as_str().starts_with("_INBOX."), "permissions name this prefix: {reply_to:?}");
        let request =
            Outgoing { reply: Some(reply_to.as_str()), ..Outgoing::plain(subject, body.as_bytes()) };
        calling.publish(&request, FlushMode::Immediate).unwrap();
        ticket.await.expect("it is answered in time")
    };
    for body in ["one", "two"] {
        assert_eq!(request("double", body).await.payload, body.repeat(2));
    }
    assert!(request("nobody", "").await.headers.is_no_responders());
    assert_ne!(calling.new_inbox(), calling.new_inbox());
}

pub(super) async fn closing_hands_over_what_is_on_its_way_and_nothing_after(kind: TransportKind) {
    let server = NatsServer::start().await;
    let (sender, taker) = (connected(kind, &server).await, connected(kind, &server).await);
    for _ in 0..20 {
        let (open, mut messages) = heard(&taker, "flood");
        assert!(taker.flush(PATIENCE).await);
        for _ in 0..5 {
            (0..1_000).for_each(|_| say(&sender, "flood", "x").unwrap());
            assert!(sender.flush(PATIENCE).await);
        }
        assert!(open.close(PATIENCE).await);
        // All were handed over by now, and none comes after.
        let mut count = 0;
        while messages.try_recv().is_ok() {
            count += 1;
        }
        match Difference::DropsWhatIsOnItsWayAtAClose.is_of(kind) {
            true => assert!((1..=5_000).contains(&count), "{count}"),
            false => assert_eq!(count, 5_000),
        }
        say(&sender, "flood", "late").unwrap();
        assert!(sender.flush(PATIENCE).await && taker.flush(PATIENCE).await);
        assert!(messages.try_recv().is_err());
    }
}

pub(super) async fn what_cannot_be_sent_is_refused_and_disturbs_nothing(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let (_open, mut messages) = heard(&transport, "a");
    let large = "x".repeat(2 << 20);
    let refused = say(&transport, "a", &large);
    assert!(
        matches!(refused, Err(PublishError::TooLarge { size, .. }) if size == large.len()),
        "{refused:?}"
    );
    for subject in ["", "a b", "a\r\nPUB b 0\r\n", "a\tb", &"x".repeat(2_000)] {
        assert_eq!(say(&transport, subject, ""), Err(PublishError::BadSubject), "{subject:?}");
        let reply = Outgoing { reply: Some(subject), ..Outgoing::plain("a", b"") };
        let sent = transport.publish(&reply, FlushMode::Batched);
        assert_eq!(sent, Err(PublishError::BadSubject), "{subject:?}");
    }
    say(&transport, "a", "fine").unwrap();
    assert_eq!(next(&mut messages).await.payload, "fine");
}

pub(super) async fn a_panic_over_one_message_is_no_end_of_the_transport(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let count = Arc::new(AtomicU64::new(0));
    let counting = counting(&count);
    let _open = transport.subscribe("a", None, move |message| {
        assert!(message.payload.is_empty(), "as it is meant");
        counting(message);
    });
    say(&transport, "a", "panic").unwrap();
    say(&transport, "a", "").unwrap();
    counted("the next one is handed over", &count, 1).await;
}

pub(super) async fn the_last_clone_closes_it(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let (open, _messages) = heard(&transport, "a");
    let clone = transport.clone();
    drop(transport);
    assert!(clone.flush(PATIENCE).await);
    drop((clone, open));
    wait_until("the connection ends", PATIENCE, || async {
        let connections = server.connections().await.map_err(|error| error.to_string())?;
        if connections == 0 { Ok(()) } else { Err(format!("{connections} connections")) }
    })
    .await;
}
