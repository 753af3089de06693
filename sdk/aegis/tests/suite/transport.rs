//! Calls over the client library, which is one setting away.

use std::time::Duration;

use aegis_sdk::nats::transport::{AnyTransport, TransportKind};
use aegis_sdk::{Call, CallError, Client, ConnectOptions, Connection, Fault, Service, ServiceConfig, Target};
use aegis_testkit::{NatsServer, wait_until};
use futures_util::{StreamExt as _, stream};

use crate::events::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_and_its_callers_go_over_the_client_library_when_it_is_configured() {
    let server = NatsServer::start().await;
    let config = format!(
        "service = \"desk\"\nversion = \"1.0.0\"\nnats_url = {:?}\ngroups = [\"ACC-1\"]\ntransport = \"async-nats\"",
        server.url()
    );
    let service = Service::builder(ServiceConfig::from_toml(&config).unwrap())
        .rpc("say", |_: Call, text: String| async move { Ok::<_, Fault>(text) })
        .exclusive("own", |_: Call, n: u64| async move { Ok::<_, Fault>(n) })
        .rpc_stream(
            "count",
            |_: Call, upto: u64| async move { Ok::<_, Fault>(stream::iter((0..upto).map(Ok))) },
        )
        .start()
        .await
        .unwrap();
    let options = ConnectOptions {
        transport: TransportKind::AsyncNats,
        connections: 2,
        ..ConnectOptions::new(server.url(), "caller")
    };
    let connection = Connection::open(options).await.unwrap();
    let both = [service.connection().serving(), &connection.next_lane().transport];
    assert!(both.iter().all(|it| matches!(it, AnyTransport::AsyncNats(_))), "{both:?}");
    let client = Client::new(&connection);
    let (any, group) = (Target::any("desk").unwrap(), Target::owner("desk", "ACC-1").unwrap());
    for n in 0..20 {
        assert_eq!(client.call::<_, String>(&any, "say", &"hi", PATIENCE).await.unwrap().body, "hi");
        assert_eq!(client.call::<_, u64>(&group, "own", &n, PATIENCE).await.unwrap().body, n);
    }
    let replies = client.stream::<_, u64>(&any, "count", &300_u64, PATIENCE).await.unwrap();
    let counted: Vec<u64> = replies.map(Result::unwrap).collect().await;
    assert!(counted.into_iter().eq(0..300));
    let nobody = Target::any("nobody").unwrap();
    let told = client.call::<_, ()>(&nobody, "say", &(), Duration::from_millis(500)).await;
    assert!(matches!(told, Err(CallError::NoResponders { .. })), "the server itself says so: {told:?}");
    server.restart().await;
    wait_until("calls after the restart", PATIENCE, || async {
        let said = client.call::<_, String>(&any, "say", &"hi", Duration::from_secs(1));
        said.await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    service.stop("done").await.unwrap();
}
