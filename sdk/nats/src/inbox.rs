//! The replies of a connection: one subscription, a slot for each call that waits, and one timer for all of them.
//!
//! NOTE: not the requests of async-nats. They draw a random name, four strings and a timer for each call, and keep
//! what was dropped before its reply came.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_domain::wire::header;
use async_nats::Subject;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::denial::{self, Denials, Denied};
use super::transport::{Headers, Message, Subscription, Transport};
use crate::supervise::supervised;

/// `_INBOX.`, 22 characters, a dot, and the place in at most 16.
const REPLY_TO_MAX: usize = 64;
/// How exactly calls end at their deadlines.
const TICK: Duration = Duration::from_millis(5);
/// After so many ticks without a call the timer rests.
const TICKS_TO_REST: u32 = 100;
const SHARD_BITS: u32 = 3;
const SHARDS: usize = 1 << SHARD_BITS;
const SHARDS_U8: u8 = 1 << SHARD_BITS;
const SHARD_MASK: u64 = (1 << SHARD_BITS) - 1;

/// Where the replies of one connection come in.
#[derive(Debug)]
pub struct Inbox {
    prefix: String,
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicU8,
    waiting: AtomicUsize,
    resting: AtomicBool,
    wake: Notify,
    closed: CancellationToken,
}

/// Keeps an inbox open.
#[derive(Debug)]
pub struct Open {
    inbox: Arc<Inbox>,
    _replies: Subscription,
    _close: DropGuard,
}

#[derive(Debug, Default)]
struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    /// Grows with each use, so that the reply to an earlier call finds nobody.
    generation: u32,
    state: State,
    deadline: Instant,
    /// Stands for the subject that the call went to.
    tag: u64,
}

#[derive(Debug)]
enum State {
    Free,
    Waiting(Option<Waker>),
    Done(Message),
    Expired,
}

/// One call's place. Dropping it frees the place.
#[derive(Debug)]
pub struct Ticket {
    inbox: Arc<Inbox>,
    shard: u8,
    index: u32,
    generation: u32,
}

/// Where the reply to a call goes: the inbox, and the call's place in it.
#[derive(Debug)]
pub struct ReplyTo {
    text: [u8; REPLY_TO_MAX],
    length: usize,
}

impl ReplyTo {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

/// No reply came until the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired;

impl Inbox {
    /// Begins to listen, and to look after deadlines, on this runtime.
    pub fn open(transport: &impl Transport, runtime: &tokio::runtime::Handle) -> Open {
        let prefix = format!("{}.", transport.new_inbox());
        debug_assert!(prefix.len() + 16 <= REPLY_TO_MAX, "the inbox of a client has a fixed length");
        let closed = CancellationToken::new();
        let inbox = Arc::new(Self {
            prefix,
            shards: Default::default(),
            next: AtomicU8::new(0),
            waiting: AtomicUsize::new(0),
            resting: AtomicBool::new(false),
            wake: Notify::new(),
            closed: closed.clone(),
        });
        let receiving = Arc::clone(&inbox);
        let all = format!("{}*", inbox.prefix);
        let replies = transport.subscribe(all, None, move |message| receiving.deliver(message));
        let deadlines = Arc::clone(&inbox);
        runtime.spawn(supervised("the deadlines of calls", async move || {
            deadlines.look_after_deadlines().await
        }));
        let (denials, hearing) = (transport.denials().clone(), Arc::clone(&inbox));
        runtime.spawn(supervised("the denials of calls", async move || hearing.hear_denials(&denials).await));
        Open { inbox, _replies: replies, _close: closed.drop_guard() }
    }

