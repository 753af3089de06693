//! What a service declares: methods, commands and events, each once, and told to whoever asks.

use aegis_domain::ErrorCode;
use aegis_sdk::{Call, CommandContext, EventContext, Fault, Service, schemars};
use aegis_testkit::{NatsServer, wait_until};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PATIENCE, config, start};

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(crate = "schemars")]
struct Rebalance {
    /// Whose positions.
    account: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(crate = "schemars")]
struct Placed {
    volume: u64,
}

#[tokio::test]
async fn commands_and_events_are_told_beside_the_methods_with_their_schemas() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "desk"))
        .rpc("buy", |_: Call, (): ()| async { Ok::<_, Fault>(()) })
        .command("rebalance", |_: CommandContext, _: Rebalance| async { Ok::<_, Fault>(7_u32) })
        .on_event("orders.*.placed", |_: EventContext, _: Placed| async { Ok::<_, Fault>(()) });
    let (service, _client, connection) = start(&server, builder).await;
    let ask = async |verb: &str| -> Value {
        let reply = connection.client().request(format!("$SRV.{verb}.desk"), "".into()).await.unwrap();
        serde_json::from_slice(&reply.payload).unwrap()
    };
    let info = ask("INFO").await;
    let takes = |name: &str| -> Value {
        let text = info["metadata"][name].as_str().unwrap_or_else(|| panic!("{name} is not told: {info}"));
        serde_json::from_str(text).unwrap()
    };
    let command = takes("command:rebalance");
    assert_eq!(command["request_schema"]["properties"]["account"]["description"], "Whose positions.");
    assert_eq!(command["response_schema"]["format"], "uint32");
    let event = takes("event:orders.*.placed");
    assert_eq!(event["request_schema"]["required"], json!(["volume"]));
    assert_eq!(event["response_schema"], Value::Null);
    assert_eq!(info["endpoints"].as_array().unwrap().len(), 1, "methods alone are called");
    assert_eq!(ask("PING").await["metadata"], json!({}), "only who asks for it gets it all");

    let bucket =
        connection.jetstream().get_key_value(connection.namespace().instances_bucket()).await.unwrap();
    wait_until("the record to tell them", PATIENCE, || async {
        let record = bucket.get("desk.desk-1").await.map_err(|e| e.to_string())?.unwrap_or_default();
        let record: Value = serde_json::from_slice(&record).unwrap_or_default();
        let expected = json!(["buy", "command:rebalance", "event:orders.*.placed"]);
        if record["capabilities"] == expected { Ok(()) } else { Err(record.to_string()) }
    })
    .await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_second_method_of_one_name_ends_the_start_whatever_its_kind() {
    let server = NatsServer::start().await;
    for exclusive in [false, true] {
        let builder = Service::builder(config(&server, "desk"))
            .rpc("buy", |_: Call, (): ()| async { Ok::<_, Fault>(1) })
            .rpc("sell", |_: Call, (): ()| async { Ok::<_, Fault>(2) });
        let again = |_: Call, (): ()| async { Ok::<_, Fault>(3) };
        let builder = if exclusive { builder.exclusive("buy", again) } else { builder.rpc("buy", again) };
        let error = builder.start().await.expect_err("one of the two is never called");
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert_eq!(error.to_string(), "there are two methods of the name buy: give one of them another");
    }
}
