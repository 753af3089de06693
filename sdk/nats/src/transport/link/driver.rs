//! The task that reads and writes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::BytesMut;
use tokio::time::MissedTickBehavior;

use super::Shared;
use super::dial::Dialled;
use super::frame::{self, Frame};
use super::socket::Socket;
use crate::state::{ConnectionState, PING_EVERY};
use crate::supervise;
use crate::transport::Delivery;
use crate::transport::message::{OnDisconnect, WAITING_MAX};

/// So much is read at a time.
const READ: usize = 64 << 10;
/// A buffer that was larger once is given back when it is empty.
const KEPT: usize = 256 << 10;
/// So often it reads, handles and writes before other tasks have their turn.
const ROUNDS: usize = 8;
/// So many turns others have before what they send is written.
const TURNS: u32 = 2;
/// A server that has not answered so many PINGs is gone.
const UNANSWERED: usize = 2;

/// How the driving of a connection ends.
pub(super) enum Ended {
    Lost(io::Error),
    /// The server is about to end.
    LameDuck,
}

/// A connection that stands.
pub(super) struct Driver<'a> {
    pub(super) shared: &'a Shared,
    socket: Socket,
    input: BytesMut,
    /// What is being written, and how much of it has been.
    writing: Vec<u8>,
    written: usize,
    /// How often it has let others run before it writes, so that more goes out at once.
    waited: u32,
    /// Whether the server has said anything since the last PING.
    heard: bool,
    pub(super) discovered: Vec<String>,
    /// The server has just said that it is about to end.
    lame_duck: bool,
    /// Another connection has taken its place: it only hands over what still comes.
    retired: bool,
    /// When there was nothing to read.
    empty: Instant,
}

