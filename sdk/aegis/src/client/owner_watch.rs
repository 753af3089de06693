//! Word of a group's change of owner: it wakes the calls that wait for one.
//!
//! A plain subscription to the writes of the owner key: no consumer, no state on the server. Writes that the store
//! refuses are seen, too; it only says when to look or try again.

use aegis_domain::wire::Namespace;
use aegis_domain::wire::subject::{self, LeaseKey};
use aegis_domain::{GroupName, ServiceName};
use tokio::sync::watch;

use aegis_nats::transport::{AnyTransport, Subscription, Transport as _};

/// How many writes of one owner key were seen.
#[derive(Debug)]
pub(super) struct OwnerWatch {
    writes: watch::Receiver<u64>,
    _subscription: Subscription,
}

impl OwnerWatch {
    pub(super) fn open(
        transport: &AnyTransport,
        namespace: &Namespace,
        (service, group): (&ServiceName, &GroupName),
    ) -> Self {
        let key = LeaseKey::Owner(service.clone(), group.clone()).to_string();
        let (sender, writes) = watch::channel(0);
        let subject = subject::kv(&namespace.leases_bucket(), &key);
        let subscription =
            transport.subscribe(subject, None, move |_write| sender.send_modify(|writes| *writes += 1));
        Self { writes, _subscription: subscription }
    }

    /// How many writes were seen so far.
    pub(super) fn seen(&self) -> u64 {
        *self.writes.borrow()
    }

    /// Waits until more writes were seen than these; says how many then.
    pub(super) async fn more_than(&self, seen: u64) -> u64 {
        let mut writes = self.writes.clone();
        // Its subscription, which lives as long as it does, has the other end.
        let more = writes.wait_for(|writes| *writes > seen).await.map(|writes| *writes).ok();
        match more {
            Some(more) => more,
            None => std::future::pending().await,
        }
    }
}
