//! The sockets that calls and their replies go over.
//!
//! A call costs a few microseconds on either side, and the tasks, queues and maps that a client for everything has are
//! a good part of them. This one knows of publishing, subscribing and nothing else: who sends appends to a buffer, one
//! task writes it and reads, and what arrives is handled where it is read. It reconnects for ever and subscribes
//! anew, like the client that everything else goes over ([`crate::Connection::client`]).
//!
//! It is the default adapter of the port [`Transport`].

mod dial;
mod driver;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod moving;
#[cfg(test)]
mod moving_tests;
mod reconnect;
mod socket;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use futures_util::task::AtomicWaker;
use rand::distr::{Alphanumeric, SampleString as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::message::{self, WAITING_MAX};
use super::subscription::Close;
use super::{Address, Delivery, FlushMode, OnDisconnect, Outgoing, PublishError, Sink, Transport};
use crate::denial::{Denials, Interest};
use crate::number::Numbers;
use crate::pace::Pace;
use crate::state::ConnectionState;
use moving::Copies;

/// What inboxes begin with, and the random characters of each: as those of the client library.
const INBOX: &str = "_INBOX";
const INBOX_CHARACTERS: usize = 22;

/// One socket. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct Link {
    shared: Arc<Shared>,
    _close: Arc<DropGuard>,
}

/// Messages of one subject go to its sink as long as this lives.
pub struct Subscription {
    link: Link,
    sid: u64,
}

struct Subscribed {
    subject: String,
    queue: Option<String>,
    delivery: Delivery,
    sink: Sink,
}

struct Shared {
    out: Mutex<Out>,
    /// Of the task that writes.
    driver: AtomicWaker,
    room: Notify,
    subscribed: RwLock<Numbers<Subscribed>>,
    last_sid: AtomicU64,
    max_payload: AtomicUsize,
    on_disconnect: OnDisconnect,
    state: watch::Sender<ConnectionState>,
    denials: Denials,
    /// The requests that came since the link began to move to another server.
    copies: Copies,
    pace: Pace,
    /// Since when what is read now may have waited, in nanoseconds after `epoch`; 0 when it has just come.
    waiting_since: AtomicU64,
    epoch: Instant,
}

#[derive(Default)]
struct Out {
    buffer: Vec<u8>,
    /// Whether the write loop looks here before it rests, so that it need not be woken; also while there is none. When it
    /// does not, everything before has been written.
    writer_awake: bool,
    connected: bool,
    /// The socket, where others than the driver may write to it.
    socket: Option<Arc<OwnedWriteHalf>>,
    /// Who waits for the answer to each PING that is on its way.
    pongs: VecDeque<Option<oneshot::Sender<()>>>,
    /// How many of the last of these have yet to be written.
    unsent_pings: usize,
}

impl Link {
    /// Begins to connect, on this runtime, and goes on until it is dropped.
    pub(crate) fn open(
        address: Address,
        on_disconnect: OnDisconnect,
        runtime: &tokio::runtime::Handle,
    ) -> Self {
        let closed = CancellationToken::new();
        let shared = Arc::new(Shared {
            out: Mutex::default(),
            driver: AtomicWaker::new(),
            room: Notify::new(),
            subscribed: RwLock::default(),
            last_sid: AtomicU64::new(0),
            max_payload: AtomicUsize::new(usize::MAX),
            on_disconnect,
            state: watch::channel(ConnectionState::Reconnecting).0,
            denials: address.denials.clone(),
            copies: Copies::default(),
            pace: Pace::default(),
            waiting_since: AtomicU64::new(0),
            epoch: Instant::now(),
        });
        runtime.spawn(reconnect::run(Arc::clone(&shared), address, closed.clone()));
        Self { shared, _close: Arc::new(closed.drop_guard()) }
    }

    fn ask(&self) -> Option<oneshot::Receiver<()>> {
        if *self.shared.state.borrow() != ConnectionState::Connected {
            return None;
        }
        let (answered, answer) = oneshot::channel();
        let mut out = self.shared.out();
        out.ping(Some(answered));
        self.shared.wake_writer(out);
        Some(answer)
    }
}

