//! A trading floor for tests: a real server, and the real binary as processes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aegis_sdk::fencing::FencedLog;
use aegis_sdk::leadership::kv::KvLeaseStore;
use aegis_sdk::leadership::store::LeaseStore as _;
use aegis_sdk::{Client, ConnectOptions, Connection, Target};
use aegis_testkit::{NatsServer, Proc, wait_until};
use serde_json::{Value, json};

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Floor {
    // Before the server, so that it ends first.
    pub(crate) client: Client,
    connection: Connection,
    server: NatsServer,
}

impl Floor {
    pub(crate) async fn start() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        Self { client: Client::new(&connection), connection, server }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The binary with these arguments.
    pub(crate) fn spawn(&self, args: &[&str]) -> Proc {
        let name = args.join(" ");
        let builder = Proc::builder(env!("CARGO_BIN_EXE_aegis-trading")).name(name).args(args);
        builder.env("NATS_URL", self.server.url()).spawn()
    }

    /// Three trading services, once the first accounts have an owner each.
    pub(crate) async fn traders(&self) -> Vec<(String, Proc)> {
        let mut traders = Vec::new();
        for n in 1..=3 {
            let instance = format!("trading-service-{n}");
            let proc = self.spawn(&["trading", "--instance", &instance]);
            traders.push((instance, proc));
        }
        for (_, proc) in &traders {
            proc.wait_for_line(|line| line.contains("serving"), PATIENCE).await;
        }
        for account in ["ACC-1", "ACC-2", "ACC-3"] {
            self.client.call::<_, Value>(&desk(account), "position", &(), PATIENCE).await.unwrap();
        }
        traders
    }

    /// The instance that owns the account.
    pub(crate) async fn owner(&self, account: &str) -> String {
        let leases = KvLeaseStore::new(&self.connection, "trading-service".parse().unwrap());
        let record = leases.owner(&account.parse().unwrap()).await.unwrap().record.unwrap();
        record.holder.unwrap().instance.to_string()
    }

    /// Writes to the order book beside the trading service, under any term.
    pub(crate) fn order_book(&self) -> FencedLog {
        FencedLog::new(&self.connection, |account| format!("events.trading.{account}.trade"))
    }

    /// The ids of all trades in the order book, each of which is there once, and no account's terms go
    /// back.
    pub(crate) async fn trades(&self) -> BTreeSet<String> {
        let mut stream = self.connection.jetstream().get_stream("EVENTS").await.unwrap();
        let last = stream.info().await.unwrap().state.last_sequence;
        let mut ids = BTreeSet::new();
        let mut terms = BTreeMap::new();
        for sequence in 1..=last {
            let message = stream.direct_get(sequence).await.unwrap();
            if message.subject.ends_with(".trade") {
                let trade: Value = serde_json::from_slice(&message.payload).unwrap();
                let id = trade["trade_id"].as_str().unwrap().to_owned();
                assert!(ids.insert(id), "doubled: {trade}");
                let term = trade["term"].as_u64().unwrap();
                let before = terms.insert(trade["account"].to_string(), term).unwrap_or_default();
                assert!(before <= term, "after term {before}: {trade}");
            }
        }
        ids
    }
}

pub(crate) fn desk(account: &str) -> Target {
    Target::owner("trading-service", account).unwrap()
}

pub(crate) fn order() -> Value {
    json!({ "symbol": "EURUSD", "exchange": "ECB", "direction": "BUY", "type": "LIMIT", "volume": 1, "price": 1.1 })
}

/// The process of that name out of several.
pub(crate) fn of<'a>(instance: &str, procs: &'a [(String, Proc)]) -> &'a Proc {
    &procs.iter().find(|(name, _)| name == instance).unwrap().1
}

/// Waits until `seen` answers true.
pub(crate) async fn until(what: &str, timeout: Duration, seen: impl Fn() -> bool) {
    wait_until(what, timeout, async || if seen() { Ok(()) } else { Err("not yet".to_owned()) }).await;
}
