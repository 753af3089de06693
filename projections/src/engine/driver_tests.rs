//! A driver whose outlet panics, on a real server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Registration};
use aegis_domain::{Actor, AggregateId, Context, InstanceName, ServiceName, Version};
use aegis_journal::Journal;
use aegis_nats::supervise::panics;
use aegis_nats::{ConnectOptions, Connection};
use aegis_sdk::provision::provision;
use aegis_testkit::{NatsServer, wait_until};
use chrono::Utc;

use super::*;
use crate::projector::stream;
use crate::registry::{Batch, Log, Registry, Retention};

const LIMIT: Duration = Duration::from_secs(20);

/// Panics at some batches, and tells how many instances it was shown, and up to where.
#[derive(Debug)]
struct Panicking {
    panics: u32,
    shown: Arc<Mutex<(Sequence, usize)>>,
}

impl Panicking {
    fn show(&self, registry: &Registry, checkpoint: Checkpoint) {
        *self.shown.lock().unwrap() = (checkpoint.position, registry.state.instances.len());
    }
}

impl Outlet<Registry> for Panicking {
    async fn committed(&mut self, registry: &Registry, _batch: &Batch, checkpoint: Checkpoint) {
        if self.panics > 0 && checkpoint.position > Sequence(2) {
            self.panics -= 1;
            std::panic::resume_unwind(Box::new("planted"));
        }
        self.show(registry, checkpoint);
    }

    async fn replaced(&mut self, registry: &Registry, checkpoint: Checkpoint) {
        self.show(registry, checkpoint);
    }
}

async fn register(journal: &Journal, n: u32) {
    let (service, name) =
        (ServiceName::new("echo").unwrap(), InstanceName::new(format!("echo-{n}")).unwrap());
    let registration = Registration {
        version: Version::new("1.0.0").unwrap(),
        groups: vec![],
        labels: BTreeMap::new(),
        heartbeat_ms: 1000,
        record_ttl_ms: 15_000,
        legacy: false,
        life: None,
    };
    let context = Context::new(Actor::system("test"), Utc::now());
    let id = AggregateId::Instance(service, name);
    journal.execute::<Instance>(&id, Command::Register(registration), &context).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_counted_and_the_projection_goes_on_from_its_file() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    provision(&connection).await.unwrap();
    let journal = Journal::new(&connection);
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open::<Registry>(&folder.path().join("p.sqlite")).await.unwrap();
    let feed = Log { connection: connection.clone(), filters: vec![], puts_aside: false };
    let at = stream(&feed, &database).await.unwrap();
    let shown = Arc::new(Mutex::new((Sequence::ZERO, 0)));
    let outlet = Panicking { panics: 3, shown: Arc::clone(&shown) };
    let (before, progress) = (panics(), Progress::default());
    let driver = Driver::restore(database, progress.clone(), feed, Retention::default(), at, |_, _| outlet);
    let work = tokio::spawn(driver.await.unwrap().run(CancellationToken::new()));
    for n in 1..=8_u32 {
        register(&journal, n).await;
        wait_until("the event", LIMIT, async || {
            let found = (progress.position(), *shown.lock().unwrap());
            let position = Sequence(n.into());
            if found == (position, (position, n as usize)) { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    }
    assert!(panics() >= before + 3);
    work.abort();
}
