//! Whether enough instances of a service ran, over time.

use aegis_sdk::{Service, ServiceConfig};
use aegis_testkit::{NatsServer, wait_until};
use serde_json::{Value, json};

use crate::subscriptions::start;
use crate::support::{ControlPlane, PATIENCE};

const QUERY: &str = "query($from: DateTime) { serviceLifeline(service: \"echo\", from: $from) {
    needed upPercent shortfalls from spans { supply fewest from to sequence } } }";

async fn instance(nats: &NatsServer, name: &str) -> Service {
    let mut config = ServiceConfig::new("echo", "1.0.0").unwrap();
    (config.nats_url, config.instance) = (nats.url(), Some(name.parse().unwrap()));
    Service::builder(config).start().await.unwrap()
}

/// The lifeline, once its last span is this one.
async fn until(control: &ControlPlane, supply: &str) -> Value {
    wait_until(supply, PATIENCE, || async {
        // Asked so often, it may be more than the budget allows.
        let told = control.ask(QUERY, json!({})).await["data"]["serviceLifeline"].clone();
        let last = told["spans"].as_array().and_then(|spans| spans.last()).cloned().unwrap_or_default();
        if last["supply"] == supply { Ok(told) } else { Err(told.to_string()) }
    })
    .await
}

#[tokio::test]
async fn a_service_is_up_while_as_many_instances_run_as_its_definition_asks_for() {
    let (nats, _folder, control) = start().await;
    let nothing = control.query(QUERY, json!({})).await["serviceLifeline"].clone();
    assert_eq!((&nothing["spans"], &nothing["upPercent"]), (&json!([]), &Value::Null), "{nothing}");
    let define = "mutation { define(input: { service: \"echo\", owner: \"Desk\", description: \"Echoes\",
        version: \"1.0.0\", minInstances: 2 }) { __typename } }";
    control.query(define, json!({})).await;
    let first = instance(&nats, "echo-1").await;
    until(&control, "FEW").await;
    let second = instance(&nats, "echo-2").await;
    until(&control, "ENOUGH").await;
    second.stop("done").await.unwrap();
    let told = until(&control, "FEW").await;
    let spans = told["spans"].as_array().unwrap();
    let supplies: Vec<_> = spans.iter().map(|span| span["supply"].as_str().unwrap()).collect();
    assert_eq!(supplies, ["NOTHING", "FEW", "ENOUGH", "FEW"], "{told}");
    for (before, after) in spans.iter().zip(&spans[1..]) {
        assert_eq!(before["to"], after["from"], "{told}");
    }
    assert_eq!((&spans[3]["fewest"], &spans[3]["to"]), (&json!(1), &Value::Null), "{told}");
    assert_eq!((&told["needed"], &told["shortfalls"]), (&json!(2), &json!(1)), "{told}");
    let share = told["upPercent"].as_f64().unwrap();
    assert!(share > 0.0 && share < 100.0, "{told}");
    // A time includes its beginning, so the last change counts.
    let since = json!({ "from": spans[3]["from"] });
    let late = wait_until("an answer within the budget", PATIENCE, || async {
        let told = control.ask(QUERY, since.clone()).await;
        if told["errors"].is_null() {
            Ok(told["data"]["serviceLifeline"].clone())
        } else {
            Err(told.to_string())
        }
    })
    .await;
    assert_eq!((late["spans"].as_array().unwrap().len(), &late["shortfalls"]), (1, &json!(1)), "{late}");
    first.stop("done").await.unwrap();
    let over = until(&control, "NOTHING").await;
    assert_eq!(over["shortfalls"], 1, "{over}");
}
