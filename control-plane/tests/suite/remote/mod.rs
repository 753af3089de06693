//! The command line over the API (`--url`), and the client behind it: the real binary against a real replica.

mod client;
mod follow;
mod refused;
mod same;
mod tail;
mod tls;

use aegis_api_client::{Client, Settings, Token};
use aegis_testkit::NatsServer;

use crate::support::{ControlPlane, PATIENCE, aegis};

/// What a command has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) lines: Vec<String>,
}

impl Ran {
    pub(super) fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

pub(super) async fn run(args: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut process = aegis().args(args.iter().copied()).env("USER", "alice");
    for (name, value) in environment {
        process = process.env(*name, *value);
    }
    let process = process.spawn();
    let status = process.wait_exit(PATIENCE).await;
    Ran { code: status.code().unwrap(), lines: process.lines() }
}

pub(super) async fn by_nats(nats: &NatsServer, args: &[&str]) -> Ran {
    run(args, &[("NATS_URL", &nats.url())]).await
}

/// With no NATS within reach.
pub(super) async fn by_url(control: &ControlPlane, args: &[&str]) -> Ran {
    let args: Vec<_> = ["--url", &control.url].into_iter().chain(args.iter().copied()).collect();
    run(&args, &[("AEGIS_TOKEN", &control.token), ("NATS_URL", "nats://127.0.0.1:1")]).await
}

/// Whichever way it goes, it comes to the same.
pub(super) async fn same(nats: &NatsServer, control: &ControlPlane, args: &[&str]) -> Ran {
    let (one, other) = (by_nats(nats, args).await, by_url(control, args).await);
    assert_eq!(other, one, "{args:?}");
    one
}

pub(super) fn client(control: &ControlPlane) -> Client {
    Client::new(Settings::new(&control.url, Token::new(&control.token).unwrap())).unwrap()
}
