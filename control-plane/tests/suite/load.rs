//! What a service does as a whole, from the heartbeats of its instances.

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::Latency;
use aegis_testkit::{NatsServer, wait_until};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fleet::{Member, connection};
use crate::support::{ControlPlane, PATIENCE};

const LOAD: &str =
    "{ service(name: \"echo\") { p50Ms p90Ms p99Ms callsPerSecond errorPercent instances { instance } } }";

fn figures(window: u64, calls: u64, errors: u64, micros: u64) -> Metrics {
    let mut latency = Latency::default();
    latency.record(micros, calls);
    Metrics { window, calls, errors, calls_per_second: 50.0, latency: Some(latency), ..Metrics::default() }
}

const OVER_TIME: &str = "query($from: DateTime!, $to: DateTime!, $instance: String, $points: Int!) {
    metrics(service: \"echo\", instance: $instance, from: $from, to: $to, points: $points) {
        resolutionSeconds points { at calls errors p50Ms p99Ms errorPercent inFlight memoryBytes } } }";

#[tokio::test]
async fn the_figures_of_a_service_over_time_are_told_also_after_a_restart() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let members = [Member::start(&connection, "echo-1").await, Member::start(&connection, "echo-2").await];
    let (from, to) = (Utc::now() - TimeDelta::minutes(1), Utc::now() + TimeDelta::minutes(4));
    let ask = async |control: &ControlPlane, instance: Option<&str>, points: u32| {
        let variables = json!({ "from": from, "to": to, "instance": instance, "points": points });
        control.query(OVER_TIME, variables).await["metrics"].clone()
    };
    let idle = |answer: &Value| answer["points"].as_array().is_some_and(|points| !points.is_empty());
    for instance in ["echo-1", "echo-2"] {
        wait_until("an idle point", PATIENCE, || async {
            let answer = ask(&control, Some(instance), 1_000).await;
            if idle(&answer) { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
    }
    members[0].says(figures(7, 950, 0, 1_000));
    members[1].says(figures(3, 50, 50, 800_000));
    // One window holds all of it, unless a minute has just begun: so the whole range, in windows of several minutes.
    let told = |answer: &Value| {
        let points = answer["points"].as_array().unwrap().clone();
        let sum = |name: &str| points.iter().map(|point| point[name].as_u64().unwrap()).sum::<u64>();
        (sum("calls"), sum("errors"))
    };
    let until = async |control: &ControlPlane| {
        wait_until("all calls", PATIENCE, || async {
            let (all, one) = (ask(control, None, 2).await, ask(control, Some("echo-1"), 1_000).await);
            let done = told(&all) == (1_000, 50) && told(&one) == (950, 0);
            if done { Ok((all, one)) } else { Err(format!("{all} {one}")) }
        })
        .await
    };
    let (all, one) = until(&control).await;
    assert!(
        all["resolutionSeconds"].as_u64().unwrap() >= 150 && one["resolutionSeconds"] == json!(1),
        "{all} {one}"
    );
    control.process.kill();
    let control = ControlPlane::start(&nats, folder.path()).await;
    until(&control).await;
    for (points, code) in [(0, "INVALID_INPUT"), (1_001, "INVALID_INPUT")] {
        let variables = json!({ "from": from, "to": to, "points": points });
        let answer = control.ask(OVER_TIME, variables).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], json!(code), "{answer}");
    }
    let turned = control.ask(OVER_TIME, json!({ "from": to, "to": from, "points": 5 })).await;
    assert_eq!(turned["errors"][0]["extensions"]["code"], json!("INVALID_INPUT"), "{turned}");
}

#[tokio::test]
async fn a_service_tells_the_true_quantiles_over_all_its_instances() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let connection = connection(&nats).await;
    let members = [Member::start(&connection, "echo-1").await, Member::start(&connection, "echo-2").await];
    let until = async |what: &str, test: &dyn Fn(&Value) -> bool| {
        wait_until(what, PATIENCE, || async {
            let service = control.query(LOAD, json!({})).await["service"].clone();
            if test(&service) { Ok(service) } else { Err(service.to_string()) }
        })
        .await
    };
    let idle = until("both, idle", &|service| {
        service["instances"].as_array().is_some_and(|all| all.len() == 2)
            && service["callsPerSecond"] == json!(0.0)
    })
    .await;
    assert_eq!((&idle["p99Ms"], &idle["errorPercent"]), (&Value::Null, &Value::Null));
    members[0].says(figures(7, 950, 0, 1_000));
    members[1].says(figures(3, 50, 50, 800_000));
    let busy = until("both, busy", &|service| service["callsPerSecond"] == json!(100.0)).await;
    let ms = |name: &str| busy[name].as_f64().unwrap();
    assert!((1.0..1.01).contains(&ms("p50Ms")) && (1.0..1.01).contains(&ms("p90Ms")), "{busy}");
    assert!((800.0..808.0).contains(&ms("p99Ms")), "{busy}");
    assert_eq!(busy["errorPercent"], json!(5.0));
    members.iter().for_each(Member::stop);
    until("nobody is heard", &|service| {
        service["callsPerSecond"].is_null() && service["p99Ms"].is_null() && service["errorPercent"].is_null()
    })
    .await;
}
