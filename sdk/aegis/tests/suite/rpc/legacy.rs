//! The wire of the Python SDK, both ways and in both codecs, with messages as it sends them.

use std::time::Duration;

use aegis_domain::ErrorCode;
use aegis_legacy::{ExclusiveError, ExclusiveResponse, RpcRequest, RpcResponse};
use aegis_sdk::{Call, CallOptions, Client, Codec, ConnectOptions, Connection, Fault, Service, schemars};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PATIENCE, any, config, start};

#[derive(Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(crate = "schemars")]
struct Say {
    text: String,
}

const ID: &str = "0b0e2f1c-6f0e-4b8e-9a6b-1f2e3d4c5b6a";

/// `json.dumps` and `msgpack.packb` of the same request.
fn asked(method: &str, params: &Value, codec: Codec) -> bytes::Bytes {
    let request = json!({
        "message_id": ID, "trace_id": "11111111-2222-4333-8444-555555555555", "correlation_id": null,
        "timestamp": "2025-10-09T08:53:20.123456+00:00", "source": "monitor-1", "target": "echo",
        "method": method, "params": params, "timeout": 5.0,
    });
    codec.encode(&request).unwrap()
}

#[tokio::test]
async fn a_python_client_is_answered_in_its_own_envelope_and_codec() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "echo"))
        .rpc("say", |call: Call, say: Say| async move {
            assert_eq!(call.request_id(), ID);
            assert!(call.deadline.is_some());
            Ok::<_, Fault>(say)
        })
        .rpc("refuse", |_, _: Value| async { Err::<(), _>(Fault::new("TOO_MUCH", "over the limit")) });
    let (_service, client, connection) = start(&server, builder).await;
    let nats = connection.client();
    for codec in [Codec::Json, Codec::MessagePack] {
        let ask = async |method: &str, params: Value| {
            let reply =
                nats.request(format!("rpc.echo.{method}"), asked(method, &params, codec)).await.unwrap();
            assert_eq!(Codec::of_first_byte(&reply.payload), codec);
            codec.decode::<RpcResponse<Value>>(&reply.payload).unwrap()
        };
        let said = ask("say", json!({"text": "hi"})).await;
        assert_eq!(
            (said.success, said.result.clone(), said.error.clone()),
            (true, json!({"text": "hi"}), None)
        );
        assert_eq!((said.correlation_id.as_deref(), said.target.as_deref()), (Some(ID), Some("monitor-1")));
        assert_eq!(said.trace_id, "11111111-2222-4333-8444-555555555555");
        let refused = ask("refuse", json!({})).await;
        assert_eq!((refused.success, &refused.result), (false, &Value::Null));
        assert_eq!(refused.error.as_deref(), Some("TOO_MUCH: over the limit"));
        let misfit = ask("say", json!({"text": 7})).await;
        assert!(misfit.error.unwrap().starts_with(ErrorCode::InvalidInput.as_str()));
        let unknown = ask("dance", json!({})).await;
        assert!(unknown.error.unwrap().starts_with(ErrorCode::MethodNotFound.as_str()));
    }
    // The same fields from a native caller are what they are.
    let native = json!({"message_id": "1", "method": "m"});
    let told = client.call::<_, Value>(&any("echo"), "refuse", &native, PATIENCE).await.unwrap_err();
    assert_eq!(told.code(), "TOO_MUCH");
}

