//! What a worker does about the consumers of its queue.

use aegis_domain::ServiceName;
use aegis_sdk::{CommandContext, Commands, SendOptions, Service, ServiceConfig};

use crate::events::{PATIENCE, Stage};

fn reports() -> ServiceName {
    ServiceName::new("reports").unwrap()
}

#[tokio::test]
async fn a_consumer_of_the_queue_that_somebody_removes_is_made_again() {
    let stage = Stage::start().await;
    let service = Service::builder(ServiceConfig { service: reports(), ..stage.config("r-1") })
        .command("double", |_context: CommandContext, number: u64| async move { Ok(number * 2) })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let jetstream = stage.connection.jetstream();
    for round in 0..2_u64 {
        let mut sent = commands.send(&reports(), "double", &round, SendOptions::default()).await.unwrap();
        let id = format!("plain-{round}");
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.as_str());
        let ack =
            jetstream.publish_with_headers("commands.reports.double", headers, round.to_string().into());
        ack.await.unwrap().await.unwrap();
        let mut plain = commands.attach(&reports(), &id).await.unwrap();
        for handle in [&mut sent, &mut plain] {
            let done =
                tokio::time::timeout(PATIENCE, handle.result::<u64>()).await.expect("a result in time");
            assert_eq!(done.unwrap(), round * 2);
        }
        let stream = jetstream.get_stream("COMMANDS").await.unwrap();
        stream.delete_consumer("reports-normal").await.unwrap();
        stream.delete_consumer("reports-plain").await.unwrap();
    }
    service.stop("done").await.unwrap();
}
