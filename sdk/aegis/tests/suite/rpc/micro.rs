//! The service as any NATS client's services API sees it (ADR-32).

use std::collections::BTreeMap;

use aegis_domain::wire::micro::{Answer, Endpoint, EndpointStats};
use aegis_sdk::{Fault, Service, schemars};
use aegis_testkit::NatsServer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PATIENCE, any, config, start};

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(crate = "schemars")]
struct Order {
    /// Whose order it is.
    account: String,
    amount: u32,
}

#[tokio::test]
async fn ping_info_and_stats_are_answered_to_all_by_name_and_by_id() {
    let server = NatsServer::start().await;
    let mut config = config(&server, "desk");
    config.groups = vec!["ACC-1".parse().unwrap()];
    config.labels = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
    let builder = Service::builder(config)
        .rpc("buy", |_, order: Order| async move {
            if order.amount == 0 { Err(Fault::new("EMPTY", "buy something")) } else { Ok(order.amount) }
        })
        .exclusive("sell", |_, (): ()| async { Ok::<_, Fault>(()) })
        .rpc_stream("watch", |_, (): ()| async {
            Ok::<_, Fault>(futures_util::stream::empty::<Result<u8, Fault>>())
        });
    let (service, client, connection) = start(&server, builder).await;
    for amount in [1, 2, 0] {
        let order = Order { account: "ACC-1".to_owned(), amount };
        let bought = client.call::<_, u32>(&any("desk"), "buy", &order, PATIENCE).await;
        assert_eq!(bought.is_ok(), amount > 0);
    }
    let ask = async |subject: String| {
        let reply = connection.client().request(subject, "".into()).await.unwrap();
        (serde_json::from_slice::<Answer>(&reply.payload).unwrap(), reply.payload)
    };
    for whom in ["", ".desk", ".desk.desk-1"] {
        let (ping, raw) = ask(format!("$SRV.PING{whom}")).await;
        let Answer::Ping { identity } = ping else { panic!("{ping:?}") };
        assert_eq!((identity.name.as_str(), identity.id.as_str()), ("desk", "desk-1"));
        assert_eq!((identity.version.as_str(), identity.metadata["region"].as_str()), ("1.2.3", "eu"));
        let raw: Value = serde_json::from_slice(&raw).unwrap();
        assert_eq!(raw["type"], "io.nats.micro.v1.ping_response");

        let (info, _) = ask(format!("$SRV.INFO{whom}")).await;
        let Answer::Info { endpoints, .. } = info else { panic!("{info:?}") };
        let names: Vec<_> =
            endpoints.iter().map(|it: &Endpoint| (it.name.as_str(), it.subject.as_str())).collect();
        assert_eq!(
            names,
            [("buy", "rpc.desk.buy"), ("sell", "rpc.desk.*.sell"), ("watch", "rpc.desk.watch")]
        );
        let of = |name: &str, key: &str| {
            endpoints.iter().find(|it| it.name == name).unwrap().metadata[key].clone()
        };
        let schema: Value = serde_json::from_str(&of("buy", "request_schema")).unwrap();
        assert_eq!(schema["properties"]["account"]["description"], "Whose order it is.");
        assert_eq!(schema["required"], serde_json::json!(["account", "amount"]));
        assert!(of("buy", "response_schema").contains("uint32"));
        assert_eq!((of("sell", "kind").as_str(), of("watch", "streams").as_str()), ("exclusive", "true"));

        let (stats, _) = ask(format!("$SRV.STATS{whom}")).await;
        let Answer::Stats { endpoints, started, .. } = stats else { panic!("{stats:?}") };
        let buy = endpoints.iter().find(|it: &&EndpointStats| it.name == "buy").unwrap();
        assert_eq!((buy.num_requests, buy.num_errors, buy.queue_group.as_str()), (3, 1, "rpc.desk"));
        assert_eq!(buy.last_error, "EMPTY: buy something");
        assert!(buy.processing_time > 0 && buy.average_processing_time == buy.processing_time / 3);
        assert!((chrono::Utc::now() - started).num_seconds() < 60);
    }
    service.stop("done").await.unwrap();
    let gone = connection.client().request("$SRV.PING.desk", "".into()).await.unwrap_err();
    assert_eq!(gone.kind(), async_nats::RequestErrorKind::NoResponders);
}
