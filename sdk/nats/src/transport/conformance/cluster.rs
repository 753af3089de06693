//! Servers of a cluster, of which one is named.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aegis_testkit::NatsCluster;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_util::sync::CancellationToken;

use super::*;

type Seen = Arc<Mutex<HashMap<String, u64>>>;

pub(super) async fn a_server_that_was_not_named_is_found_when_the_named_one_is_gone(kind: TransportKind) {
    let cluster = NatsCluster::start(3).await;
    let transport = connected(kind, cluster.node(0)).await;
    let count = Arc::new(AtomicU64::new(0));
    let _open = transport.subscribe("a", None, counting(&count));
    assert!(transport.flush(PATIENCE).await);
    cluster.kill(0);
    lost(&transport).await;
    is_connected(&transport).await;
    // The servers tell each other of a subscription a moment later.
    let other = connected(kind, cluster.node(1)).await;
    wait_until("a message from another server", PATIENCE, || async {
        say(&other, "a", "").map_err(|error| error.to_string())?;
        if count.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err("none yet".to_owned()) }
    })
    .await;
}

pub(super) async fn a_server_that_announces_its_end_is_left_and_no_message_comes_twice(kind: TransportKind) {
    let cluster = NatsCluster::start(3).await;
    let seen = Seen::default();
    let (leaving, staying) = (connected(kind, cluster.node(0)).await, connected(kind, cluster.node(1)).await);
    let _members = (member(&leaving, &seen), member(&staying, &seen));
    assert!(leaving.flush(PATIENCE).await && staying.flush(PATIENCE).await);
    let (stop, mut callers) = (CancellationToken::new(), vec![]);
    for name in 0..4 {
        let caller = connected(kind, cluster.node(1 + name % 2)).await;
        callers.push(tokio::spawn(call(caller, name, stop.clone())));
    }
    cluster.node(0).lame_duck();
    wait_until("it has left", PATIENCE, || async {
        let connections = cluster.node(0).connections().await.map_err(|error| error.to_string())?;
        if connections == 0 { Ok(()) } else { Err(format!("{connections} are still there")) }
    })
    .await;
    is_connected(&leaving).await;
    stop.cancel();
    let mut all = vec![];
    for (name, caller) in callers.into_iter().enumerate() {
        all.extend((0..caller.await.unwrap()).map(|count| format!("{name}/{count}")));
    }
    if Difference::DropsWhatIsOnItsWayAtAMove.is_of(kind) {
        // It is there again, whatever was lost.
        hears(&leaving, &staying, "after").await;
    } else {
        wait_until("all are heard", PATIENCE, || async {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let missing = all.iter().filter(|text| !seen.contains_key(*text)).count();
            if missing == 0 { Ok(()) } else { Err(format!("{missing} of {} are not", all.len())) }
        })
        .await;
    }
    let twice =
        seen.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|times| **times > 1).count();
    assert_eq!(twice, 0, "of {}", all.len());
}

fn member(transport: &AnyTransport, seen: &Seen) -> Subscription {
    let seen = Arc::clone(seen);
    transport.subscribe("calls", Some("members".to_owned()), move |message| {
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        *seen.lock().unwrap_or_else(PoisonError::into_inner).entry(text).or_default() += 1;
    })
}

/// Sends until told to stop; answers how many.
async fn call(transport: AnyTransport, name: usize, stop: CancellationToken) -> u64 {
    let mut count = 0;
    while !stop.is_cancelled() {
        for _ in 0..20 {
            say(&transport, "calls", &format!("{name}/{count}")).unwrap();
            count += 1;
        }
        assert!(transport.flush(PATIENCE).await);
    }
    count
}

/// The certificates name `localhost`, and the servers tell of each other as `127.0.0.1`.
pub(super) async fn a_discovered_server_is_held_to_the_configured_name(kind: TransportKind) {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca_file = file("ca.pem", &authority.pem());
    let (cert, key) = (file("server.pem", &certificate.pem()), file("server.key", &key.serialize_pem()));
    let cluster =
        NatsCluster::start_with(3, &format!("tls {{ cert_file: {cert:?}, key_file: {key:?} }}")).await;
    let by_name = cluster.node(0).url().replace("127.0.0.1", "localhost");
    let tls = Tls { ca_file: Some(ca_file), ..Tls::default() };
    let transport = open(kind, address(&by_name, None, Some(tls.clone())), OnDisconnect::Buffer);
    is_connected(&transport).await;
    let (_open, mut messages) = heard(&transport, "a");
    cluster.kill(0);
    lost(&transport).await;
    say(&transport, "a", "on another server").unwrap();
    if Difference::VerifiesTheAddress.is_of(kind) {
        let refused = tokio::time::timeout(Duration::from_secs(3), next(&mut messages)).await;
        assert!(refused.is_err(), "no server is named 127.0.0.1");
        cluster.restart(0).await;
    }
    assert_eq!(next(&mut messages).await.payload, "on another server");
    // An address that is configured is held to itself.
    let by_address = open(kind, address(&cluster.node(1).url(), None, Some(tls)), OnDisconnect::Buffer);
    let connected = tokio::time::timeout(Duration::from_secs(3), by_address.connected()).await;
    assert!(connected.is_err(), "the certificate is not of 127.0.0.1");
}
