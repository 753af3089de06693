//! What silence means: each transition once, among any number of replicas, and none when most are silent.

use aegis_domain::aggregate::installation::InstallationEvent;
use aegis_sdk::provision::provision;
use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::stream::Config;
use serde_json::{Value, json};

use crate::fleet::{Member, connection, installation, life, lives};
use crate::support::{ControlPlane, PATIENCE};

const SYSTEM: &str = "{ system { heartbeatsVisible selfPreservation { since silent alive } } }";

async fn three(nats: &NatsServer) -> (Vec<tempfile::TempDir>, Vec<ControlPlane>) {
    let (mut folders, mut replicas) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        replicas.push(ControlPlane::start(nats, folder.path()).await);
        folders.push(folder);
    }
    (folders, replicas)
}

async fn system(control: &ControlPlane) -> Value {
    control.query(SYSTEM, json!({})).await["system"].clone()
}

async fn until(control: &ControlPlane, what: &str, test: impl Fn(&Value) -> bool) -> Value {
    wait_until(what, PATIENCE, || async {
        let system = system(control).await;
        if test(&system) { Ok(system) } else { Err(system.to_string()) }
    })
    .await
}

#[tokio::test]
async fn three_replicas_one_of_them_killed_record_each_transition_once() {
    let nats = NatsServer::start().await;
    let (_folders, replicas) = three(&nats).await;
    let connection = connection(&nats).await;
    let names = ["echo-1", "echo-2", "echo-3"];
    let mut members = Vec::new();
    for name in names {
        members.push(Member::start(&connection, name).await);
    }
    let mut expected = vec!["registered", "status"];
    // The second time one replica is killed between the silence and what follows from it.
    for round in 0..2 {
        members.iter().for_each(Member::stop);
        expected.push("unhealthy");
        for member in &members {
            lives(&connection, "echo", &member.name, &expected).await;
        }
        if round == 1 {
            replicas[0].process.kill();
        }
        members.iter().for_each(Member::go_on);
        expected.push("recovered");
        for member in &members {
            lives(&connection, "echo", &member.name, &expected).await;
        }
    }
    drop(members);
    expected.extend(["unhealthy", "expired"]);
    for name in names {
        lives(&connection, "echo", name, &expected).await;
    }
    // All that the two others had to say they have said when they have heard of the last event.
    for replica in &replicas[1..] {
        let query = "{ instances(first: 9) { nodes { status } } }";
        wait_until("the end", PATIENCE, || async {
            let nodes = replica.query(query, json!({})).await["instances"]["nodes"].clone();
            let ended = nodes.as_array().unwrap().iter().all(|node| node["status"] == "EXPIRED");
            if ended { Ok(()) } else { Err(nodes.to_string()) }
        })
        .await;
    }
    for name in names {
        assert_eq!(life(&connection, "echo", name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_clock_that_steps_decides_nothing_and_is_told() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let hour = 3_600_000;
    // One whose clock is set right after its start, one whose clock is put forward, and one that is right.
    let ahead = Member::with_clock(&connection, "echo-1", hour).await;
    let behind = Member::start(&connection, "echo-2").await;
    let right = Member::start(&connection, "echo-3").await;
    let offsets = "{ instances(first: 9) { nodes { instance status clockOffsetSeconds } } }";
    let told = async |expected: [Option<&str>; 3]| {
        wait_until("their clocks", PATIENCE, || async {
            let nodes = control.query(offsets, json!({})).await["instances"]["nodes"].clone();
            let mut found: Vec<_> = nodes.as_array().unwrap().iter().collect();
            found.sort_by_key(|node| node["instance"].to_string());
            let rounded = |node: &&Value| node["clockOffsetSeconds"].as_f64().map(|off| format!("{off:.0}"));
            let clocks: Vec<_> = found.iter().map(rounded).collect();
            let off = metric(&control, "aegis_instances_clock_off").await;
            let count = expected.iter().flatten().count() as u64;
            if clocks.iter().map(Option::as_deref).eq(expected) && off == count {
                Ok(())
            } else {
                Err(format!("{nodes} {off}"))
            }
        })
        .await;
    };
    told([Some("3600"), None, None]).await;
    ahead.set_clock(0);
    behind.set_clock(-hour);
    told([None, Some("-3600"), None]).await;
    // For several times as long as silence would take to be noticed.
    let begun = heartbeats(&control).await;
    wait_until("many heartbeats", PATIENCE, || async {
        let now = heartbeats(&control).await;
        if now >= begun + 60 { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    for member in [&ahead, &behind, &right] {
        assert_eq!(life(&connection, "echo", &member.name).await, ["registered", "status"]);
    }
    // A silence is noticed all the same.
    ahead.stop();
    behind.stop();
    for member in [&ahead, &behind] {
        lives(&connection, "echo", &member.name, &["registered", "status", "unhealthy"]).await;
    }
    let time = control.query("{ system { time } }", json!({})).await["system"]["time"].clone();
    let time: chrono::DateTime<chrono::Utc> = time.as_str().unwrap().parse().unwrap();
    assert!((chrono::Utc::now() - time).abs() < chrono::TimeDelta::seconds(2), "{time}");
}

#[tokio::test]
async fn when_most_instances_fall_silent_at_once_that_is_recorded_once_and_none_is_marked() {
    let nats = NatsServer::start().await;
    let (_folders, replicas) = three(&nats).await;
    let connection = connection(&nats).await;
    let mut members = Vec::new();
    for n in 1..=5 {
        members.push(Member::start(&connection, &format!("echo-{n}")).await);
    }
    for replica in &replicas {
        let beats = "{ instances(first: 9) { nodes { lastBeatAt } } }";
        wait_until("their beats", PATIENCE, || async {
            let nodes = replica.query(beats, json!({})).await["instances"]["nodes"].clone();
            let heard = nodes.as_array().unwrap().iter().filter(|node| !node["lastBeatAt"].is_null()).count();
            if heard == 5 { Ok(()) } else { Err(nodes.to_string()) }
        })
        .await;
    }
    assert_eq!(system(&replicas[0]).await, json!({ "heartbeatsVisible": true, "selfPreservation": null }));
    members[1..].iter().for_each(Member::stop);
    for replica in &replicas {
        let shown = until(replica, "the silence", |system| !system["selfPreservation"].is_null()).await;
        assert_eq!(shown["selfPreservation"]["silent"], 4);
        assert_eq!(shown["selfPreservation"]["alive"], 5);
    }
    members.iter().for_each(Member::go_on);
    for replica in &replicas {
        until(replica, "the end of the silence", |system| system["selfPreservation"].is_null()).await;
    }
    let entered = InstallationEvent::SelfPreservationEntered { silent: 4, alive: 5 };
    assert_eq!(installation(&connection).await, [entered, InstallationEvent::SelfPreservationLeft {}]);
    for member in &members {
        assert_eq!(life(&connection, "echo", &member.name).await, ["registered", "status"]);
    }
    // And the feed tells it in words, without a service.
    let query = "{ events(last: 2, filter: { kinds: [INSTALLATION] }) { nodes { service actor summary } } }";
    let told = replicas[2].query(query, json!({})).await["events"]["nodes"].clone();
    let summary = "the control plane cannot see 4 of 5 instances: none is marked down";
    assert_eq!(told[0], json!({ "service": null, "actor": "system:liveness", "summary": summary }));
}

#[tokio::test]
async fn without_the_heartbeat_stream_no_instance_is_marked_and_the_replicas_report_it() {
    let nats = NatsServer::start().await;
    let (_folders, replicas) = three(&nats).await;
    let connection = connection(&nats).await;
    let member = Member::start(&connection, "echo-1").await;
    until(&replicas[0], "the heartbeats to be visible", |system| system["heartbeatsVisible"] == true).await;
    let stream = connection.namespace().heartbeats_stream();
    // Whoever misses the stream makes it again, so its subjects are taken by another one.
    let subjects = vec![connection.namespace().all_heartbeats()];
    let other = Config { name: "OTHER".to_owned(), subjects, ..Config::default() };
    wait_until("the stream to be gone", PATIENCE, || async {
        let _absent = connection.jetstream().delete_stream(&stream).await;
        connection.jetstream().create_stream(other.clone()).await.map_err(|e| e.to_string())?;
        // One that was made at the same moment stands beside it.
        match connection.jetstream().get_stream(&stream).await {
            Ok(_) => Err("it was made again".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
    for replica in &replicas {
        wait_until("blindness", PATIENCE, || async {
            // One that a replica was making just then may come late; it is the last, since its subjects are taken.
            let _absent = connection.jetstream().delete_stream(&stream).await;
            let system = replica.query("{ system { heartbeatsVisible } }", json!({})).await["system"].clone();
            if system["heartbeatsVisible"] == false { Ok(()) } else { Err(system.to_string()) }
        })
        .await;
        until(replica, "the silence", |system| system["selfPreservation"]["silent"] == 1).await;
    }
    connection.jetstream().delete_stream("OTHER").await.unwrap();
    provision(&connection).await.unwrap();
    for replica in &replicas {
        let sees =
            |system: &Value| system["heartbeatsVisible"] == true && system["selfPreservation"].is_null();
        until(replica, "the heartbeats to be visible", sees).await;
    }
    let entered = InstallationEvent::SelfPreservationEntered { silent: 1, alive: 1 };
    assert_eq!(installation(&connection).await, [entered, InstallationEvent::SelfPreservationLeft {}]);
    assert_eq!(life(&connection, "echo", &member.name).await, ["registered", "status"]);
}

#[tokio::test]
async fn an_instance_that_comes_and_goes_is_flagged_and_its_recovery_held_back() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let member = Member::start(&connection, "echo-1").await;
    let query = "{ instance(service: \"echo\", instance: \"echo-1\") { status flapping } }";
    let mut expected = vec!["registered", "status"];
    for _ in 0..3 {
        let shown = control.query(query, json!({})).await["instance"].clone();
        assert_ne!(shown["flapping"], true, "too early");
        member.stop();
        expected.push("unhealthy");
        lives(&connection, "echo", "echo-1", &expected).await;
        member.go_on();
        expected.push("recovered");
        lives(&connection, "echo", "echo-1", &expected).await;
    }
    wait_until("the flag", PATIENCE, || async {
        let shown = control.query(query, json!({})).await["instance"].clone();
        if shown["flapping"] == true { Ok(()) } else { Err(shown.to_string()) }
    })
    .await;
    member.stop();
    expected.push("unhealthy");
    lives(&connection, "echo", "echo-1", &expected).await;
    member.go_on();
    // As many beats later as would have been enough ten times over.
    let beats = heartbeats(&control).await;
    wait_until("more beats", PATIENCE, || async {
        let now = heartbeats(&control).await;
        if now >= beats + 15 { Ok(()) } else { Err(now.to_string()) }
    })
    .await;
    assert_eq!(life(&connection, "echo", "echo-1").await, expected, "it was heard for 3 s, not for 30");
    assert_eq!(
        control.query(query, json!({})).await["instance"],
        json!({ "status": "UNHEALTHY", "flapping": true })
    );
}

async fn heartbeats(control: &ControlPlane) -> u64 {
    metric(control, "aegis_heartbeats_received_total").await
}

pub(crate) async fn metric(control: &ControlPlane, name: &str) -> u64 {
    let request = control.http.get(control.at("/metrics")).bearer_auth(&control.token);
    let text = request.send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{text}")).parse().unwrap()
}