impl Transport for Link {
    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.shared.state.subscribe()
    }

    async fn connected(&self) {
        if *self.shared.state.borrow() != ConnectionState::Connected {
            let mut state = self.shared.state.subscribe();
            // The sender is held here.
            let _connected = state.wait_for(|state| *state == ConnectionState::Connected).await;
        }
    }

    fn publish(&self, message: &Outgoing<'_>, flush: FlushMode) -> Result<(), PublishError> {
        message.check(self.shared.max_payload.load(Ordering::Relaxed))?;
        let mut out = self.shared.out();
        if !out.connected && self.shared.on_disconnect == OnDisconnect::Discard {
            return Err(PublishError::Lost);
        }
        if out.buffer.len() > WAITING_MAX {
            return Err(PublishError::Full);
        }
        frame::publish(&mut out.buffer, message);
        // Half a message must not be kept for another connection.
        let now = flush == FlushMode::Immediate && self.shared.on_disconnect == OnDisconnect::Discard;
        if !(now && out.write_now()) {
            self.shared.wake_writer(out);
        }
        Ok(())
    }

    async fn writable(&self) {
        loop {
            let mut room = std::pin::pin!(self.shared.room.notified());
            room.as_mut().enable();
            if self.shared.out().buffer.len() <= WAITING_MAX {
                return;
            }
            room.await;
        }
    }

    fn subscribe_with(
        &self,
        subject: String,
        queue: Option<String>,
        delivery: Delivery,
        sink: Sink,
    ) -> super::Subscription {
        debug_assert!(message::is_subject(&subject) && queue.as_deref().is_none_or(message::is_subject));
        let sid = self.shared.last_sid.fetch_add(1, Ordering::Relaxed) + 1;
        // Known before the server is told, so that no message comes for nobody.
        let mut out = self.shared.out();
        // A new connection is told of all that are known.
        if out.connected {
            frame::subscribe(&mut out.buffer, &subject, queue.as_deref(), sid);
        }
        let subscribed = Subscribed { subject, queue, delivery, sink };
        self.shared.subscribed.write().unwrap_or_else(PoisonError::into_inner).insert(sid, subscribed);
        self.shared.wake_writer(out);
        super::Subscription::new(Subscription { link: self.clone(), sid })
    }

    /// NOTE: a message that comes in the moment between those two lines, of a subscription that nobody has any more, is
    /// dropped. It is the time in which the server reads them, and once for each permission that has come back.
    fn subscribe_again(&self, interest: &Interest) {
        let subscribed = self.shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
        let is_it = |it: &Subscribed| it.subject == interest.subject && it.queue == interest.queue;
        let known: Vec<u64> = subscribed.iter().filter(|(_, it)| is_it(it)).map(|(sid, _)| *sid).collect();
        drop(subscribed);
        let mut out = self.shared.out();
        if !out.connected {
            return;
        }
        let (subject, queue) = (&interest.subject, interest.queue.as_deref());
        for sid in &known {
            frame::subscribe(&mut out.buffer, subject, queue, *sid);
        }
        if known.is_empty() {
            let sid = self.shared.last_sid.fetch_add(1, Ordering::Relaxed) + 1;
            frame::subscribe(&mut out.buffer, subject, queue, sid);
            frame::unsubscribe(&mut out.buffer, sid);
        }
        self.shared.wake_writer(out);
    }

    /// The server has also sent all that it had by then, and that has been handed over.
    async fn flush(&self, patience: Duration) -> bool {
        match self.ask() {
            Some(answer) => matches!(tokio::time::timeout(patience, answer).await, Ok(Ok(()))),
            None => false,
        }
    }

    fn denials(&self) -> &Denials {
        &self.shared.denials
    }

    fn new_inbox(&self) -> String {
        format!("{INBOX}.{}", Alphanumeric.sample_string(&mut rand::rng(), INBOX_CHARACTERS))
    }

    fn note_pace(&self) {
        self.shared.pace.note();
    }

    fn sent_by(&self, now: Instant) -> Instant {
        match self.shared.waiting_since.load(Ordering::Relaxed) {
            0 => now,
            nanos => now.min(self.shared.epoch + Duration::from_nanos(nanos)),
        }
    }
}

impl Close for Subscription {
    /// What is on its way has been handed over when this returns, unless the connection is lost or `patience` ends.
    fn close(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            self.tell();
            self.link.flush(patience).await
        })
    }
}

impl Subscription {
    fn tell(&self) {
        let mut out = self.link.shared.out();
        if out.connected {
            frame::unsubscribe(&mut out.buffer, self.sid);
            self.link.shared.wake_writer(out);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // Forgotten first, so that a new connection does not begin it again. What its sink holds may be more of its
        // kind: it goes when nothing is locked.
        let mut subscribed = self.link.shared.subscribed.write().unwrap_or_else(PoisonError::into_inner);
        let known = subscribed.remove(&self.sid);
        drop(subscribed);
        drop(known);
        self.tell();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("sid", &self.sid).finish_non_exhaustive()
    }
}

impl Out {
    /// Writes what is here, if that is everything there is to write; answers whether all of it was taken.
    fn write_now(&mut self) -> bool {
        let Some(socket) = self.socket.as_ref().filter(|_| !self.writer_awake) else { return false };
        // The driver will see what is wrong, if anything is.
        let written = socket.try_write(&self.buffer).unwrap_or_default();
        self.buffer.drain(..written);
        self.buffer.is_empty()
    }

    fn ping(&mut self, waiting: Option<oneshot::Sender<()>>) {
        frame::ping(&mut self.buffer);
        self.pongs.push_back(waiting);
        self.unsent_pings += 1;
    }
}

impl Shared {
    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the write loop.
    fn wake_writer(&self, mut out: MutexGuard<'_, Out>) {
        let writer_awake = std::mem::replace(&mut out.writer_awake, true);
        drop(out);
        if !writer_awake {
            self.driver.wake();
        }
    }

    /// Where a message goes, and how often.
    fn sink(&self, sid: u64) -> Option<(Sink, Delivery)> {
        let subscribed = self.subscribed.read().unwrap_or_else(PoisonError::into_inner);
        subscribed.get(&sid).map(|it| (Arc::clone(&it.sink), it.delivery))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}
