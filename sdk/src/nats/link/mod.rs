//! The sockets that calls and their replies go over.
//!
//! A call costs a few microseconds on either side, and the tasks, queues and maps that a client for everything has are
//! a good part of them. This one knows of publishing, subscribing and nothing else: who sends appends to a buffer, one
//! task writes it and reads, and what arrives is handled where it is read. It reconnects for ever and subscribes
//! anew, like the client that everything else goes over ([`crate::Connection::client`]).

mod dial;
mod driver;
mod frame;
#[cfg(fuzzing)]
pub mod fuzzing;
mod headers;
mod moving;
#[cfg(test)]
mod moving_tests;
mod socket;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_nats::Subject;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connection::ConnectionState;
use super::denial::{Denials, Interest};
use super::pace::Pace;
use crate::number::Numbers;
pub(super) use dial::Address;
pub(crate) use headers::Headers;
use moving::Copies;

/// So much waits to be written at most. Calls wait for their replies, so there is more only when the server takes
/// nothing.
const WAITING_MAX: usize = 8 << 20;

/// What arrives.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) subject: Subject,
    pub(crate) reply: Option<Subject>,
    pub(crate) headers: Headers,
    pub(crate) payload: Bytes,
}

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) subject: &'a str,
    pub(crate) reply: Option<&'a str>,
    pub(crate) headers: &'a Headers,
    pub(crate) payload: &'a [u8],
}

/// How soon something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Haste {
    /// With whatever else is sent at the time.
    Soon,
    /// Here and now, if nothing else is on its way: no other thread has to wake up for it. Not for one of many.
    AtOnce,
}

/// Why something was not sent. Nothing of it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// The server takes no message of that size.
    #[error("it has {size} bytes, and the NATS server takes {most} at most")]
    TooLarge { size: usize, most: usize },
    /// The subject has spaces in it, or nothing.
    #[error("its subject is not valid")]
    BadSubject,
    /// There is no connection now, and the link keeps nothing for the next.
    #[error("NATS cannot be reached now")]
    Lost,
    /// The server has not taken what was sent before.
    #[error("the NATS server takes nothing now, and {WAITING_MAX} bytes wait already")]
    Full,
}

/// What becomes of messages that wait to be written when the connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenLost {
    /// They go out when it is back, but for those that were being written. For replies: whoever asked may still wait.
    Keep,
    /// They are dropped, and no others are taken until it is back. For calls: they would be done long after their callers
    /// have gone.
    Drop,
}

/// One socket. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
    _close: Arc<DropGuard>,
}

/// Messages of one subject go to its sink as long as this lives.
pub(crate) struct Subscription {
    link: Link,
    sid: u64,
}

type Sink = Arc<dyn Fn(Message) + Send + Sync>;

struct Subscribed {
    subject: String,
    queue: Option<String>,
    /// Whether a message is handed over once while the link moves to another server.
    once: bool,
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
    when_lost: WhenLost,
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
    /// Whether the driver looks here before it rests, so that it need not be woken; also while there is none. When it
    /// does not, everything before has been written.
    attended: bool,
    connected: bool,
    /// The socket, where others than the driver may write to it.
    socket: Option<Arc<OwnedWriteHalf>>,
    /// Who waits for the answer to each PING that is on its way.
    pongs: VecDeque<Option<oneshot::Sender<()>>>,
    /// How many of the last of these have yet to be written.
    unsent_pings: usize,
}

impl<'a> Outgoing<'a> {
    /// A message that has nothing but a payload.
    pub(crate) fn plain(subject: &'a str, payload: &'a [u8]) -> Self {
        Self { subject, reply: None, headers: &headers::NONE, payload }
    }

    fn size(&self) -> usize {
        let headers = if self.headers.is_empty() { 0 } else { self.headers.block_len() };
        headers + self.payload.len()
    }
}

impl Link {
    /// Begins to connect, on this runtime, and goes on until it is dropped.
    pub(super) fn open(address: Address, when_lost: WhenLost, runtime: &tokio::runtime::Handle) -> Self {
        let closed = CancellationToken::new();
        let shared = Arc::new(Shared {
            out: Mutex::default(),
            driver: AtomicWaker::new(),
            room: Notify::new(),
            subscribed: RwLock::default(),
            last_sid: AtomicU64::new(0),
            max_payload: AtomicUsize::new(usize::MAX),
            when_lost,
            state: watch::channel(ConnectionState::Reconnecting).0,
            denials: address.denials.clone(),
            copies: Copies::default(),
            pace: Pace::default(),
            waiting_since: AtomicU64::new(0),
            epoch: Instant::now(),
        });
        runtime.spawn(driver::run(Arc::clone(&shared), address, closed.clone()));
        Self { shared, _close: Arc::new(closed.drop_guard()) }
    }

    /// The runtime moves: to be said by one task of it, several times a second.
    pub(crate) fn note_pace(&self) {
        self.shared.pace.note();
    }

    /// When the message that is being handed over was sent at the latest, if it may have waited here: then it was before
    /// `now`. For a sink, while it runs.
    pub(crate) fn sent_by(&self, now: Instant) -> Instant {
        match self.shared.waiting_since.load(Ordering::Relaxed) {
            0 => now,
            nanos => now.min(self.shared.epoch + Duration::from_nanos(nanos)),
        }
    }

    /// What the server does not permit.
    pub(crate) fn denials(&self) -> &Denials {
        &self.shared.denials
    }

