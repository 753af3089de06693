//! Keeps a link connected: to one server after the other, until it is closed.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::ServerAddr;
use rand::seq::SliceRandom as _;
use tokio_util::sync::CancellationToken;

use super::driver::{Driver, Ended};
use super::{Shared, moving};
use crate::backoff::backoff;
use crate::state::ConnectionState;
use crate::supervise::supervised;
use crate::transport::Address;

/// A connection that ended sooner counts as one that failed.
const LIVED: Duration = Duration::from_secs(1);
/// Keeps it connected until closed.
pub(super) async fn run(shared: Arc<Shared>, address: Address, closed: CancellationToken) {
    let driving = Arc::clone(&shared);
    let mut begun = false;
    let driven = supervised("a connection for calls", async move || {
        if std::mem::replace(&mut begun, true) {
            driving.lost();
        }
        connect_and_drive(&driving, address.clone()).await;
    });
    closed.run_until_cancelled(driven).await;
    shared.state.send_replace(ConnectionState::Closed);
}

async fn connect_and_drive(shared: &Shared, mut address: Address) {
    address.servers.shuffle(&mut rand::rng());
    let (mut failures, mut said) = (0, String::new());
    loop {
        for server in address.servers.clone() {
            match address.dial(&server, &[]).await {
                Ok(dialled) => {
                    let begun = Instant::now();
                    said.clear();
                    address.learn(&dialled.info.connect_urls);
                    let driver = Driver::take_over(shared, dialled);
                    let (error, discovered) = drive_on(&address, server, driver).await;
                    address.learn(&discovered);
                    shared.lost();
                    if begun.elapsed() > LIVED {
                        failures = 0;
                    }
                    tracing::info!(%error, "the connection for calls was lost; it is sought again");
                }
                Err(error) => {
                    // Again and again the same would say nothing new.
                    let text = format!("{}: {error}", server.host());
                    if said != text {
                        tracing::warn!(error = text, "there is no connection for calls; it is sought again");
                        said = text;
                    }
                }
            }
        }
        failures += 1;
        tokio::time::sleep(backoff(failures + 1)).await;
    }
}

/// Until the connection is lost. A server that is about to end is left for another before that.
async fn drive_on(
    address: &Address,
    mut server: ServerAddr,
    mut driver: Driver<'_>,
) -> (io::Error, Vec<String>) {
    loop {
        let error = match driver.drive().await {
            Ended::Lost(error) => error,
            Ended::LameDuck => match moving::leave(address, &server, &mut driver).await {
                Ok((next, at)) => {
                    (driver, server) = (next, at);
                    continue;
                }
                Err(error) => error,
            },
        };
        return (error, std::mem::take(&mut driver.discovered));
    }
}
