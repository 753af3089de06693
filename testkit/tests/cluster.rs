//! The cluster harness against three real servers.

use std::time::Duration;

use aegis_testkit::{NatsCluster, wait_until};
use async_nats::jetstream;

#[tokio::test]
async fn the_cluster_survives_the_kill_of_a_node() {
    let cluster = NatsCluster::start(3).await;
    let context = jetstream::new(cluster.client().await);
    let config = jetstream::stream::Config {
        name: "S".into(),
        subjects: vec!["s.>".into()],
        num_replicas: 3,
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    context.publish("s.1", "before".into()).await.unwrap().await.unwrap();

    let leader = cluster.meta_leader().await;
    cluster.kill(leader);
    wait_until("writes to come back", Duration::from_secs(40), async || {
        let ack = context.publish("s.2", "after".into()).await.map_err(|e| e.to_string())?;
        ack.await.map_err(|e| e.to_string())
    })
    .await;

    cluster.restart(leader).await;
    cluster.formed().await;
    let again = jetstream::new(cluster.node(leader).client().await);
    wait_until("the restarted node to serve the stream", Duration::from_secs(40), async || {
        let stream = again.get_stream("S").await.map_err(|error| error.to_string())?;
        let state = &stream.cached_info().state;
        if state.messages >= 2 { Ok(()) } else { Err(format!("{} messages", state.messages)) }
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_placed_by_node_tag_and_outlives_a_full_restart() {
    let cluster = NatsCluster::start(3).await;
    let context = jetstream::new(cluster.client().await);
    for index in 0..3 {
        let tag = format!("node:n{}", index + 1);
        let config = jetstream::stream::Config {
            name: format!("ON{index}"),
            placement: Some(jetstream::stream::Placement { tags: vec![tag], ..Default::default() }),
            ..Default::default()
        };
        let stream = context.create_stream(config).await.unwrap();
        let info = stream.cached_info().cluster.clone().unwrap();
        assert_eq!(cluster.index_of(&info.leader.unwrap()), Some(index));
    }
    cluster.restart_all().await;
    let context = jetstream::new(cluster.client().await);
    wait_until("the streams to be back", Duration::from_secs(40), async || {
        for index in 0..3 {
            context.get_stream(format!("ON{index}")).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    })
    .await;
}
