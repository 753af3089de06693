//! Somebody who comes by way of the proxy, from an address of their own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest as _};

use crate::support::PATIENCE;

pub(super) type Socket = WebSocketStream<TlsStream<TcpStream>>;

pub(super) const HOST: &str = "floor.example";

/// See the module.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) port: u16,
    pub(super) token: String,
    tls: TlsConnector,
    from: IpAddr,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {}", self.status, self.text))
    }
}

impl Visitor {
    /// One who knows this certificate alone.
    pub(super) fn new(port: u16, token: &str, known: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(known).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (tls, from) = (TlsConnector::from(Arc::new(config)), [127, 0, 0, 1].into());
        Self { port, token: token.to_owned(), tls, from }
    }

    pub(super) fn from(&self, address: [u8; 4]) -> Self {
        Self { from: address.into(), ..self.clone() }
    }

    /// As a browser tells the origin of its pages.
    pub(super) fn origin(&self) -> String {
        format!("https://{HOST}:{}", self.port)
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(self.from, 0))?;
        let stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], self.port))).await?;
        self.tls.connect(ServerName::try_from(HOST).unwrap(), stream).await
    }

    async fn send(&self, request: Request<Body>) -> Result<axum::response::Response, String> {
        let stream = self.connect().await.map_err(|e| e.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
        Ok(answer.map(Body::new))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", format!("{HOST}:{}", self.port));
        }
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()
    }

    /// One request and its whole answer.
    pub(super) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let whole = async {
            let answer = self.send(self.request(method, path, headers, body)).await?;
            let (parts, body) = answer.into_parts();
            let bytes: Bytes = axum::body::to_bytes(body, 1 << 24).await.map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Ok(Answer { status: parts.status, headers: parts.headers, text })
        };
        tokio::time::timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err("no answer".to_owned()))
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        self.try_ask(method, path, headers, body).await.unwrap()
    }

    /// The live log.
    pub(super) async fn live_log(&self) -> LiveLog {
        let path = "/aegis/api/events?kinds=DEFINITION";
        let request = self.request("GET", path, &[("accept", "text/event-stream")], None);
        let answer = self.send(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        LiveLog { body: answer.into_body().into_data_stream(), read: String::new() }
    }

    /// A websocket, as a page of this origin opens it.
    pub(super) async fn websocket(&self, origin: &str) -> Result<Socket, Error> {
        let url = format!("wss://{HOST}:{}/aegis/graphql/ws", self.port);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        Ok(tokio_tungstenite::client_async(request, self.connect().await?).await?.0)
    }
}

/// Server-sent events, as they come.
pub(super) struct LiveLog {
    body: BodyDataStream,
    read: String,
}

impl LiveLog {
    /// The next block: a message, or a comment.
    pub(super) async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let block = block.to_owned();
                self.read = rest.to_owned();
                return block;
            }
            let piece = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing comes");
            self.read += std::str::from_utf8(&piece.expect("it goes on").unwrap()).unwrap();
        }
    }
}