#[tokio::test]
async fn of_exclusive_methods_the_active_one_answers_and_the_others_say_so() {
    let server = NatsServer::start().await;
    let member = |name: &str| {
        let mut config = config(&server, "desk");
        config.instance = Some(name.parse().unwrap());
        config.groups = vec!["main".parse().unwrap()];
        let me = name.to_owned();
        Service::builder(config)
            .exclusive("who", move |_, _: Value| std::future::ready(Ok::<_, Fault>(me.clone())))
            .exclusive("refuse", |_, _: Value| async { Err::<(), _>(Fault::new("NO", "never")) })
            .start()
    };
    let first = member("desk-a").await.unwrap();
    wait_until("an owner", PATIENCE, || {
        let owns = first.guard().admit(&"main".parse().unwrap()).is_some();
        std::future::ready(if owns { Ok(()) } else { Err("none".to_owned()) })
    })
    .await;
    let _second = member("desk-b").await.unwrap();
    let nats = server.client().await;
    wait_until("the other to know the owner", PATIENCE, || async {
        let reply = nats.request("rpc.desk.who", asked("who", &json!({}), Codec::Json)).await.unwrap();
        let reply: ExclusiveResponse<Value> = Codec::Json.decode(&reply.payload).unwrap();
        match reply.message {
            Some(told) if told.contains("desk-a") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    for codec in [Codec::Json, Codec::MessagePack] {
        let (mut active, mut standby) = (0, 0);
        while active == 0 || standby == 0 {
            let reply = nats.request("rpc.desk.who", asked("who", &json!({}), codec)).await.unwrap();
            let reply: ExclusiveResponse<Value> = codec.decode(&reply.payload).unwrap();
            match reply.error {
                None => {
                    assert_eq!((reply.success, reply.result), (true, json!("desk-a")));
                    active += 1;
                }
                Some(error) => {
                    assert_eq!(
                        (error, reply.success, reply.result),
                        (ExclusiveError::NotActive, false, Value::Null)
                    );
                    assert!(reply.message.unwrap().contains("desk-a"));
                    standby += 1;
                }
            }
        }
        let failed = nats.request("rpc.desk.main.refuse", asked("refuse", &json!({}), codec)).await.unwrap();
        let failed: ExclusiveResponse<Value> = codec.decode(&failed.payload).unwrap();
        assert_eq!(
            (failed.error, failed.message.as_deref()),
            (Some(ExclusiveError::ExecutionError), Some("NO: never"))
        );
    }
    // A Rust client that calls as Python does asks again until it meets the active one.
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    for _ in 0..20 {
        let options = CallOptions::within(PATIENCE).legacy();
        let who = Client::new(&connection)
            .call::<_, String>(&any("desk"), "who", &json!({}), options)
            .await
            .unwrap();
        assert_eq!(who.body, "desk-a");
    }
}

#[tokio::test]
async fn a_python_service_is_called_when_the_caller_says_that_it_is_one() {
    let server = NatsServer::start().await;
    let nats = server.client().await;
    let mut calls = nats.queue_subscribe("rpc.pricing.*", "rpc.pricing".to_owned()).await.unwrap();
    nats.flush().await.unwrap();
    // It reads strictly, as the Python models do, and answers in the codec of the request.
    let service = tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            assert!(call.headers.is_none(), "it knows no headers");
            let codec = Codec::of_first_byte(&call.payload);
            let request: RpcRequest<Value> = codec.decode(&call.payload).unwrap();
            assert_eq!((request.target.as_deref(), request.timeout), (Some("pricing"), 10.0));
            let head = request.head().answer("r-1".to_owned(), request.timestamp);
            let response = match request.method.as_str() {
                "quote" => RpcResponse::new(head, true, request.params["symbol"].clone(), None),
                _ => RpcResponse::new(head, false, Value::Null, Some("no such thing".to_owned())),
            };
            nats.publish(call.reply.unwrap(), codec.encode(&response).unwrap()).await.unwrap();
        }
    });
    let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
    let client = Client::new(&connection);
    for options in
        [CallOptions::within(PATIENCE).legacy(), CallOptions::within(PATIENCE).legacy().codec(Codec::Json)]
    {
        let params = json!({"symbol": "EURUSD"});
        let quote = client.call::<_, String>(&any("pricing"), "quote", &params, options).await.unwrap();
        assert_eq!(quote.body, "EURUSD");
        let failed = client.call::<_, String>(&any("pricing"), "other", &params, options).await.unwrap_err();
        assert_eq!((failed.code(), failed.to_string().contains("no such thing")), ("HANDLER_FAILED", true));
    }
    service.abort();
    let nobody = CallOptions::within(Duration::from_secs(1)).legacy();
    let told = client.call::<_, ()>(&any("nobody"), "quote", &json!({}), nobody).await.unwrap_err();
    assert_eq!(told.code(), ErrorCode::NoResponders.as_str());
}
