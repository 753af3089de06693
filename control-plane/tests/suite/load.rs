//! What a service does as a whole, from the heartbeats of its instances.

use aegis_domain::wire::heartbeat::Metrics;
use aegis_domain::wire::latency::Latency;
use aegis_testkit::{NatsServer, wait_until};
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
