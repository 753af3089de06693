//! Leaving a server that is about to end, before it does (lame duck mode, `nats-server --signal ldm`).
//!
//! Servers of a cluster tell each other of subscriptions a moment later, and drop what they are sent for one that is gone.
//! So everything is subscribed to on the new connection before the old one is left, and for a while on both: replies may
//! come twice and are heard once, requests that come twice are known by their reply subject and handed over once, and
//! of a queue group one of the two gets each message.
//!
//! A message of a queue group that another server sends on its way to the old connection just as that leaves the group is
//! not lost: the server that it comes to gives it to another member (`moving_tests.rs` holds the server to that). So the
//! old connection leaves its queue groups only when the new one has joined them, and hands over what it still gets.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_nats::ServerAddr;

use super::dial::Dialled;
use super::driver::{Driver, Ended};
use super::{Shared, frame};
use crate::transport::Message;
use crate::transport::address::Address;

/// How soon another server is sought again, when there was none.
const AGAIN: Duration = Duration::from_secs(1);
/// How long everything is subscribed to on both connections.
const OVERLAP: Duration = Duration::from_millis(500);
/// How long the old connection lives on after it has left its queue groups.
const LINGER: Duration = Duration::from_millis(250);

/// The requests that came since a link began to move.
#[derive(Default)]
pub(super) struct Copies {
    on: AtomicBool,
    seen: Mutex<HashSet<u64>>,
    hash: RandomState,
}

impl Copies {
    fn begin(&self) {
        self.on.store(true, Ordering::Release);
    }

    fn end(&self) {
        self.on.store(false, Ordering::Release);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether this very request came before, while the link moves. Notes it.
    pub(super) fn has(&self, message: &Message) -> bool {
        if !self.on.load(Ordering::Acquire) {
            return false;
        }
        let key = self.hash.hash_one((message.subject.as_str(), message.reply.as_deref(), &message.payload));
        !self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }
}

/// Moves to another server, and drives the connection there as long as something may still come on the old one. While
/// there is no other, the old connection goes on; the error says how it was lost.
pub(super) async fn leave<'a>(
    address: &Address,
    server: &ServerAddr,
    old: &mut Driver<'a>,
) -> Result<(Driver<'a>, ServerAddr), io::Error> {
    tracing::info!(server = server.host(), "the nats server is about to end: moving calls to another");
    let copies = &old.shared.copies;
    copies.begin();
    let moved = move_on(address, server, old).await;
    copies.end();
    moved
}

async fn move_on<'a>(
    address: &Address,
    server: &ServerAddr,
    old: &mut Driver<'a>,
) -> Result<(Driver<'a>, ServerAddr), io::Error> {
    let (dialled, at) = loop {
        let first = subscriptions(old.shared);
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
    old.retire();
    let mut new = Driver::take_over(old.shared, dialled);
    drive_both(&mut new, old, OVERLAP).await?;
    old.leave_queues();
    drive_both(&mut new, old, LINGER).await?;
    Ok((new, at))
}

/// Drives both for so long, or as long as the old one lives.
async fn drive_both(new: &mut Driver<'_>, old: &mut Driver<'_>, time: Duration) -> Result<(), io::Error> {
    let mut over = std::pin::pin!(tokio::time::timeout(time, old.linger()));
    loop {
        tokio::select! {
            ended = new.drive() => match ended {
                Ended::Lost(error) => return Err(error),
                // Looked after when this move is over.
                Ended::LameDuck => {}
            },
            _over_or_lost = &mut over => return Ok(()),
        }
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

/// A connection to another server, which knows of all subscriptions.
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

fn subscriptions(shared: &Shared) -> Vec<u8> {
    let mut first = vec![];
    let subscribed = shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
    for (sid, it) in subscribed.iter() {
        frame::subscribe(&mut first, &it.subject, it.queue.as_deref(), *sid);
    }
    first
}
