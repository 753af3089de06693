use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::Instant,
};

use super::{Direction, faults::Faults, rewrite::Rewriter};

/// Chunks held per direction; a full queue pushes back on the sender, as a full socket would.
const QUEUE: usize = 1024;
const CHUNK: usize = 16 * 1024;
/// The first word of a client of NATS.
const CONNECT: &[u8] = b"CONNECT ";
/// More than any first line of a client.
const LONGEST_LINE: usize = 64 * 1024;

type Chunk = (Instant, Vec<u8>);

/// One connection and its other half.
struct Link {
    /// Once the client has said it.
    name: OnceLock<String>,
    faults: watch::Receiver<Faults>,
    rewritten: Arc<AtomicU64>,
}

pub(super) async fn serve(
    client: TcpStream,
    target: String,
    faults: watch::Receiver<Faults>,
    rewritten: Arc<AtomicU64>,
) {
    let born = faults.borrow().generation;
    let mut dropped = faults.clone();
    let link = Link { name: OnceLock::new(), faults, rewritten };
    let forwarding = async {
        let Ok(server) = TcpStream::connect(&target).await else {
            return;
        };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let (client_read, client_write) = client.into_split();
        let (server_read, server_write) = server.into_split();
        tokio::join!(
            link.one_way(client_read, server_write, Direction::ToServer),
            link.one_way(server_read, client_write, Direction::ToClient),
        );
    };
    tokio::select! {
        () = forwarding => {}
        _ = dropped.wait_for(|faults| faults.drops(link.name(), born)) => {}
    }
}

impl Link {
    fn name(&self) -> Option<&str> {
        self.name.get().map(String::as_str)
    }

    /// Reads ahead of the writer, so that a delay adds latency without costing throughput.
    async fn one_way(&self, from: OwnedReadHalf, to: OwnedWriteHalf, direction: Direction) {
        let (send, receive) = mpsc::channel(QUEUE);
        let reader = async {
            match direction {
                Direction::ToServer => self.read_client(from, send).await,
                Direction::ToClient => read(from, send).await,
            }
        };
        let mut writer = pin!(self.write(receive, to, direction));
        tokio::select! {
            () = &mut writer => return,
            () = reader => {}
        }
        writer.await;
    }

    /// Learns the connection's name, and rewrites what is to be rewritten.
    async fn read_client(&self, mut from: OwnedReadHalf, send: mpsc::Sender<Chunk>) {
        let mut buffer = vec![0; CHUNK];
        let mut greeting = Vec::new();
        let mut greeted = false;
        let mut rewriters: Vec<Rewriter> = Vec::new();
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let mut bytes = buffer[..count].to_vec();
            if !greeted {
                greeting.append(&mut bytes);
                if !self.learn_name(&greeting) {
                    continue;
                }
                greeted = true;
                bytes = std::mem::take(&mut greeting);
            }
            let rules = self.faults.borrow().rules.clone();
            let new = rules.iter().skip(rewriters.len());
            rewriters.extend(new.map(|rule| Rewriter::new(Arc::clone(rule), self.name())));
            for rewriter in &mut rewriters {
                let (rewritten, times) = rewriter.feed(bytes);
                bytes = rewritten;
                self.rewritten.fetch_add(times, Ordering::Relaxed);
            }
            if !bytes.is_empty() && send.send((Instant::now(), bytes)).await.is_err() {
                return;
            }
        }
        let rest = rewriters.into_iter().fold(greeting, |bytes, mut rewriter| {
            let (mut bytes, _) = rewriter.feed(bytes);
            bytes.append(&mut rewriter.rest());
            bytes
        });
        if !rest.is_empty() {
            // The writer may have ended first.
            send.send((Instant::now(), rest)).await.ok();
        }
    }

    /// Whether the client has said all that it says of its name.
    fn learn_name(&self, greeting: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Options {
            name: Option<String>,
        }
        let common = greeting.len().min(CONNECT.len());
        if greeting[..common] != CONNECT[..common] {
            return true;
        }
        let Some(end) = greeting.iter().position(|byte| *byte == b'\n') else {
            return greeting.len() > LONGEST_LINE;
        };
        let options = serde_json::from_slice::<Options>(&greeting[CONNECT.len()..end]);
        if let Ok(Options { name: Some(name) }) = options {
            self.name.set(name).ok();
        }
        true
    }

    async fn write(&self, mut chunks: mpsc::Receiver<Chunk>, mut to: OwnedWriteHalf, direction: Direction) {
        let mut faults = self.faults.clone();
        while let Some((read_at, bytes)) = chunks.recv().await {
            let delay = faults.borrow().delay(self.name());
            tokio::time::sleep_until(read_at + delay).await;
            if faults.wait_for(|faults| !faults.cuts(self.name(), direction)).await.is_err() {
                return;
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // A close is news too: it must not cross while the link is cut.
        faults.wait_for(|faults| !faults.cuts(self.name(), direction)).await.ok();
        to.shutdown().await.ok();
    }
}

async fn read(mut from: OwnedReadHalf, send: mpsc::Sender<Chunk>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if send.send((Instant::now(), buffer[..count].to_vec())).await.is_err() {
            return;
        }
    }
}
