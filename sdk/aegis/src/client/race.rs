//! The sends of one idempotent call that wait for a reply: the first that comes counts.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use rand::Rng as _;

use super::Target;
use super::attempt::Out;
use aegis_nats::transport::Message;

/// The pauses between two sends grow to so many times the first.
const LONGEST: u32 = 10;
/// The first pause after the group has got another owner, which subscribes a moment after it is named.
const AFTER_CHANGE: Duration = Duration::from_millis(2);
/// So many sends after a change of owner are not paid for: by then the new owner is subscribed.
const FREE_AFTER_CHANGE: u32 = 6;

#[derive(Debug)]
pub(super) struct Race<'a> {
    target: &'a Target,
    until: Instant,
    out: Vec<Out<'a>>,
    pause: Duration,
    /// How many sends need not be paid for.
    free: u32,
}

impl<'a> Race<'a> {
    /// None is out yet; their replies may come until then.
    pub(super) fn new(target: &'a Target, until: Instant) -> Self {
        Self { target, until, out: vec![], pause: target.resend_after(), free: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// One more is out.
    pub(super) fn join(&mut self, mut out: Out<'a>) {
        out.extend(self.until);
        // An owner knows the call by the first of them: the others only ask again.
        if matches!(self.target, Target::Owner(..)) && !self.out.is_empty() {
            out.keep();
        }
        self.out.push(out);
    }

    /// How much time is left, if any.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// How long to wait until another is sent: twice as long each time, less up to a quarter.
    pub(super) fn pause(&mut self) -> Duration {
        let longest = self.target.resend_after() * LONGEST;
        self.pause = (self.pause * 2).min(longest);
        rand::rng().random_range(self.pause * 3 / 4..=self.pause)
    }

    /// The group has another owner, who has not been asked yet: it is asked at once, and soon again.
    pub(super) fn owner_changed(&mut self) {
        (self.pause, self.free) = (AFTER_CHANGE, FREE_AFTER_CHANGE);
    }

    /// Whether the next send is not charged to the retry budget.
    pub(super) fn is_free(&mut self) -> bool {
        let free = self.free > 0;
        self.free = self.free.saturating_sub(1);
        free
    }

    /// What was waited for, or the first reply, if one comes sooner.
    pub(super) async fn unless<T>(&mut self, waiting: impl Future<Output = T>) -> Result<T, Message> {
        let mut waiting = pin!(waiting);
        std::future::poll_fn(|cx| {
            let replies = self.out.iter_mut().enumerate();
            let mut replied = replies.filter_map(|(place, out)| match out.poll_reply(cx) {
                Poll::Ready(Some(reply)) => Some((place, reply)),
                Poll::Ready(None) | Poll::Pending => None,
            });
            let first = replied.next();
            if let Some((place, reply)) = first {
                self.out.swap_remove(place);
                return Poll::Ready(Err(reply));
            }
            waiting.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    /// The call has its reply. The owner has handled it then; others are told that their reply is not needed.
    pub(super) fn end(mut self) {
        if matches!(self.target, Target::Owner(..)) {
            self.out.iter_mut().for_each(Out::keep);
        }
    }
}
