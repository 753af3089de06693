//! A socket, with or without TLS.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::client::TlsStream;
use tokio_util::io::poll_read_buf;

#[derive(Debug)]
pub(super) enum Socket {
    /// Which others may write to as well.
    Plain(OwnedReadHalf, Arc<OwnedWriteHalf>),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    pub(super) fn plain(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self::Plain(read, Arc::new(write))
    }

    /// Reads what there is, as far as there is room for it.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        input: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(read, _) => poll_read_buf(Pin::new(read), cx, input),
            Self::Tls(stream) => poll_read_buf(Pin::new(stream), cx, input),
        }
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(_, write) => loop {
                ready!(write.as_ref().as_ref().poll_write_ready(cx))?;
                match write.try_write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    written => return Poll::Ready(written),
                }
            },
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(..) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Where others may write.
    pub(super) fn shared(&self) -> Option<Arc<OwnedWriteHalf>> {
        match self {
            Self::Plain(_, write) => Some(Arc::clone(write)),
            Self::Tls(_) => None,
        }
    }
}
