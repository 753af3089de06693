//! The services API of async-nats, with a JSON body that is read and written as the SDK does.

use aegis_testkit::NatsServer;
use async_nats::service::ServiceExt as _;
use bytes::Bytes;
use futures_util::StreamExt as _;

pub(super) struct Peer {
    client: async_nats::Client,
    service: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Peer {
    pub(super) async fn start(server: &NatsServer) -> anyhow::Result<Self> {
        let service = server.client().await.service_builder().start("micro", "1.0.0").await;
        let service = service.map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut say = service.endpoint("micro.say").await.map_err(|error| anyhow::anyhow!("{error}"))?;
        let service = tokio::spawn(async move {
            while let Some(request) = say.next().await {
                let text: String = serde_json::from_slice(&request.message.payload)?;
                request.respond(Ok(serde_json::to_vec(&text)?.into())).await?;
            }
            drop(service);
            Ok(())
        });
        Ok(Self { client: server.client().await, service })
    }

    pub(super) async fn call(&self, body: &Bytes) -> anyhow::Result<()> {
        let reply = self.client.request("micro.say", body.clone()).await?;
        serde_json::from_slice::<String>(&reply.payload)?;
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.service.abort();
    }
}
