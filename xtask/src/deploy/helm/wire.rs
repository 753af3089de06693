//! As much of the protocol of NATS as the checks need: who may connect, and requests.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    inbox: String,
}

impl Client {
    /// Connects, as nobody or with a user and a password. The error has the server's words.
    pub(super) fn connect(address: &str, credential: Option<(&str, &str)>) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("NATS at {address}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let user = credential.map_or("nobody", |(user, _)| user);
        let mut client = Self { stream: BufReader::new(stream), inbox: format!("_INBOX.{user}.xtask") };
        let mut options =
            json!({"verbose": false, "pedantic": false, "headers": true, "lang": "xtask", "version": "0"});
        if let Some((user, password)) = credential {
            options["user"] = user.into();
            options["pass"] = password.into();
        }
        client.send(&format!("CONNECT {options}\r\nPING\r\n"))?;
        loop {
            match client.line()?.as_str() {
                "PONG" => return Ok(client),
                line if line.starts_with("-ERR") => bail!("{line}"),
                _ => {}
            }
        }
    }

    /// Asks, and waits for the answer in JSON.
    pub(super) fn request(&mut self, subject: &str, body: &Value) -> Result<Value> {
        let (inbox, body) = (self.inbox.clone(), body.to_string());
        let length = body.len();
        self.send(&format!("SUB {inbox} 1\r\nPUB {subject} {inbox} {length}\r\n{body}\r\n"))?;
        loop {
            let line = self.line()?;
            let words: Vec<_> = line.split(' ').collect();
            match words.first().copied() {
                Some("PING") => self.send("PONG\r\n")?,
                Some("-ERR") => bail!("{line}"),
                Some("MSG") => {
                    let length =
                        words.last().and_then(|word| word.parse().ok()).context("a message has a length")?;
                    let mut body = vec![0; length];
                    self.stream.read_exact(&mut body)?;
                    self.send("UNSUB 1\r\n")?;
                    return serde_json::from_slice(&body).context("the answer of NATS");
                }
                Some("HMSG") => bail!("{subject}: nobody answers"),
                _ => {}
            }
        }
    }

    fn send(&mut self, text: &str) -> Result<()> {
        self.stream.get_mut().write_all(text.as_bytes()).context("NATS")
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).context("NATS does not answer")?;
        if read == 0 {
            bail!("NATS has closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
