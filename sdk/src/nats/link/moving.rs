//! Leaving a server that is about to end, before it does (lame duck mode, `nats-server --signal ldm`).
//!
//! Replies may come twice and are heard once, so they are subscribed to on the new connection before the old one is
//! left. A member of a queue group is told of a message by one of the two. What must come once, calls of a group or of
//! this instance, is given up on the old connection first, and then taken up on the new one: whoever calls in between
//! hears that nobody is there, and calls again.

use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use async_nats::ServerAddr;
use tokio::sync::oneshot;

use super::dial::{Address, Dialled};
use super::driver::{Driver, Ended};
use super::{Shared, frame};

/// How soon another server is sought again, when there was none.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the old server may take to hand over what is on its way.
const GIVE_UP: Duration = Duration::from_secs(1);
/// How long replies still come on the old connection: the servers tell each other of subscriptions a moment later.
const LINGER: Duration = Duration::from_millis(500);

/// Moves to another server, and drives the connection there as long as replies may still come on the old one. While
/// there is no other, the old connection goes on; the error says how it was lost.
pub(super) async fn leave<'a>(
    address: &Address,
    server: &ServerAddr,
    old: &mut Driver<'a>,
) -> Result<(Driver<'a>, ServerAddr), io::Error> {
    tracing::info!(server = server.host(), "the nats server is about to end: moving calls to another");
    let shared = old.shared;
    let (dialled, at) = loop {
        let first = subscriptions(shared);
        let found = tokio::select! {
            biased;
            found = other(address, server, old.discovered.clone(), &first) => found,
            ended = driven(old) => return Err(ended),
        };
        match found {
            Some(found) => break found,
            None => tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                ended = driven(old) => return Err(ended),
            },
        }
    };
    let given_up = give_up(shared);
    tokio::select! {
        biased;
        _ = tokio::time::timeout(GIVE_UP, given_up) => {}
        // It ended before: what it had is lost with it, as with any lost connection.
        _ended = driven(old) => {}
    }
    let mut new = Driver::take_over(shared, dialled, |subscribed| subscribed.once);
    let ended = tokio::select! {
        ended = new.drive() => Some(ended),
        _ = tokio::time::timeout(LINGER, old.linger()) => None,
    };
    match ended {
        Some(Ended::Lost(error)) => Err(error),
        Some(Ended::LameDuck) | None => Ok((new, at)),
    }
}

/// Drives it until it is lost.
async fn driven(driver: &mut Driver<'_>) -> io::Error {
    loop {
        match driver.drive().await {
            Ended::Lost(error) => return error,
            Ended::LameDuck => {}
        }
    }
}

/// A connection to another server.
async fn other(
    address: &Address,
    left: &ServerAddr,
    discovered: Vec<String>,
    first: &[u8],
) -> Option<(Dialled, ServerAddr)> {
    let known = discovered.iter().filter_map(|url| url.parse::<ServerAddr>().ok());
    for server in known.chain(address.servers.iter().cloned()) {
        if (server.host(), server.port()) == (left.host(), left.port()) {
            continue;
        }
        match address.dial(&server, first).await {
            Ok(dialled) if !dialled.info.lame_duck => return Some((dialled, server)),
            Ok(_about_to_end_too) => {}
            Err(error) => tracing::debug!(%error, server = server.host(), "the server cannot be moved to"),
        }
    }
    None
}

/// What may come on both connections.
fn subscriptions(shared: &Shared) -> Vec<u8> {
    let mut first = vec![];
    let subscribed = shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
    for (sid, it) in subscribed.iter().filter(|(_, it)| !it.once) {
        frame::subscribe(&mut first, &it.subject, it.queue.as_deref(), *sid);
    }
    first
}

/// Takes nothing more on the old connection but replies; done when all that was on its way there has come.
fn give_up(shared: &Shared) -> oneshot::Receiver<()> {
    let (gone, given_up) = oneshot::channel();
    let mut out = shared.out();
    let subscribed = shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
    for (sid, _) in subscribed.iter().filter(|(_, it)| it.once || it.queue.is_some()) {
        frame::unsubscribe(&mut out.buffer, *sid);
    }
    drop(subscribed);
    out.ping(Some(gone));
    shared.attend(out);
    given_up
}
