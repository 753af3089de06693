//! The messages of an outbox, in order: those under way first, then those that wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::Subject;
use async_nats::header::HeaderMap;
use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::ack::{Published, Receipt};
use super::entry::Message;
use super::error::PublishError;
use super::{OutboxLimits, WINDOW};
use aegis_telemetry::metrics::Meter;

/// How many are taken out to be sent at once.
const LOT: usize = 64;

#[derive(Debug)]
pub(super) struct Queue {
    limits: OutboxLimits,
    /// The most bytes that the server takes in a message; 0 until it is asked, which costs too much each time.
    most_bytes: AtomicUsize,
    state: Mutex<State>,
    /// A message is to be sent, or all senders are dropped.
    pub(super) work: Notify,
    room: Notify,
    empty: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// The number of the entry in front.
    first: u64,
    /// The number of the entry that is sent next.
    next: u64,
    bytes: usize,
    away: bool,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    size: usize,
    /// None once it is settled.
    waiter: Option<oneshot::Sender<Result<Published, PublishError>>>,
    sent: Option<Instant>,
    /// When it was taken in; none of one that nothing counts.
    begun: Option<Instant>,
}

/// A message to be sent, under its number.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) number: u64,
    pub(super) subject: Subject,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Queue {
    pub(super) fn new(limits: OutboxLimits) -> Self {
        let (work, room, empty) = (Notify::new(), Notify::new(), Notify::new());
        Self { limits, most_bytes: AtomicUsize::new(0), state: Mutex::default(), work, room, empty }
    }

    pub(super) fn limits(&self) -> OutboxLimits {
        self.limits
    }

    pub(super) fn most_bytes(&self, client: &async_nats::Client) -> usize {
        match self.most_bytes.load(Ordering::Relaxed) {
            0 => {
                let most = client.server_info().max_payload;
                self.most_bytes.store(most, Ordering::Relaxed);
                most
            }
            most => most,
        }
    }

    /// Another server may take more or less.
    pub(super) fn ask_again(&self) {
        self.most_bytes.store(0, Ordering::Relaxed);
    }

    pub(super) async fn put(&self, mut message: Message, size: usize) -> Result<Receipt, PublishError> {
        loop {
            let room = self.room.notified();
            let mut room = std::pin::pin!(room);
            match self.try_put(message, size) {
                Ok(receipt) => return Ok(receipt),
                Err((back, full)) => {
                    // Before looking again, so that room made in between is not missed.
                    room.as_mut().enable();
                    message = match self.try_put(back, size) {
                        Ok(receipt) => return Ok(receipt),
                        Err((back, _)) if !full => back,
                        Err((back, _)) => {
                            let error = PublishError::OutboxFull { messages: self.len() };
                            return Err(refused(back.meter, error));
                        }
                    };
                }
            }
            room.await;
        }
    }

    /// Gives the message back when there is no room, and says whether none will come soon.
    fn try_put(&self, message: Message, size: usize) -> Result<Receipt, (Message, bool)> {
        let mut state = self.state();
        let fits = state.entries.is_empty()
            || state.entries.len() < self.limits.messages && state.bytes + size <= self.limits.bytes;
        if !fits {
            return Err((message, state.away));
        }
        let (waiter, receipt) = oneshot::channel();
        let begun = message.meter.as_ref().map(|meter| {
            meter.begin();
            Instant::now()
        });
        state.entries.push_back(Entry { message, size, waiter: Some(waiter), sent: None, begun });
        state.bytes += size;
        let idle = state.next + 1 == state.first + state.entries.len() as u64;
        drop(state);
        if idle {
            self.work.notify_one();
        }
        Ok(receipt)
    }

    /// The next lot to be sent: what the window has room for, or one only as long as JetStream is away.
    pub(super) fn take(&self) -> Vec<Outgoing> {
        let mut state = self.state();
        let window = if state.away { 1 } else { WINDOW as u64 };
        let end =
            (state.first + state.entries.len() as u64).min(state.first + window).min(state.next + LOT as u64);
        let numbers = state.next..end;
        let mut lot = Vec::with_capacity(usize::try_from(end.saturating_sub(state.next)).unwrap_or(0));
        let now = Instant::now();
        for number in numbers {
            let Some(entry) = state.entry(number) else { break };
            if entry.waiter.is_some() {
                entry.sent = Some(now);
                let (subject, body) = (entry.message.subject.clone(), entry.message.body.clone());
                lot.push(Outgoing { number, subject, headers: entry.message.header_map(), body });
            }
            state.next = number + 1;
        }
        lot
    }

    /// What became of a message. A number that is settled already changes nothing.
    pub(super) fn settle(&self, number: u64, outcome: Result<Published, PublishError>) {
        let mut state = self.state();
        let Some(entry) = state.entry(number) else { return };
        let Some(waiter) = entry.waiter.take() else { return };
        let counted = entry.message.meter.take().zip(entry.begun);
        let was_away = std::mem::replace(&mut state.away, false);
        while state.entries.front().is_some_and(|entry| entry.waiter.is_none()) {
            let Some(entry) = state.entries.pop_front() else { break };
            state.first += 1;
            state.bytes -= entry.size;
        }
        state.next = state.next.max(state.first);
        let empty = state.entries.is_empty();
        drop(state);
        if let Some((meter, begun)) = counted {
            match &outcome {
                Ok(_published) => meter.end(begun.elapsed(), None),
                Err(error) => meter.end(begun.elapsed(), Some((error.code().as_str(), &error.to_string()))),
            }
        }
        // Whoever does not want to know has dropped the other end.
        waiter.send(outcome).ok();
        if was_away {
            self.work.notify_one();
        }
        self.room.notify_waiters();
        if empty {
            self.empty.notify_waiters();
        }
    }

    /// What is under way to this subject may not be published: its waiters are told, and the rest goes on.
    pub(super) fn deny(&self, subject: &str) {
        let state = self.state();
        let under_way = (state.first..state.next).zip(&state.entries);
        let denied = under_way
            .filter(|(_, entry)| entry.waiter.is_some() && entry.message.subject.as_str() == subject);
        let denied: Vec<_> = denied.map(|(number, _)| number).collect();
        drop(state);
        for number in denied {
            self.settle(number, Err(PublishError::Denied { subject: subject.to_owned() }));
        }
    }

    /// Everything that is not settled is sent again, from the front. `away` says that JetStream takes nothing now.
    pub(super) fn rewind(&self, away: bool) {
        let mut state = self.state();
        state.next = state.first;
        state.away = away;
        drop(state);
        if away {
            // Who waits for room is told now that none comes.
            self.room.notify_waiters();
        } else {
            self.work.notify_one();
        }
    }

    /// When the oldest message under way was sent, and where to.
    pub(super) fn oldest(&self) -> Option<(Instant, String)> {
        let state = self.state();
        if state.next == state.first {
            return None;
        }
        let entry = state.entries.front()?;
        Some((entry.sent?, entry.message.subject.to_string()))
    }

    pub(super) fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether nothing is in it and nothing can come any more.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.entries.is_empty()
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_one();
    }

    pub(super) async fn drained(&self) {
        loop {
            let empty = self.empty.notified();
            let mut empty = std::pin::pin!(empty);
            empty.as_mut().enable();
            if self.len() == 0 {
                return;
            }
            empty.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a message that was not taken in.
pub(super) fn refused(meter: Option<Arc<Meter>>, error: PublishError) -> PublishError {
    if let Some(meter) = meter {
        meter.begin();
        meter.end(Duration::ZERO, Some((error.code().as_str(), &error.to_string())));
    }
    error
}

impl State {
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index)
    }
}