    /// A place for a call to a subject (by its [`denial::tag`]) that waits until then.
    pub fn ticket(self: &Arc<Self>, tag: u64, deadline: Instant) -> Ticket {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % SHARDS_U8;
        let mut slots = self.lock(shard);
        let index = slots.free.pop().unwrap_or_else(|| {
            let state = State::Free;
            slots.slots.push(Slot { generation: 0, state, deadline, tag });
            u32::try_from(slots.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = &mut slots.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        (slot.state, slot.deadline, slot.tag) = (State::Waiting(None), deadline, tag);
        let generation = slot.generation;
        drop(slots);
        self.stir();
        Ticket { inbox: Arc::clone(self), shard, index, generation }
    }

    fn subject(&self, shard: u8, index: u32, generation: u32) -> ReplyTo {
        let token = (u64::from(index) << SHARD_BITS | u64::from(shard)) << 32 | u64::from(generation);
        let (mut text, mut length) = ([0; REPLY_TO_MAX], self.prefix.len());
        text[..length].copy_from_slice(self.prefix.as_bytes());
        let digits = (67 - token.leading_zeros()) / 4;
        for digit in (0..digits.max(1)).rev() {
            text[length] =
                b"0123456789abcdef"[usize::try_from(token >> (digit * 4) & 15).unwrap_or_default()];
            length += 1;
        }
        ReplyTo { text, length }
    }

    fn deliver(&self, message: Message) {
        let token = message.subject.strip_prefix(self.prefix.as_str());
        let Some(token) = token.and_then(|token| u64::from_str_radix(token, 16).ok()) else { return };
        let (place, generation) = (token >> 32, token & u64::from(u32::MAX));
        let Ok(index) = usize::try_from(place >> SHARD_BITS) else { return };
        let mut slots = self.lock((place & SHARD_MASK).try_into().unwrap_or_default());
        let slot = slots.slots.get_mut(index).filter(|slot| u64::from(slot.generation) == generation);
        let Some(slot) = slot else { return };
        let waker = match &mut slot.state {
            State::Waiting(waker) => waker.take(),
            // Its time may be extended yet.
            State::Expired => None,
            State::Free | State::Done(_) => return,
        };
        slot.state = State::Done(message);
        drop(slots);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The calls to this subject were denied by the server: each is told so, in the place of a reply.
    fn deny(&self, subject: &str) {
        let tag = denial::tag(subject);
        for shard in &self.shards {
            let mut told = Vec::new();
            let mut slots = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for slot in slots.slots.iter_mut().filter(|slot| slot.tag == tag) {
                if let State::Waiting(waker) = &mut slot.state {
                    told.extend(waker.take());
                    slot.state = State::Done(refusal(subject));
                }
            }
            drop(slots);
            told.into_iter().for_each(Waker::wake);
        }
    }

    async fn hear_denials(&self, denials: &Denials) {
        let mut told = denials.listen();
        loop {
            let denied = tokio::select! {
                denied = told.recv() => denied,
                () = self.closed.cancelled() => return,
            };
            match denied {
                Ok(Denied::Publish(subject)) => self.deny(&subject),
                // Those that are missed end by their time.
                Ok(Denied::Subscribe(_)) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// The timer looks after deadlines again, if it rests.
    fn stir(&self) {
        if self.resting.load(Ordering::SeqCst) && self.resting.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    async fn look_after_deadlines(&self) {
        let mut idle = 0;
        loop {
            if self.expire(Instant::now()) {
                idle = 0;
            } else if self.closed.is_cancelled() {
                return;
            } else {
                idle += 1;
            }
            if idle > TICKS_TO_REST {
                self.resting.store(true, Ordering::SeqCst);
                if !self.expire(Instant::now()) {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = self.closed.cancelled() => {}
                    }
                }
                self.resting.store(false, Ordering::SeqCst);
                idle = 0;
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Ends what is due; answers whether any call waits.
    fn expire(&self, now: Instant) -> bool {
        let mut waiting = false;
        for shard in &self.shards {
            let mut due = Vec::new();
            let mut slots = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for slot in &mut slots.slots {
                if let State::Waiting(waker) = &mut slot.state {
                    if slot.deadline <= now {
                        due.extend(waker.take());
                        slot.state = State::Expired;
                    } else {
                        waiting = true;
                    }
                }
            }
            drop(slots);
            due.into_iter().for_each(Waker::wake);
        }
        waiting
    }

    fn lock(&self, shard: u8) -> MutexGuard<'_, Shard> {
        self.shards[usize::from(shard)].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call is answered whose subject may not be published to.
fn refusal(subject: &str) -> Message {
    let mut headers = Headers::default();
    let text =
        format!("the credentials of this connection may not publish to {subject}, so nothing was done");
    headers.insert(header::ERROR_CODE, ErrorCode::PermissionDenied.as_str());
    headers.insert(header::ERROR, &text);
    Message { subject: Subject::from_static("denied"), reply: None, headers, payload: Bytes::new() }
}

impl Open {
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

impl Ticket {
    /// Whether no other call waits.
    pub fn is_alone(&self) -> bool {
        self.inbox.waiting.load(Ordering::Relaxed) == 1
    }

    /// Waits for another while, also when its time is over: a reply that came since then is not lost.
    pub fn extend(&mut self, deadline: Instant) {
        let mut slots = self.inbox.lock(self.shard);
        let slot = &mut slots.slots[self.index as usize];
        slot.deadline = deadline;
        if matches!(slot.state, State::Expired) {
            slot.state = State::Waiting(None);
        }
        drop(slots);
        self.inbox.stir();
    }

    /// Where the reply is to go.
    pub fn subject(&self) -> ReplyTo {
        self.inbox.subject(self.shard, self.index, self.generation)
    }
}

impl Future for Ticket {
    type Output = Result<Message, Expired>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slots = self.inbox.lock(self.shard);
        let slot = &mut slots.slots[self.index as usize];
        match &mut slot.state {
            State::Waiting(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
            State::Done(_) => match std::mem::replace(&mut slot.state, State::Free) {
                State::Done(message) => Poll::Ready(Ok(message)),
                State::Free | State::Waiting(_) | State::Expired => Poll::Ready(Err(Expired)),
            },
            State::Free | State::Expired => Poll::Ready(Err(Expired)),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut slots = self.inbox.lock(self.shard);
        let slot = &mut slots.slots[self.index as usize];
        debug_assert_eq!(slot.generation, self.generation, "a place has one ticket at a time");
        slot.state = State::Free;
        slots.free.push(self.index);
        drop(slots);
        self.inbox.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
