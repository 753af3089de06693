//! A server that goes away, and comes back.

use super::*;

pub(super) async fn a_lost_connection_comes_back_with_its_subscriptions_and_what_waits(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let (_open, mut messages) = heard(&transport, "a");
    let (closed, mut unwanted) = heard(&transport, "b");
    drop(closed);
    assert!(transport.flush(PATIENCE).await);
    for round in 0..3 {
        server.kill();
        lost(&transport).await;
        assert!(!transport.flush(PATIENCE).await, "nobody answers");
        say(&transport, "b", "").unwrap();
        say(&transport, "a", &format!("while it was away {round}")).unwrap();
        server.restart().await;
        assert_eq!(next(&mut messages).await.payload, format!("while it was away {round}"));
        assert!(transport.flush(PATIENCE).await, "each flush has its own answer");
    }
    assert!(messages.try_recv().is_err() && unwanted.try_recv().is_err());
}

pub(super) async fn calls_are_not_kept_for_a_later_connection(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected_that(kind, &server, OnDisconnect::Discard).await;
    let (_open, mut messages) = heard(&transport, "a");
    assert!(transport.flush(PATIENCE).await);
    fill(&transport, &server).await;
    server.kill();
    lost(&transport).await;
    assert_eq!(say(&transport, "a", "never"), Err(PublishError::Lost));
    server.restart().await;
    is_connected(&transport).await;
    say_in_time(&transport, "a", "new").await;
    let mut kept = 0;
    while next(&mut messages).await.payload != "new" {
        kept += 1;
    }
    assert_eq!(kept > 0, Difference::KeepsWhatWaits.is_of(kind), "{kept} were kept");
    assert!(transport.flush(PATIENCE).await && messages.try_recv().is_err());
}

pub(super) async fn a_server_that_takes_nothing_fills_a_bounded_queue(kind: TransportKind) {
    let server = NatsServer::start().await;
    let transport = connected(kind, &server).await;
    let (_open, mut messages) = heard(&transport, "last");
    assert!(transport.flush(PATIENCE).await);
    fill(&transport, &server).await;
    server.resume();
    tokio::time::timeout(PATIENCE, transport.writable()).await.expect("there is room again");
    // Whichever came first: the server has gone on, or was given up and found again.
    say_in_time(&transport, "last", "word").await;
    assert_eq!(next(&mut messages).await.payload, "word");
}

/// Stops the server, and sends until no more is taken. That is soon: what waits is bounded.
async fn fill(transport: &AnyTransport, server: &NatsServer) {
    server.pause();
    let body = "x".repeat(20_000);
    let mut sent = 0;
    // The client library takes messages on a task of its own: only when that has come to rest is its queue full.
    wait_until("no more is taken", PATIENCE, || {
        let before = sent;
        let refused = loop {
            match say(transport, "a", &body) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
            assert!(sent < 5_000, "{sent} messages wait");
        };
        assert_eq!(refused, PublishError::Full);
        let more = sent - before;
        async move { if more == 0 { Ok(()) } else { Err(format!("{more} were")) } }
    })
    .await;
}
