use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use crate::fail::or_fail;

/// Chunks held per direction; a full queue pushes back on the sender, as a full socket would.
const QUEUE: usize = 1024;
const CHUNK: usize = 16 * 1024;

/// A TCP proxy that can misbehave the way networks do.
///
/// Put it in front of a server and point the client at [`url`](Self::url). It starts out passing
/// everything on. It ends, with all its connections, on drop.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<watch::Sender<Faults>>,
    acceptor: AbortHandle,
}

#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    cut: bool,
    delay: Duration,
    /// Connections of an older generation are closed.
    generation: u64,
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
        let acceptor = tokio::spawn(accept(listener, target, Arc::clone(&faults))).abort_handle();
        Self { address, faults, acceptor }
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

    /// Heals: forwards everything at once, first what was held back.
    pub fn pass(&self) {
        self.change(|faults| (faults.cut, faults.delay) = (false, Duration::ZERO));
    }

    /// Half-open: connections stay up and nothing crosses, in either direction, not even a close.
    pub fn cut(&self) {
        self.change(|faults| faults.cut = true);
    }

    /// Adds latency to each direction, keeping order and throughput.
    pub fn delay(&self, delay: Duration) {
        self.change(|faults| faults.delay = delay);
    }

    /// Closes every present connection; new ones are accepted.
    pub fn drop_connections(&self) {
        self.change(|faults| faults.generation += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(listener: TcpListener, target: String, faults: Arc<watch::Sender<Faults>>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(serve(client, target.clone(), faults.subscribe()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(client: TcpStream, target: String, faults: watch::Receiver<Faults>) {
    let born = faults.borrow().generation;
    let mut dropped = faults.clone();
    let forwarding = async {
        let Ok(server) = TcpStream::connect(&target).await else {
            return;
        };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        tokio::join!(
            one_way(client_read, server_write, faults.clone()),
            one_way(server_read, client_write, faults),
        );
    };
    tokio::select! {
        () = forwarding => {}
        _ = dropped.wait_for(|faults| faults.generation != born) => {}
    }
}

/// Reads ahead of the writer, so that a delay adds latency without costing throughput.
async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: watch::Receiver<Faults>) {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(QUEUE);
    let reader = async move {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if send.send((Instant::now(), buffer[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let writer = async move {
        let mut uncut = faults.clone();
        while let Some((read_at, bytes)) = receive.recv().await {
            let delay = faults.borrow().delay;
            tokio::time::sleep_until(read_at + delay).await;
            if uncut.wait_for(|faults| !faults.cut).await.is_err() {
                return;
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // A close is news too: it must not cross while the link is cut.
        uncut.wait_for(|faults| !faults.cut).await.ok();
        to.shutdown().await.ok();
    };
    let mut writer = pin!(writer);
    tokio::select! {
        () = &mut writer => return,
        () = reader => {}
    }
    writer.await;
}
