//! What does not fit.

use std::sync::Mutex;
use std::sync::mpsc;

use super::*;

const FLOOD: u64 = 100_000;

pub(super) async fn a_sink_that_stands_still_holds_nobody_up_for_ever_and_no_more_than_a_bound(
    kind: TransportKind,
) {
    let server =
        NatsServer::builder().config("max_pending: 1048576\nwrite_deadline: \"1s\"").local().start().await;
    let address = address(&server.url(), None, None);
    let dropped = Arc::clone(&address.slow_consumers);
    let transport = open(kind, address, OnDisconnect::Buffer);
    is_connected(&transport).await;
    let (go_on, stands_still) = mpsc::channel::<()>();
    let (stands_still, taken) = (Mutex::new(stands_still), Arc::new(AtomicU64::new(0)));
    let counting = counting(&taken);
    let _open = transport.subscribe("flood", None, move |message| {
        counting(message);
        // Its thread stands still until the test lets it go on; others of the runtime take its tasks.
        let _gone_on = tokio::task::block_in_place(|| stands_still.lock().unwrap().recv());
    });
    assert!(transport.flush(PATIENCE).await);
    let other = server.client().await;
    let body = bytes::Bytes::from(vec![b'x'; 1_000]);
    for n in 0..FLOOD {
        other.publish("flood", body.clone()).await.unwrap();
        if n % 1_000 == 0 {
            other.flush().await.unwrap();
        }
    }
    other.flush().await.unwrap();
    let of_server = async || {
        let varz = aegis_testkit::get(&format!("{}/varz", server.monitor_url())).await;
        let varz = varz.map_err(|error| error.to_string())?.body;
        let varz: serde_json::Value = serde_json::from_str(&varz).map_err(|error| error.to_string())?;
        varz["slow_consumers"].as_u64().ok_or_else(|| "no count".to_owned())
    };
    wait_until("somebody drops what is not taken", PATIENCE, || async {
        let (by_server, by_client) = (of_server().await?, dropped.load(Ordering::SeqCst));
        match Difference::DropsInsteadOfTheServer.is_of(kind) {
            true if by_client > 0 => Ok(()),
            false if by_server > 0 => Ok(()),
            true | false => Err(format!("{by_server} by the server, {by_client} messages by the client")),
        }
    })
    .await;
    assert_eq!(taken.load(Ordering::SeqCst), 1, "it stands still");
    drop(go_on);
    hears(&transport, &connected(kind, &server).await, "word").await;
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < FLOOD / 2, "{taken} of {FLOOD} had a place to wait");
}

pub(super) async fn a_payload_that_the_server_takes_no_more_is_refused(kind: TransportKind) {
    let server = NatsServer::builder().config("max_payload: 1000000").local().start().await;
    let transport = connected(kind, &server).await;
    let (_open, mut messages) = heard(&transport, "a");
    let large = "x".repeat(500_000);
    say(&transport, "a", &large).unwrap();
    assert_eq!(next(&mut messages).await.payload.len(), large.len());
    server.reload("max_payload: 100000").await;
    // At the latest when the server has ended the connection over the first that is too large.
    let refused = wait_until("the new limit is known", PATIENCE, || async {
        say(&transport, "a", &large).err().ok_or_else(|| "it is taken".to_owned())
    })
    .await;
    assert_eq!(refused, PublishError::TooLarge { size: large.len(), most: 100_000 });
    // One that is said before the end of that connection is noticed is lost with it.
    arrives(&transport, "a", "small", &mut messages).await;
}
