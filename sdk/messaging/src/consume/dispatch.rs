//! Gives the messages of a consumer to handlers, in order, with retries, and publishes a dead letter after the last.
//!
//! # How order is kept
//!
//! One reader at a time has the messages of an ordered consumer: its own consumer, or the pin of a shared one.
//! It hands out one message of each subject at a time, and holds a subject while a message of it waits for its
//! next try. After anything that may have lost messages on their way here (a lost connection, a new pin), it
//! hands nothing out until the server says that everything that is not settled is in its hands: what was
//! lost comes again first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::wire::header;
use async_nats::jetstream;
use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::stream::ConsumerError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::consumer::Position;
use super::dead_letter::DeadLetter;
use super::delivery::{DROPPED, Held, Outcome, Settled};
use super::metrics::MessageMetrics;
use super::order::{Order, Phase};
use super::puller::{Arrival, LOOK, Puller};
use aegis_domain::Failure;
use aegis_domain::failure::Next;

use super::retry::RetryPolicy;
use aegis_nats::Connection;

/// How often it is asked while nothing is handed out until it has answered.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);
/// A message that came so much oftener than twice for each of its tries ends processes rather than tries. The margin
/// is wide, since one that is given back untried comes again as well.
pub(crate) const CRASHES: u32 = 20;

/// How messages are handed out.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The kind of their dead letters.
    pub(crate) kind: &'static str,
    pub(crate) ordered: bool,
    pub(crate) concurrency: usize,
    /// The most that are in hand.
    pub(crate) window: usize,
    pub(crate) retry: RetryPolicy,
}

/// A message in hand.
#[derive(Debug)]
struct InFlight {
    message: jetstream::Message,
    /// How often it came to a reader. That says nothing of tries: it may have been given back untried each time.
    delivered: u32,
    /// Which try here is the next one.
    attempt: u32,
    due: Option<Instant>,
}

type Probe = JoinHandle<Result<Info, ConsumerError>>;

pub(crate) struct Dispatcher {
    connection: Connection,
    puller: Puller,
    plan: Plan,
    metrics: Arc<MessageMetrics>,
    order: Order<InFlight>,
    delays: BinaryHeap<Reverse<(Instant, Position)>>,
    out: mpsc::Sender<Held>,
    settled: mpsc::UnboundedReceiver<Settled>,
    /// Bounded by what is in hand: each says one word.
    settle: mpsc::UnboundedSender<Settled>,
    running: usize,
    /// Nothing is handed out until everything that is not settled is in hand.
    paused_until_synced: bool,
    probe: Option<(Probe, u64)>,
    /// Whether messages were pending when it was looked last.
    behind: bool,
    /// The newest position that came, while this is the one reader.
    newest: Option<u64>,
    /// Positions that did not come since it was looked last: after this one, and before that.
    jumped: Option<(u64, u64)>,
    looked: Instant,
    heard: Instant,
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.metrics.forget(self.puller.spec().name());
    }
}

impl Dispatcher {
    pub(crate) fn new(
        connection: &Connection,
        (puller, info): (Puller, Info),
        plan: Plan,
        metrics: Arc<MessageMetrics>,
    ) -> (Self, mpsc::Receiver<Held>) {
        let (out, deliveries) = mpsc::channel(plan.concurrency);
        let (settle, settled) = mpsc::unbounded_channel();
        let dispatcher = Self {
            connection: connection.clone(),
            order: Order::new(plan.ordered),
            paused_until_synced: plan.ordered && info.num_ack_pending > 0,
            puller,
            plan,
            metrics,
            delays: BinaryHeap::new(),
            out,
            settled,
            settle,
            running: 0,
            probe: None,
            behind: info.num_pending > 0,
            newest: None,
            jumped: None,
            looked: Instant::now(),
            heard: Instant::now(),
        };
        (dispatcher, deliveries)
    }

