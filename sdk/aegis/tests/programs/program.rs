//! How a program is started, and what is asked of each.

use std::path::PathBuf;
use std::time::Duration;

use aegis_sdk::{Client, ConnectOptions, Connection};
use aegis_testkit::{NatsServer, Proc, ProcBuilder};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the programs.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A program, with this server in its environment and nothing else of Aegis.
pub(crate) fn program(name: &str, server: &NatsServer) -> ProcBuilder {
    let this = std::env::current_exe().unwrap();
    let built = this.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(built.is_file(), "{} is not built: cargo build -p aegis-sdk --examples", built.display());
    Proc::builder(built).without_env("AEGIS_").without_env("RUST_").env("NATS_URL", server.url())
}

/// Runs a program that ends by itself, and ends well. What it has said, line by line.
pub(crate) async fn said(program: ProcBuilder) -> Vec<String> {
    let program = program.spawn();
    let status = program.wait_exit(PATIENCE).await;
    assert!(status.success(), "{status}");
    program.lines()
}

/// Ends a service as a supervisor does; its end is clean, and its log tells it.
pub(crate) async fn ends_cleanly(service: &Proc) {
    service.terminate();
    let status = service.wait_exit(PATIENCE).await;
    assert!(status.success(), "{status}");
}

/// A client of the test.
pub(crate) async fn client(server: &NatsServer) -> Client {
    Client::new(&Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap())
}
