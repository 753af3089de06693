//! From an address to a connection that messages can be sent on.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_nats::ServerAddr;
use bytes::BytesMut;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::either::Either;

use super::frame::{self, Frame, Info};
use super::socket::Socket;
use crate::tls;
use crate::transport::address::Address;

/// How long it may take for one address.
const PATIENCE: Duration = Duration::from_secs(5);

type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A connection, what its server has said of itself, and what was read beyond that.
pub(super) struct Dialled {
    pub(super) socket: Socket,
    pub(super) info: Info,
    pub(super) input: BytesMut,
    /// What came for the first subscriptions.
    pub(super) early: Vec<Frame>,
}

/// What a client says of itself.
#[derive(Serialize)]
struct Connect<'a> {
    verbose: bool,
    pedantic: bool,
    tls_required: bool,
    name: &'a str,
    lang: &'static str,
    version: &'static str,
    /// 1: it is told of other servers while it is connected.
    protocol: u8,
    echo: bool,
    headers: bool,
    no_responders: bool,
    #[serde(flatten)]
    auth: crate::auth::ConnectAuth<'a>,
}

impl Address {
    /// Each address that the name of the server has gets a try of its own. `first` is sent with the greeting, and the server
    /// has dealt with it by the end.
    pub(super) async fn dial(&self, server: &ServerAddr, first: &[u8]) -> io::Result<Dialled> {
        let late = |_elapsed| io::Error::new(io::ErrorKind::TimedOut, "the server took too long");
        let addresses = tokio::net::lookup_host((server.host(), server.port()));
        let addresses = tokio::time::timeout(PATIENCE, addresses).await.map_err(late)??;
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name of the server has no address");
        for address in addresses {
            match tokio::time::timeout(PATIENCE, self.greet(server, address, first))
                .await
                .map_err(late)
                .flatten()
            {
                Ok(dialled) => return Ok(dialled),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn greet(&self, server: &ServerAddr, address: SocketAddr, first: &[u8]) -> io::Result<Dialled> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let handshake_first = self.tls.as_ref().is_some_and(|tls| tls.handshake_first);
        let mut stream = match handshake_first {
            true => self.encrypt(server, socket).await?,
            false => Either::Left(socket),
        };
        let mut input = BytesMut::new();
        let mut info = match next(&mut stream, &mut input).await? {
            Frame::Info(info) => *info,
            Frame::Message { .. } | Frame::Ping | Frame::Pong | Frame::Ok | Frame::Err(_) => {
                return Err(invalid("the server did not say what it is"));
            }
        };
        let tls =
            info.tls_required || self.tls.is_some() || self.servers.iter().any(ServerAddr::tls_required);
        if tls {
            stream = match stream {
                Either::Left(_) if !input.is_empty() => return Err(invalid("more came than a greeting")),
                Either::Left(socket) => self.encrypt(server, socket).await?,
                Either::Right(_) => stream,
            };
        }
        let auth = self.auth.current();
        let connect = Connect {
            verbose: false,
            pedantic: false,
            tls_required: tls,
            name: &self.name,
            lang: "rust",
            version: env!("CARGO_PKG_VERSION"),
            protocol: 1,
            echo: true,
            headers: true,
            no_responders: true,
            auth: auth.sign(&info.nonce)?,
        };
        let line = format!("CONNECT {}\r\n", serde_json::to_string(&connect)?);
        stream.write_all(&[line.as_bytes(), first, b"PING\r\n"].concat()).await?;
        stream.flush().await?;
        let mut early = vec![];
        loop {
            match next(&mut stream, &mut input).await? {
                Frame::Pong => {
                    let socket = match stream {
                        Either::Left(socket) => Socket::plain(socket),
                        Either::Right(stream) => Socket::Tls(stream),
                    };
                    return Ok(Dialled { socket, info, input, early });
                }
                Frame::Err(text) if self.denials.hear(&text) => {}
                Frame::Err(text) => return Err(io::Error::new(io::ErrorKind::PermissionDenied, text)),
                Frame::Ping => stream.write_all(b"PONG\r\n").await?,
                Frame::Info(newer) => info = *newer,
                message @ Frame::Message { .. } => early.push(message),
                Frame::Ok => {}
            }
        }
    }

    async fn encrypt(&self, server: &ServerAddr, socket: TcpStream) -> io::Result<Stream> {
        let name = ServerName::try_from(self.certificate_name(server));
        let name = name.map_err(|_bad| invalid("the server's name"))?;
        let connector = TlsConnector::from(tls::config(self.tls.as_ref())?);
        Ok(Either::Right(Box::new(connector.connect(name, socket).await?)))
    }
}

async fn next(stream: &mut Stream, input: &mut BytesMut) -> io::Result<Frame> {
    loop {
        if let Some(frame) = frame::take(input).map_err(|broken| invalid(&broken.to_string()))? {
            return Ok(frame);
        }
        if stream.read_buf(input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
