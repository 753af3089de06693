//! The adapter on one KV bucket.

use aegis_domain::ServiceName;
use aegis_domain::wire::{header, subject, subject::LeaseKey};
use aegis_sdk::leadership::kv::KvLeaseStore;
use aegis_sdk::provision::provision;
use aegis_sdk::{ConnectOptions, Connection};
use aegis_testkit::{FaultProxy, NatsCluster, NatsServer};
use async_nats::jetstream::stream;
use futures_util::StreamExt as _;

use super::harness::{Harness, PATIENCE, Sent, ServerHarness, Tap};

const BUCKET: &str = "aegis_leases";
const TTL: &str = "Nats-TTL";

pub(super) struct KvHarness {
    nodes: Nodes,
    connection: Connection,
}

enum Nodes {
    One(Box<NatsServer>),
    Three(NatsCluster),
}

pub(super) struct KvTap(async_nats::Subscriber);

impl KvHarness {
    fn cluster(&self) -> Option<&NatsCluster> {
        match &self.nodes {
            Nodes::One(_) => None,
            Nodes::Three(cluster) => Some(cluster),
        }
    }

    fn url(&self, node: usize) -> String {
        match &self.nodes {
            Nodes::One(server) => server.url(),
            Nodes::Three(cluster) => cluster.node(node).url(),
        }
    }
}

async fn open(url: String) -> Connection {
    let options = ConnectOptions { patience: PATIENCE, ..ConnectOptions::new(url, "conformance") };
    Connection::open(options).await.unwrap()
}

impl Harness for KvHarness {
    type Store = KvLeaseStore;

    async fn start() -> Self {
        let server = NatsServer::start().await;
        let connection = open(server.url()).await;
        provision(&connection).await.unwrap();
        Self { nodes: Nodes::One(Box::new(server)), connection }
    }

    async fn store(&self, service: &ServiceName) -> KvLeaseStore {
        self.store_on(service, 0).await
    }

    async fn overwrite(&self, key: &LeaseKey, body: &str) {
        let subject = subject::kv(BUCKET, &key.to_string());
        let sent = self.connection.jetstream().publish(subject, body.to_owned().into()).await.unwrap();
        sent.await.unwrap();
    }
}

impl ServerHarness for KvHarness {
    type Tap = KvTap;

    async fn start_on_three() -> Self {
        let cluster = NatsCluster::start(3).await;
        let connection = open(cluster.urls()).await;
        let bucket = stream::Config {
            name: subject::kv_stream(BUCKET),
            subjects: vec![subject::kv(BUCKET, ">")],
            max_messages_per_subject: 1,
            discard: stream::DiscardPolicy::New,
            num_replicas: 3,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            allow_message_ttl: true,
            ..stream::Config::default()
        };
        connection.jetstream().create_stream(bucket).await.unwrap();
        provision(&connection).await.unwrap();
        Self { nodes: Nodes::Three(cluster), connection }
    }

    async fn store_on(&self, service: &ServiceName, node: usize) -> KvLeaseStore {
        KvLeaseStore::new(&open(self.url(node)).await, service.clone())
    }

    async fn store_behind(&self, service: &ServiceName) -> (KvLeaseStore, FaultProxy) {
        let proxy = FaultProxy::start(&self.url(0)).await;
        (KvLeaseStore::new(&open(proxy.url()).await, service.clone()), proxy)
    }

    async fn suspend_one(&self) -> usize {
        let cluster = self.cluster().expect("started on three nodes");
        let stream = self.connection.jetstream().get_stream(subject::kv_stream(BUCKET)).await.unwrap();
        let raft = stream.cached_info().cluster.clone().unwrap();
        let leader = cluster.index_of(&raft.leader.unwrap()).unwrap();
        // Neither the leader of the bucket nor the node that this very connection uses.
        let mine = self.connection.client().server_info().server_name;
        let mine = cluster.index_of(&mine);
        let follower = (0..3).find(|node| *node != leader && Some(*node) != mine).unwrap();
        cluster.pause(follower);
        follower
    }

    fn resume(&self, node: usize) {
        self.cluster().expect("started on three nodes").resume(node);
    }

    async fn tap(&self) -> KvTap {
        let tap = self.connection.client().subscribe(subject::kv(BUCKET, ">")).await.unwrap();
        // Whatever is answered after it says that the subscription stands.
        self.connection.jetstream().query_account().await.unwrap();
        KvTap(tap)
    }

    async fn stored_ttl(&self, key: &LeaseKey) -> Option<u64> {
        let stream = self.connection.jetstream().get_stream(subject::kv_stream(BUCKET)).await.unwrap();
        let subject = subject::kv(BUCKET, &key.to_string());
        let message = stream.get_last_raw_message_by_subject(&subject).await.unwrap();
        message.headers.get(TTL).map(|ttl| ttl.as_str().parse().unwrap())
    }
}

impl Tap for KvTap {
    async fn next(&mut self) -> Sent {
        let message = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap().unwrap();
        let headers = message.headers.unwrap_or_default();
        let ttl = headers.get(TTL).map(|ttl| ttl.as_str().trim_end_matches('s').parse().unwrap());
        let key = message.subject.strip_prefix(&subject::kv(BUCKET, "")).unwrap();
        let deleted = headers.get(header::KV_OPERATION).is_some();
        assert_eq!(deleted, message.payload.is_empty());
        Sent { key: LeaseKey::parse(key).unwrap(), ttl, body: message.payload.to_vec() }
    }
}