    /// Waits until it is connected; at once, as a rule.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub(crate) async fn connected(&self) {
        if *self.shared.state.borrow() != ConnectionState::Connected {
            let mut state = self.shared.state.subscribe();
            // The sender is held here.
            let _connected = state.wait_for(|state| *state == ConnectionState::Connected).await;
        }
    }

    /// Sends a message. While the connection is lost, see [`WhenLost`].
    pub(crate) fn publish(&self, message: &Outgoing<'_>, haste: Haste) -> Result<(), Unsent> {
        let (size, most) = (message.size(), self.shared.max_payload.load(Ordering::Relaxed));
        if size > most {
            return Err(Unsent::TooLarge { size, most });
        }
        if !frame::is_subject(message.subject) || !message.reply.is_none_or(frame::is_subject) {
            return Err(Unsent::BadSubject);
        }
        let mut out = self.shared.out();
        if !out.connected && self.shared.when_lost == WhenLost::Drop {
            return Err(Unsent::Lost);
        }
        if out.buffer.len() > WAITING_MAX {
            return Err(Unsent::Full);
        }
        frame::publish(&mut out.buffer, message);
        // Half a message must not be kept for another connection.
        let at_once = haste == Haste::AtOnce && self.shared.when_lost == WhenLost::Drop;
        if !(at_once && out.write_now()) {
            self.shared.attend(out);
        }
        Ok(())
    }

    /// Waits until [`Link::publish`] is not [`Unsent::Full`].
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub(crate) async fn room(&self) {
        loop {
            let mut room = std::pin::pin!(self.shared.room.notified());
            room.as_mut().enable();
            if self.shared.out().buffer.len() <= WAITING_MAX {
                return;
            }
            room.await;
        }
    }

    /// Hands what arrives on the subject to `sink`, on the task that reads: so `sink` must not block, and may spawn.
    /// With a queue group, one of its members gets each message. Both are of the wire's grammar. A message may come twice
    /// while the link moves to another server.
    pub(crate) fn subscribe(
        &self,
        subject: impl Into<String>,
        queue: Option<String>,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Subscription {
        self.subscribe_to(subject.into(), queue, false, Arc::new(sink))
    }

    /// The same for requests, each of which comes once, also while the link moves to another server.
    pub(crate) fn subscribe_to_requests(
        &self,
        subject: impl Into<String>,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Subscription {
        self.subscribe_to(subject.into(), None, true, Arc::new(sink))
    }

    fn subscribe_to(&self, subject: String, queue: Option<String>, once: bool, sink: Sink) -> Subscription {
        debug_assert!(frame::is_subject(&subject) && queue.as_deref().is_none_or(frame::is_subject));
        let sid = self.shared.last_sid.fetch_add(1, Ordering::Relaxed) + 1;
        // Known before the server is told, so that no message comes for nobody.
        let mut out = self.shared.out();
        // A new connection is told of all that are known.
        if out.connected {
            frame::subscribe(&mut out.buffer, &subject, queue.as_deref(), sid);
        }
        let subscribed = Subscribed { subject, queue, once, sink };
        self.shared.subscribed.write().unwrap_or_else(PoisonError::into_inner).insert(sid, subscribed);
        self.shared.attend(out);
        Subscription { link: self.clone(), sid }
    }

    /// Subscribes once more to what was denied: for whoever subscribes to it now, if anybody does. Otherwise only to hear
    /// whether that is permitted.
    ///
    /// NOTE: a message that comes in the moment between those two lines, of a subscription that nobody has any more, is
    /// dropped. It is the time in which the server reads them, and once for each permission that has come back.
    pub(super) fn subscribe_again(&self, interest: &Interest) {
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
        self.shared.attend(out);
    }

    /// Waits until the server has taken all that was sent, and has sent all that it had by then. Answers whether it
    /// has: not when the connection was lost meanwhile.
    ///
    /// # Cancel safety
    /// Cancel-safe.
    pub(crate) async fn flush(&self, patience: Duration) -> bool {
        match self.ask() {
            Some(answer) => matches!(tokio::time::timeout(patience, answer).await, Ok(Ok(()))),
            None => false,
        }
    }

    fn ask(&self) -> Option<oneshot::Receiver<()>> {
        if *self.shared.state.borrow() != ConnectionState::Connected {
            return None;
        }
        let (answered, answer) = oneshot::channel();
        let mut out = self.shared.out();
        out.ping(Some(answered));
        self.shared.attend(out);
        Some(answer)
    }
}

impl Subscription {
    /// Ends it without losing what is on its way: that has been handed over when this returns, unless the connection
    /// is lost or `patience` ends.
    pub(crate) async fn close(self, patience: Duration) -> bool {
        self.tell();
        self.link.flush(patience).await
    }

    fn tell(&self) {
        let mut out = self.link.shared.out();
        if out.connected {
            frame::unsubscribe(&mut out.buffer, self.sid);
            self.link.shared.attend(out);
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
        let Some(socket) = self.socket.as_ref().filter(|_| !self.attended) else { return false };
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

    /// Sees to it that what was put there is written.
    fn attend(&self, mut out: MutexGuard<'_, Out>) {
        let attended = std::mem::replace(&mut out.attended, true);
        drop(out);
        if !attended {
            self.driver.wake();
        }
    }

    /// Where a message goes, and whether it must go there once.
    fn sink(&self, sid: u64) -> Option<(Sink, bool)> {
        let subscribed = self.subscribed.read().unwrap_or_else(PoisonError::into_inner);
        subscribed.get(&sid).map(|it| (Arc::clone(&it.sink), it.once))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}
