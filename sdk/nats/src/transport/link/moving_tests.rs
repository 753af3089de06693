//! What becomes of messages while a link leaves a server of a cluster.

use std::collections::HashMap;

use aegis_testkit::{NatsCluster, NatsServer, wait_until};

use super::tests::{PATIENCE, to};
use super::*;
use crate::transport::PublishError;

type Seen = Arc<Mutex<HashMap<String, u64>>>;

async fn connected(server: &NatsServer) -> Link {
    let link = to(&server.url(), OnDisconnect::Buffer);
    tokio::time::timeout(PATIENCE, link.connected()).await.unwrap();
    link
}

fn say(link: &Link, subject: &str, text: &str) -> Result<(), PublishError> {
    link.publish(&Outgoing::plain(subject, text.as_bytes()), FlushMode::Batched)
}

fn member(link: &Link, seen: &Seen) -> crate::transport::Subscription {
    let seen = Arc::clone(seen);
    link.subscribe("calls", Some("members".to_owned()), move |message| {
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        *seen.lock().unwrap().entry(text).or_default() += 1;
    })
}

/// Four callers on two servers, who send as fast as they can.
struct Callers {
    stop: CancellationToken,
    tasks: Vec<tokio::task::JoinHandle<u64>>,
}

impl Callers {
    async fn start(servers: [&NatsServer; 2]) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), vec![]);
        for name in 0..4 {
            let link = connected(servers[name % 2]).await;
            tasks.push(tokio::spawn(send(link, name, stop.clone())));
        }
        Self { stop, tasks }
    }

    /// All that they have sent.
    async fn end(self) -> Vec<String> {
        self.stop.cancel();
        let mut all = vec![];
        for (name, caller) in self.tasks.into_iter().enumerate() {
            all.extend((0..caller.await.unwrap()).map(|count| format!("{name}/{count}")));
        }
        all
    }
}

/// Sends until told to stop; answers how many.
async fn send(link: Link, name: usize, stop: CancellationToken) -> u64 {
    let mut count = 0;
    while !stop.is_cancelled() {
        for _ in 0..20 {
            say(&link, "calls", &format!("{name}/{count}")).unwrap();
            count += 1;
        }
        assert!(link.flush(PATIENCE).await);
    }
    count
}

/// What moving relies on: a server that gets a message for a member that has just left gives it to another.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_group_is_joined_and_left_on_another_server_again_and_again_without_a_loss() {
    let cluster = NatsCluster::start(3).await;
    let (seen, moving) = (Seen::default(), Seen::default());
    let (leaving, staying) = (connected(cluster.node(0)).await, connected(cluster.node(1)).await);
    let _stays = member(&staying, &seen);
    assert!(staying.flush(PATIENCE).await);
    let callers = Callers::start([cluster.node(2), cluster.node(2)]).await;
    for _ in 0..50 {
        let (subscription, before) = (member(&leaving, &moving), moving.lock().unwrap().len());
        wait_until("it gets its share", PATIENCE, || async {
            let now = moving.lock().unwrap().len();
            if now > before { Ok(()) } else { Err(now.to_string()) }
        })
        .await;
        // Its messages are still taken while it leaves.
        assert!(subscription.close(PATIENCE).await);
    }
    let all = callers.end().await;
    assert!(leaving.flush(PATIENCE).await);
    let both = Arc::clone(&seen);
    both.lock().unwrap().extend(moving.lock().unwrap().drain());
    check(&all, &both).await;
}

async fn check(all: &[String], seen: &Seen) {
    let missing = || {
        let seen = seen.lock().unwrap();
        all.iter().filter(|text| !seen.contains_key(*text)).count()
    };
    wait_until("all are heard", PATIENCE, || async {
        let missing = missing();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} of {} are not", all.len())) }
    })
    .await;
    let twice = seen.lock().unwrap().values().filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "of {}", all.len());
}
