//! Just enough HTTP/1.1 to ask a health endpoint, so that the kit stays quick to compile.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LIMIT: Duration = Duration::from_secs(5);

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Body, with any invalid UTF-8 replaced.
    pub body: String,
}

/// GETs an `http://host:port/path` URL over one fresh connection, within 5 s.
///
/// # Errors
/// When the server cannot be reached, does not answer in time, or speaks no HTTP.
pub async fn get(url: &str) -> Result<Response> {
    tokio::time::timeout(LIMIT, exchange(url))
        .await
        .with_context(|| format!("no answer from {url} within {LIMIT:?}"))?
}

async fn exchange(url: &str) -> Result<Response> {
    let rest = url.strip_prefix("http://").context("only http:// URLs are supported")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await.with_context(|| format!("connect to {host}"))?;
    // HTTP/1.0 keeps the answer free of chunked encoding and closes the connection after it.
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await?;
    parse(&String::from_utf8_lossy(&raw))
}

fn parse(raw: &str) -> Result<Response> {
    let Some((head, body)) = raw.split_once("\r\n\r\n") else {
        bail!("not an HTTP answer: {raw:?}");
    };
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no status in {head:?}"))?;
    Ok(Response { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn status_and_body_are_split() {
        let response = parse("HTTP/1.1 503 Unavailable\r\nA: b\r\n\r\n{\"x\":1}").unwrap();
        assert_eq!((response.status, response.body.as_str()), (503, "{\"x\":1}"));
    }

    #[test]
    fn anything_but_http_is_refused() {
        assert!(parse("INFO {}\r\n").is_err());
    }
}
