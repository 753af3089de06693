//! The history of terms is completed from the lease store, whatever stands in it.

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::{Aggregate as _, AggregateId, GroupName, ServiceName};
use aegis_sdk::nats::bucket::Bucket;
use aegis_sdk::{Connection, Journal};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;

use crate::fleet::connection;
use crate::liveness::metric;
use crate::support::{ControlPlane, PATIENCE, aegis};

/// A record of an owner whose session is gone.
async fn leave(connection: &Connection, group: &str) {
    let bucket = Bucket::new(connection, connection.namespace().leases_bucket());
    // Terms are never beyond the bucket's sequence.
    let record = json!({ "term": 1, "since": "2026-01-02T03:04:05Z", "reason": "first",
        "holder": { "instance": "desk-1", "session": "00000000-0000-0000-0000-000000000001" } });
    bucket.put(&format!("owner.desk.{group}"), record.to_string().into(), 0, None).await.unwrap();
}

async fn completed(connection: &Connection, group: &str) {
    let id = AggregateId::Leadership(ServiceName::new("desk").unwrap(), GroupName::new(group).unwrap());
    wait_until("the history", PATIENCE, || async {
        let events = Journal::new(connection).events(&id).await.map_err(|e| e.to_string())?;
        let events: Vec<_> =
            events.iter().filter_map(|it| Leadership::event(&it.envelope.event).cloned()).collect();
        match events.as_slice() {
            [LeadershipEvent::LeaderElected { .. }, LeadershipEvent::LeaderLost { .. }] => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn what_changes_in_the_lease_store_is_watched_and_not_read_again_and_again() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    wait_until("the first look", PATIENCE, || async {
        let vacant = metric(&control, "aegis_groups").await;
        leave_once(&connection).await;
        if vacant == 1 { Ok(()) } else { Err(vacant.to_string()) }
    })
    .await;
    completed(&connection, "ACC-0").await;
    let mut reads = connection.client().subscribe("$JS.API.CONSUMER.CREATE.KV_aegis_leases.>").await.unwrap();
    connection.client().flush().await.unwrap();
    for group in ["ACC-1", "ACC-2"] {
        leave(&connection, group).await;
        completed(&connection, group).await;
    }
    let mut count = 0;
    while let Some(Some(_)) = reads.next().now_or_never() {
        count += 1;
    }
    assert!(count <= 3, "{count} consumers were made on the lease bucket while four looks were due");
}

async fn leave_once(connection: &Connection) {
    let bucket = Bucket::new(connection, connection.namespace().leases_bucket());
    if bucket.read("owner.desk.ACC-0").await.unwrap().value.is_none() {
        leave(connection, "ACC-0").await;
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_everywhere_and_hides_no_other() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let bucket = Bucket::new(&connection, connection.namespace().leases_bucket());
    for (group, value) in [
        ("BAD-1", "junk"),
        (
            "BAD-2",
            r#"{"term":18446744073709551615,"holder":null,"since":"2026-01-02T03:04:05Z","reason":"first"}"#,
        ),
        ("BAD-3", r#"{"term":1000000000,"holder":null,"since":"2026-01-02T03:04:05Z","reason":"first"}"#),
    ] {
        bucket.put(&format!("owner.desk.{group}"), value.into(), 0, None).await.unwrap();
    }
    leave(&connection, "ACC-1").await;
    completed(&connection, "ACC-1").await;
    wait_until("the finding", PATIENCE, || async {
        let problems = control.query("{ system { problems { part code message } } }", json!({})).await;
        let problems = problems["system"]["problems"].clone();
        let named = ["BAD-1", "BAD-2", "BAD-3"].iter().all(|name| problems.to_string().contains(name));
        if named { Ok(()) } else { Err(problems.to_string()) }
    })
    .await;
    assert_eq!(metric(&control, "aegis_leases_unreadable").await, 3);
    let ready = control.http.get(control.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "the replica itself is well");
    let command = aegis().args(["leaders", "--nats-url", &nats.url()]).spawn();
    assert!(!command.wait_exit(PATIENCE).await.success(), "what is left out is no success");
    assert!(command.lines().iter().any(|line| line.contains("ACC-1")), "{:?}", command.lines());
    for group in ["BAD-1", "BAD-2", "BAD-3"] {
        let key = format!("owner.desk.{group}");
        let revision = bucket.read(&key).await.unwrap().revision;
        bucket.delete(&key, revision, PATIENCE).await.unwrap();
    }
    wait_until("the end of the finding", PATIENCE, || async {
        let count = metric(&control, "aegis_leases_unreadable").await;
        if count == 0 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
}
