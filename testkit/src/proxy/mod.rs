mod faults;
mod link;
mod rewrite;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use crate::fail::or_fail;

use faults::{Fault, Faults};
use rewrite::Rule;

/// The text that is part of every name.
const ALL: &str = "";

/// A TCP proxy that can misbehave the way networks do.
///
/// Put it in front of a server and point the client at [`url`](Self::url). It starts out passing
/// everything on. It ends, with all its connections, on drop.
///
/// Clients of NATS name their connections, and a fault may be given for those alone whose name
/// contains a text: a process with two connections can lose one of them. What is given for a name is
/// kept for the connections to come, and adds to what is given for all.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_testkit::{FaultProxy, NatsServer};
/// use std::time::Duration;
///
/// let server = NatsServer::start().await;
/// let proxy = FaultProxy::start(&server.url()).await;
/// // Whatever connects to `proxy.url()` is slow, then cut off, then back.
/// proxy.delay(Duration::from_millis(50));
/// proxy.cut();
/// proxy.pass();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<watch::Sender<Faults>>,
    rewritten: Arc<AtomicU64>,
    acceptor: AbortHandle,
}

/// One of the two ways that bytes take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl FaultProxy {
    /// Listens on a free local port and forwards to `target`, a `host:port` or a `nats://` URL.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start(target: &str) -> Self {
        let target = target.rsplit("//").next().unwrap_or(target).to_owned();
        let listener = or_fail(TcpListener::bind("127.0.0.1:0").await.context("bind the proxy"));
        let address = or_fail(listener.local_addr().context("address of the proxy"));
        let faults = Arc::new(watch::Sender::new(Faults::default()));
        let rewritten = Arc::new(AtomicU64::new(0));
        let accepting = accept(listener, target, Arc::clone(&faults), Arc::clone(&rewritten));
        let acceptor = tokio::spawn(accepting).abort_handle();
        Self { address, faults, rewritten, acceptor }
    }

    /// `nats://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Heals every connection: forwards everything at once, first what was held back. Rewriting goes on.
    pub fn pass(&self) {
        self.faults.send_modify(Faults::heal);
    }

    /// Half-open: connections stay up and nothing crosses, in either direction, not even a close.
    pub fn cut(&self) {
        self.cut_named(ALL);
    }

    /// Adds latency to each direction, keeping order and throughput.
    pub fn delay(&self, delay: Duration) {
        self.delay_named(ALL, delay);
    }

    /// Closes every present connection; new ones are accepted.
    pub fn drop_connections(&self) {
        self.drop_named(ALL);
    }

    /// Takes back what was given for this very text; what was given for others, or for all, stays.
    pub fn pass_named(&self, text: &str) {
        self.change(text, Fault::heal);
    }

    /// [`cut`](Self::cut), for the connections whose name contains the text.
    pub fn cut_named(&self, text: &str) {
        self.change(text, |fault| (fault.cut_to_server, fault.cut_to_client) = (true, true));
    }

    /// [`cut`](Self::cut) in one direction only: the other side is heard, and does not hear.
    pub fn cut_one_way(&self, text: &str, direction: Direction) {
        self.change(text, |fault| match direction {
            Direction::ToServer => fault.cut_to_server = true,
            Direction::ToClient => fault.cut_to_client = true,
        });
    }

    /// [`delay`](Self::delay), for the connections whose name contains the text.
    pub fn delay_named(&self, text: &str, delay: Duration) {
        self.change(text, |fault| fault.delay = delay);
    }

    /// [`drop_connections`](Self::drop_connections), for those whose name contains the text.
    pub fn drop_named(&self, text: &str) {
        self.faults.send_modify(|faults| faults.drop_named(text));
    }

    /// From now on, `from` reaches the server as `to`, on the connections whose name contains the text.
    ///
    /// To break a protocol on purpose without touching the program that speaks it. Bytes that may be the
    /// beginning of `from` are held back until the next ones come.
    ///
    /// # Panics
    /// When the two differ in length (NATS counts the bytes of its messages) or are empty.
    pub fn rewrite(&self, text: &str, from: &str, to: &str) {
        assert_eq!(from.len(), to.len(), "{from:?} and {to:?} differ in length");
        assert!(!from.is_empty(), "there is nothing to rewrite");
        let rule = Rule { name: text.to_owned(), from: from.into(), to: to.into() };
        self.faults.send_modify(|faults| faults.rules.push(Arc::new(rule)));
    }

    /// How often something was rewritten so far.
    #[must_use]
    pub fn rewritten(&self) -> u64 {
        self.rewritten.load(Ordering::Relaxed)
    }

    fn change(&self, text: &str, change: impl FnOnce(&mut Fault)) {
        self.faults.send_modify(|faults| change(faults.entry(text)));
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: String,
    faults: Arc<watch::Sender<Faults>>,
    rewritten: Arc<AtomicU64>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    let (faults, rewritten) = (faults.subscribe(), Arc::clone(&rewritten));
                    connections.spawn(link::serve(client, target.clone(), faults, rewritten));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