    /// Runs until it is stopped, or the receiver of deliveries is dropped; then waits for the handlers that run.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let ack_wait = self.puller.spec().consumer.ack_wait;
        let mut beats = tokio::time::interval(ack_wait / 3);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.out.is_closed() {
            self.hand_out().await;
            let wanted = self.wanted();
            let due = self.delays.peek().map(|Reverse((due, _))| (*due).into());
            let look_at = self.looked + if self.paused_until_synced { LOOK_CLOSELY } else { LOOK };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.out.closed() => break,
                Some(settled) = self.settled.recv() => {
                    self.settled(settled).await;
                    while let Ok(settled) = self.settled.try_recv() {
                        self.settled(settled).await;
                    }
                }
                arrival = self.puller.next(wanted) => self.arrived(arrival).await,
                () = sleep_until(due), if due.is_some() => self.wake(),
                _ = beats.tick(), if self.order.len() > 0 => self.still_working().await,
                () = sleep_until(Some(look_at.into())), if self.probe.is_none() => self.look(),
                answer = answer(&mut self.probe), if self.probe.is_some() => self.saw(answer),
            }
        }
        self.end(beats).await;
    }

    fn wanted(&self) -> usize {
        let room = self.plan.window.saturating_sub(self.order.len());
        if self.plan.ordered {
            // The server sends no more than the window; asking is what keeps the pin.
            return room.max(1);
        }
        let busy = self.order.len() - self.order.count(Phase::Delayed);
        room.min(self.plan.concurrency.saturating_sub(busy))
    }

    async fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Message { message, new_pin } => {
                self.heard = Instant::now();
                self.paused_until_synced |= new_pin;
                if new_pin {
                    self.newest = None;
                }
                self.take(message).await;
            }
            Arrival::Nothing => {}
            Arrival::Interrupted => self.paused_until_synced |= self.plan.ordered,
            Arrival::Unpinned => {
                self.paused_until_synced = true;
                // They are the next reader's now.
                self.order.let_go();
            }
        }
    }

    async fn take(&mut self, message: jetstream::Message) {
        let Ok(info) = message.info() else { return };
        let delivered = info.delivered;
        let Some(position) = Position::of(&message) else { return };
        let spec = self.puller.spec();
        // A dead letter that was given up under the former name is redriven to that.
        let is_ours = |to: &str| to == spec.name() || spec.former.as_deref() == Some(to);
        let header = |name| Some(message.headers.as_ref()?.get(name)?.as_str());
        if header(header::FOR_CONSUMER).is_some_and(|to| !is_ours(to)) {
            return self.ack(&message).await;
        }
        self.came_to(position.sequence);
        let subject = message.subject.clone();
        let delivered = u32::try_from(delivered).unwrap_or(u32::MAX);
        let in_hand = match self.order.get_mut(position) {
            // It came again while it is here.
            Some(known) => InFlight { message, ..*known },
            None => InFlight { message, delivered, attempt: 1, due: None },
        };
        if let Err(again) = self.order.insert(position, &subject, in_hand) {
            self.ack(&again.message).await;
        }
    }

    /// Of several readers each has what the others have not.
    fn came_to(&mut self, sequence: u64) {
        if !self.plan.ordered {
            return;
        }
        if let Some(newest) = self.newest
            && sequence > newest + 1
        {
            let after = self.jumped.map_or(newest, |(after, _)| after.min(newest));
            self.jumped = Some((after, sequence));
        }
        self.newest = self.newest.max(Some(sequence));
    }

    async fn hand_out(&mut self) {
        while !self.paused_until_synced && self.running < self.plan.concurrency {
            let Some(position) = self.order.take() else { return };
            self.running += 1;
            let settle = self.settle.clone();
            let Some(in_hand) = self.order.get_mut(position) else { continue };
            let (message, attempt, delivered) = (in_hand.message.clone(), in_hand.attempt, in_hand.delivered);
            let held = Held { message, position, attempt, settled: Some(settle), counted: None };
            let too_often = delivered > self.plan.retry.tries().saturating_mul(2).saturating_add(CRASHES);
            // One that stood behind such a message came as often, and was never tried.
            if too_often && !self.order.was_behind(position) {
                let reason =
                    format!("it came {delivered} times and never to an end: it may end whoever handles it");
                held.fail(Failure::of(aegis_domain::ErrorCode::HandlerFailed, reason).for_good());
            } else if self.out.send(held).await.is_err() {
                // The receiver was dropped; the delivery has answered that itself.
                return;
            }
        }
    }

    async fn settled(&mut self, Settled { position, outcome, done }: Settled) {
        if matches!(outcome, Outcome::DeadLettered) {
            self.metrics.dead_lettered();
            if let Some(in_hand) = self.order.settle(position) {
                self.ack(&in_hand.message).await;
            }
            return answered(done);
        }
        self.running -= 1;
        let failure = match outcome {
            Outcome::Handled | Outcome::DeadLettered => {
                self.metrics.consumed();
                if let Some(in_hand) = self.order.settle(position) {
                    self.ack(&in_hand.message).await;
                }
                return answered(done);
            }
            Outcome::Failed(failure) => failure,
            Outcome::Dropped => Failure::of(aegis_domain::ErrorCode::HandlerFailed, DROPPED),
        };
        self.failed(position, &failure, done);
    }

    fn failed(&mut self, position: Position, failure: &Failure, done: Option<oneshot::Sender<()>>) {
        self.metrics.failed();
        let Some(in_hand) = self.order.get_mut(position) else { return answered(done) };
        let attempt = in_hand.attempt;
        let after = match (failure.next, self.plan.retry.after(attempt)) {
            (Next::Never, _) => None,
            (Next::Policy, after) => after,
            (Next::After(delay), after) => after.map(|_another_try| delay),
        };
        let Some(after) = after else {
            let reason = reason(failure, attempt);
            let letter = DeadLetter::new(&self.connection, self.plan.kind, &in_hand.message, &reason);
            self.order.set(position, Phase::DeadLettering);
            let (connection, settle) = (self.connection.clone(), self.settle.clone());
            tokio::spawn(async move {
                if let Some(letter) = letter {
                    letter.publish(&connection).await;
                }
                // A dispatcher that has ended gets the message again, and writes the letter again: it stands once.
                settle.send(Settled { position, outcome: Outcome::DeadLettered, done }).ok();
            });
            return;
        };
        self.metrics.retried();
        let due = Instant::now() + after;
        in_hand.attempt = attempt.saturating_add(1);
        in_hand.due = Some(due);
        self.order.set(position, Phase::Delayed);
        self.delays.push(Reverse((due, position)));
        answered(done);
    }

    /// Those whose delay is over have their turn again.
    fn wake(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((due, position))) = self.delays.peek().copied() {
            if due > now {
                return;
            }
            self.delays.pop();
            // One that was let go and came again since waits by another delay, or by none.
            if self
                .order
                .get_mut(position)
                .is_some_and(|in_hand| in_hand.due.take_if(|at| *at == due).is_some())
            {
                self.order.set(position, Phase::Waiting);
            }
        }
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        let mark = self.order.mark();
        let (jetstream, spec) = (self.connection.jetstream().clone(), self.puller.spec().clone());
        let (behind, jumped) = (self.behind, self.jumped.take());
        let look = async move {
            if behind || jumped.is_some() {
                spec.look_behind(&jetstream, jumped).await
            } else {
                spec.look(&jetstream).await
            }
        };
        self.probe = Some((tokio::spawn(look), mark));
    }

    fn saw(&mut self, answer: Option<(Info, u64)>) {
        let Some((info, mark)) = answer else { return };
        self.metrics.lag(self.puller.spec().name(), info.num_pending);
        self.behind = info.num_pending > 0;
        if self.paused_until_synced && info.num_ack_pending <= self.order.since_before(mark) {
            self.paused_until_synced = false;
        }
        // A reader that stands by hears nothing, and is told so.
        let reads = self.puller.is_pinned() || self.puller.spec().consumer.priority_groups.is_empty();
        let room = info.num_ack_pending < self.plan.window && self.wanted() > 0;
        if reads && room && info.num_pending > 0 && self.heard.elapsed() > LOOK * 2 {
            tracing::warn!(
                consumer = self.puller.spec().name(),
                pending = info.num_pending,
                "messages are pending and none arrives"
            );
            self.puller.look_after();
            self.heard = Instant::now();
        }
    }

    async fn still_working(&self) {
        for in_hand in self.order.values() {
            self.say(&in_hand.message, "+WPI").await;
        }
    }

    async fn ack(&self, message: &jetstream::Message) {
        self.say(message, "+ACK").await;
    }

    /// Sent without waiting: what is lost is said again when the message comes again.
    async fn say(&self, message: &jetstream::Message, word: &'static str) {
        let Some(reply) = message.reply.clone() else { return };
        if let Err(error) = self.connection.client().publish(reply, word.into()).await {
            tracing::debug!(%error, word, "a word on a message was not sent");
        }
    }

    /// Gives back messages that no handler has, and waits for the others.
    async fn end(mut self, mut beats: tokio::time::Interval) {
        self.out = mpsc::channel(1).0;
        self.puller.close().await;
        for in_hand in self.order.let_go() {
            self.say(&in_hand.message, "-NAK").await;
        }
        while self.order.len() > 0 {
            tokio::select! {
                Some(settled) = self.settled.recv() => self.settled(settled).await,
                _ = beats.tick() => self.still_working().await,
            }
            // What failed meanwhile is tried by the next reader, a while later.
            for in_hand in self.order.let_go() {
                self.say(&in_hand.message, "-NAK {\"delay\": 500000000}").await;
            }
        }
    }
}

async fn answer(probe: &mut Option<(Probe, u64)>) -> Option<(Info, u64)> {
    let (task, mark) = probe.as_mut()?;
    let (answer, mark) = (task.await, *mark);
    *probe = None;
    Some((answer.ok()?.ok()?, mark))
}

async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn answered(done: Option<oneshot::Sender<()>>) {
    if let Some(done) = done {
        // Whoever asked may have gone.
        done.send(()).ok();
    }
}

fn reason(failure: &Failure, attempt: u32) -> String {
    let Failure { code, message, .. } = failure;
    match failure.next {
        Next::Never => format!("{code}: {message}"),
        Next::Policy | Next::After(_) => {
            format!("{code}: {message} (the last of {attempt} tries)")
        }
    }
}
