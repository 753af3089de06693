//! Connections that are held, and connections whose clients do not read the answers.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _, future};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::replica::Replica;
use crate::feed::{self, Socket};

const SLOWLORIS: usize = 1_000;
const SOCKETS: usize = 600;
/// How many of them one principal may have.
const ALLOWED: usize = 100;
const SUBSCRIPTIONS: usize = 30;
/// How long it is waited for the end of a connection whose answers nobody takes.
const CUT: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// Requests that are begun and never finished.
pub(super) async fn slowloris(replica: &Replica, hold: Duration) -> anyhow::Result<String> {
    let held = future::try_join_all((0..SLOWLORIS).map(|_| async {
        let mut stream = TcpStream::connect(replica.address()).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-").await?;
        anyhow::Ok(stream)
    }))
    .await?;
    tokio::time::sleep(hold).await;
    Ok(format!("{} held", held.len()))
}

/// More websockets than one principal may have, each with a subscription.
pub(super) async fn websockets(replica: &Replica, token: &str, hold: Duration) -> anyhow::Result<String> {
    let opened = (0..SOCKETS).map(|_| async {
        let mut socket = feed::subscribe_at(&replica.url, token).await?;
        let taken = is_acknowledged(&mut socket).await?;
        anyhow::Ok((socket, taken))
    });
    let opened = future::try_join_all(opened).await?;
    let taken = opened.iter().filter(|(_, taken)| *taken).count();
    anyhow::ensure!(taken == ALLOWED, "{taken} websockets of one principal were taken, not {ALLOWED}");
    tokio::time::sleep(hold).await;
    Ok(format!("{taken} taken, the others 4429"))
}

async fn is_acknowledged(socket: &mut Socket) -> anyhow::Result<bool> {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await?.context("no answer")??;
        match message {
            Message::Text(text) => {
                return Ok(serde_json::from_str::<Value>(&text)?["type"] == "connection_ack");
            }
            Message::Close(frame) => {
                anyhow::ensure!(
                    frame.as_ref().is_some_and(|frame| u16::from(frame.code) == 4429),
                    "{frame:?}"
                );
                return Ok(false);
            }
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Subscriptions whose updates nobody takes.
pub(super) async fn slow_subscriber(replica: &Replica, token: &str) -> anyhow::Result<String> {
    let mut request = format!("ws://{}/graphql/ws", replica.address()).into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let stream = narrow(replica).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let init = json!({ "type": "connection_init", "payload": { "token": token } });
    socket.send(Message::text(init.to_string())).await?;
    for id in 0..SUBSCRIPTIONS {
        let query = "subscription { events(snapshot: 1000) { __typename
            ... on EventSnapshot { events { sequence id summary data } } ... on EventBatch { events { data } } } }";
        let subscribe = json!({ "type": "subscribe", "id": id.to_string(), "payload": { "query": query } });
        socket.send(Message::text(subscribe.to_string())).await?;
    }
    let begun = Instant::now();
    // Whatever was written here would be read as the protocol, so the replica is asked how many it has.
    let mut begins = true;
    while begins || open_websockets(replica).await? > 1 {
        begins = begins && open_websockets(replica).await? < 2;
        anyhow::ensure!(
            begun.elapsed() < CUT,
            "a subscriber that takes nothing is not cut off within {CUT:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
    drop(socket);
    Ok(format!("cut off after {:.1} s", begun.elapsed().as_secs_f64()))
}

/// One of them is that of somebody else.
async fn open_websockets(replica: &Replica) -> anyhow::Result<u32> {
    let request =
        reqwest::Client::new().get(format!("{}/metrics", replica.url)).bearer_auth(&replica.somebody);
    let metrics = request.send().await?.text().await?;
    let count = metrics.lines().find_map(|line| line.strip_prefix("aegis_websockets "));
    Ok(count.context("the metrics have no aegis_websockets")?.trim().parse()?)
}

/// Requests whose answers nobody takes.
pub(super) async fn slow_reader(replica: &Replica, token: &str) -> anyhow::Result<String> {
    let mut stream = narrow(replica).await?;
    let request =
        format!("GET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    // More than all buffers between the two hold.
    stream.write_all(request.repeat(200).as_bytes()).await?;
    let begun = Instant::now();
    while begun.elapsed() < CUT {
        // Of a request that is never whole: nothing that would be answered.
        match stream.try_write(b"G") {
            Err(error) if error.kind() != ErrorKind::WouldBlock => {
                return Ok(format!("cut off after {:.1} s", begun.elapsed().as_secs_f64()));
            }
            Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    anyhow::bail!("a reader that takes nothing is not cut off within {CUT:?}")
}

/// A connection that has little room for what it is sent.
async fn narrow(replica: &Replica) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4_096)?;
    Ok(socket.connect(replica.address().parse()?).await?)
}
