//! JSON and MessagePack, and what is neither.

use aegis_domain::ErrorCode;
use aegis_sdk::{CallOptions, Codec, Fault, Service};
use aegis_testkit::NatsServer;
use async_nats::{HeaderMap, Message};
use bytes::Bytes;

use super::{PATIENCE, any, config, start};

async fn echo(server: &NatsServer) -> (Service, aegis_sdk::Client, aegis_sdk::Connection) {
    let builder = Service::builder(config(server, "echo"))
        .rpc("say", |_, text: String| async move { Ok::<_, Fault>(text) })
        .rpc("sum", |_, numbers: Vec<i64>| async move { Ok::<_, Fault>(numbers.iter().sum::<i64>()) });
    start(server, builder).await
}

fn code(reply: &Message) -> &str {
    reply.headers.as_ref().unwrap().get("Nats-Service-Error-Code").unwrap().as_str()
}

#[tokio::test]
async fn a_call_is_answered_in_its_own_codec() {
    let server = NatsServer::start().await;
    let (_service, client, connection) = echo(&server).await;
    for codec in [Codec::Json, Codec::MessagePack] {
        let options = CallOptions::within(PATIENCE).codec(codec);
        let sum = client.call::<_, i64>(&any("echo"), "sum", &[1, 2, 3], options).await.unwrap();
        assert_eq!(sum.body, 6);
        let refused = client.call::<_, i64>(&any("echo"), "sum", &"text", options).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidInput.as_str());
    }
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/x-msgpack");
    let nats = connection.client();
    let body = Bytes::from_static(b"\x93\x01\x02\x03");
    let reply = nats.request_with_headers("rpc.echo.sum", headers, body).await.unwrap();
    assert_eq!(&reply.payload[..], b"\x06");
    assert_eq!(reply.headers.unwrap().get("Content-Type").unwrap().as_str(), "application/msgpack");
    let reply = nats.request("rpc.echo.sum", "[1,2,3]".into()).await.unwrap();
    assert_eq!((&reply.payload[..], reply.headers), (&b"6"[..], None));
}

#[tokio::test]
async fn a_malformed_or_truncated_body_or_one_in_another_codec_is_refused() {
    let server = NatsServer::start().await;
    let (_service, client, connection) = echo(&server).await;
    let nats = connection.client();
    let bodies: [&'static [u8]; 6] =
        [b"{", b"\"half", b"\xff\xfe", b"[1,2,3] and more", b"\x93\x01", b"\xc1\xc1\xc1"];
    for media_type in ["application/json", "application/msgpack", "text/plain", ""] {
        for body in bodies {
            let mut headers = HeaderMap::new();
            headers.insert("Content-Type", media_type);
            let reply = nats.request_with_headers("rpc.echo.sum", headers, body.into()).await.unwrap();
            assert_eq!(code(&reply), ErrorCode::InvalidInput.as_str(), "{media_type} {body:?}");
        }
    }
    let mut deep = vec![b'['; 100_000];
    deep.extend(vec![b']'; 100_000]);
    let reply = nats.request("rpc.echo.sum", deep.into()).await.unwrap();
    assert_eq!(code(&reply), ErrorCode::InvalidInput.as_str());
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/msgpack");
    let deep = vec![0x91; 100_000];
    let reply = nats.request_with_headers("rpc.echo.sum", headers, deep.into()).await.unwrap();
    assert_eq!(code(&reply), ErrorCode::InvalidInput.as_str());
    assert_eq!(client.call::<_, String>(&any("echo"), "say", &"hi", PATIENCE).await.unwrap().body, "hi");
}

#[tokio::test]
async fn what_is_too_large_is_said_on_either_side() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "echo");
    config.max_payload_bytes = 2_000;
    let builder = Service::builder(config)
        .rpc("size", |_, text: String| async move { Ok::<_, Fault>(text.len()) })
        .rpc("fill", |_, size: usize| async move { Ok::<_, Fault>("x".repeat(size)) });
    let (_service, client, _connection) = start(&server, builder).await;
    let too_large = ErrorCode::PayloadTooLarge.as_str();
    let size = client.call::<_, usize>(&any("echo"), "size", &"x".repeat(1_900), PATIENCE).await.unwrap();
    assert_eq!(size.body, 1_900);
    let refused =
        client.call::<_, usize>(&any("echo"), "size", &"x".repeat(2_100), PATIENCE).await.unwrap_err();
    assert_eq!(refused.code(), too_large);
    let unsent = "x".repeat(2_000_000);
    let refused = client.call::<_, usize>(&any("echo"), "size", &unsent, PATIENCE).await.unwrap_err();
    assert_eq!(refused.code(), too_large);
    for size in [2_100, 5_000_000] {
        let refused = client.call::<_, String>(&any("echo"), "fill", &size, PATIENCE).await.unwrap_err();
        assert_eq!(refused.code(), too_large, "{size}");
        assert!(refused.to_string().contains("the reply"), "{refused}");
    }
}

#[tokio::test]
async fn a_reply_that_the_server_does_not_take_is_an_error_and_not_silence() {
    let server = NatsServer::start().await;
    let builder = Service::builder(config(&server, "echo"))
        .rpc("fill", |_, size: usize| async move { Ok::<_, Fault>("x".repeat(size)) });
    let (_service, client, _connection) = start(&server, builder).await;
    for _ in 0..20 {
        let refused = client.call::<_, String>(&any("echo"), "fill", &1_048_576, PATIENCE).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::PayloadTooLarge.as_str());
    }
}