impl Shared {
    fn limit(&self, max_payload: i64) {
        let most = usize::try_from(max_payload).ok().filter(|most| *most > 0);
        self.max_payload.store(most.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// What was being written is lost, and so are the PINGs that had been.
    pub(super) fn lost(&self) {
        self.state.send_replace(ConnectionState::Reconnecting);
        let mut out = self.out();
        (out.writer_awake, out.connected, out.socket) = (true, false, None);
        if self.on_disconnect == OnDisconnect::Discard {
            out.unsent_pings = 0;
            out.buffer.clear();
            self.room.notify_waiters();
        }
        // Whoever waits for an answer gets none. Those PINGs that wait will still have theirs.
        out.pongs.clear();
        let unsent = out.unsent_pings;
        out.pongs.extend(std::iter::repeat_with(|| None).take(unsent));
    }
}

impl<'a> Driver<'a> {
    /// Subscribes to everything again, and only then writes what waits; also on a connection that takes the place of one
    /// that still stands.
    pub(super) fn take_over(shared: &'a Shared, dialled: Dialled) -> Self {
        let Dialled { socket, info, input, early } = dialled;
        shared.limit(info.max_payload);
        let mut writing = vec![];
        let mut out = shared.out();
        let subscribed = shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
        // To one that is known already, nothing changes.
        for (sid, it) in subscribed.iter() {
            frame::subscribe(&mut writing, &it.subject, it.queue.as_deref(), *sid);
        }
        drop(subscribed);
        writing.append(&mut out.buffer);
        // Those that were written to the connection before have no answer any more.
        let answered = out.pongs.len().saturating_sub(out.unsent_pings);
        out.pongs.drain(..answered);
        out.unsent_pings = 0;
        (out.writer_awake, out.connected, out.socket) = (true, true, socket.shared());
        drop(out);
        shared.room.notify_waiters();
        shared.state.send_replace(ConnectionState::Connected);
        let mut driver = Self {
            shared,
            socket,
            input,
            writing,
            written: 0,
            waited: TURNS,
            heard: true,
            discovered: vec![],
            lame_duck: info.lame_duck,
            retired: false,
            empty: Instant::now(),
        };
        early.into_iter().for_each(|frame| driver.handle(frame));
        driver
    }

    /// Until the connection is lost, or its server is about to end.
    pub(super) async fn drive(&mut self) -> Ended {
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        // What came with the greeting.
        if let Err(broken) = self.take_frames() {
            return Ended::Lost(broken);
        }
        loop {
            tokio::select! {
                biased;
                ended = std::future::poll_fn(|cx| self.poll(cx)) => return ended,
                _ = ping.tick() => {
                    let mut out = self.shared.out();
                    let unanswered = out.pongs.iter().filter(|waits| waits.is_none()).count();
                    if !std::mem::replace(&mut self.heard, false) && unanswered >= UNANSWERED {
                        let silent = "the server does not answer";
                        return Ended::Lost(io::Error::new(io::ErrorKind::TimedOut, silent));
                    }
                    out.writer_awake = true;
                    out.ping(None);
                }
            }
        }
    }

    /// Another connection has taken its place. Only what is being written goes out yet.
    pub(super) fn retire(&mut self) {
        self.retired = true;
    }

    /// Takes no more messages of queue groups: others have them.
    pub(super) fn leave_queues(&mut self) {
        let subscribed = self.shared.subscribed.read().unwrap_or_else(PoisonError::into_inner);
        for (sid, _) in subscribed.iter().filter(|(_, it)| it.queue.is_some()) {
            frame::unsubscribe(&mut self.writing, *sid);
        }
    }

    /// Hands over what still comes on a retired connection, until it ends.
    pub(super) async fn linger(&mut self) {
        let lost = std::future::poll_fn(|cx| {
            while self.written < self.writing.len() {
                match self.socket.poll_write(cx, &self.writing[self.written..]) {
                    Poll::Ready(Ok(count)) if count > 0 => self.written += count,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            if let Poll::Ready(Err(_)) = self.socket.poll_flush(cx) {
                return Poll::Ready(());
            }
            loop {
                match self.poll_read(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        lost.await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.shared.driver.register(cx.waker());
        let mut out = self.shared.out();
        out.writer_awake = true;
        let sends = !out.buffer.is_empty() && self.writing.is_empty();
        drop(out);
        let mut quiet = true;
        for _ in 0..ROUNDS {
            let more = match self.poll_read(cx) {
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => false,
            };
            if std::mem::take(&mut self.lame_duck) {
                return Poll::Ready(Ended::LameDuck);
            }
            quiet &= !more;
            // What others are about to send goes out with it. The replies to what was just read are all there.
            if quiet && sends && self.waited < TURNS {
                self.waited += 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.waited = 0;
            if let Poll::Ready(Err(error)) = self.poll_write(cx, !more) {
                return Poll::Ready(Ended::Lost(error));
            }
            if !more {
                return Poll::Pending;
            }
        }
        // There is more, and others have their turn first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, and handles what has come.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.input.capacity() - self.input.len() < READ / 4 {
            self.input.reserve(READ);
        }
        let read = match self.socket.poll_read(cx, &mut self.input) {
            Poll::Ready(read) => read?,
            Poll::Pending => {
                let now = Instant::now();
                if self.shared.pace.is_settled(now) {
                    self.empty = now;
                }
                return Poll::Pending;
            }
        };
        if read == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it")));
        }
        self.heard = true;
        self.note_age();
        Poll::Ready(self.take_frames())
    }

    /// Says since when what was just read may have waited.
    fn note_age(&self) {
        let since = self.shared.pace.waiting_since(self.empty, Instant::now());
        let nanos =
            since.map_or(0, |since| since.saturating_duration_since(self.shared.epoch).as_nanos().max(1));
        self.shared.waiting_since.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn take_frames(&mut self) -> io::Result<()> {
        loop {
            match frame::take(&mut self.input) {
                Ok(Some(frame)) => self.handle(frame),
                Ok(None) => return Ok(()),
                Err(broken) => return Err(io::Error::new(io::ErrorKind::InvalidData, broken)),
            }
        }
    }

    fn handle(&mut self, frame: Frame) {
        match frame {
            Frame::Message { sid, message } => {
                let Some((sink, delivery)) = self.shared.sink(sid) else { return };
                if delivery == Delivery::Once && self.shared.copies.has(&message) {
                    return;
                }
                // All that comes on this socket goes through here.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| sink(message))) {
                    supervise::note("the handling of a message", &*panic);
                }
            }
            // The other connection has its own.
            Frame::Ping | Frame::Pong | Frame::Info(_) if self.retired => {}
            Frame::Ping => frame::pong(&mut self.shared.out().buffer),
            Frame::Pong => {
                let waiting = self.shared.out().pongs.pop_front();
                if let Some(Some(waiting)) = waiting {
                    // Whoever waited may have given up.
                    let _told = waiting.send(());
                }
            }
            Frame::Info(info) => {
                self.shared.limit(info.max_payload);
                self.discovered = info.connect_urls;
                self.lame_duck |= info.lame_duck;
            }
            Frame::Err(text) => {
                if !self.shared.denials.hear(&text) {
                    tracing::warn!(text, "the nats server reported an error");
                }
            }
            Frame::Ok => {}
        }
    }

    /// Writes what there is. With nothing left, and nothing more to read, whoever sends next wakes this task.
    fn poll_write(&mut self, cx: &mut Context<'_>, rest: bool) -> Poll<io::Result<()>> {
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.writing.shrink_to(KEPT);
                self.written = 0;
                let mut out = self.shared.out();
                if out.buffer.is_empty() {
                    out.writer_awake = !rest;
                    drop(out);
                    return self.socket.poll_flush(cx);
                }
                std::mem::swap(&mut out.buffer, &mut self.writing);
                out.unsent_pings = 0;
                drop(out);
                if self.writing.len() > WAITING_MAX {
                    self.shared.room.notify_waiters();
                }
            }
            let rest = &self.writing[self.written..];
            let count = ready!(self.socket.poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
        }
    }
}
