//! Takes commands from the lanes, the most urgent first, as many at once as there is room for.
//!
//! Each lane is asked for one command at a time, and only while there is room, so that what another instance
//! could do now is not held here. Before a command is begun, every lane that comes before its own has said that it
//! has none.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aegis_domain::wire::command::Priority;
use async_nats::Subscriber;
use async_nats::jetstream;
use futures_util::StreamExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::one::{Taken, Word, handle};
use super::order::{Turns, index};
use super::{ACK_WAIT, Shop};
use crate::consume::{Arrival, Puller};

/// How long a lane is waited for that does not say whether it has a command.
const SOON: Duration = Duration::from_millis(50);

pub(super) struct Lanes {
    shop: Shop,
    pullers: [Puller; 4],
    hands: [Hand; 4],
    turns: Turns,
    concurrency: usize,
    cancels: Subscriber,
    running: HashMap<u64, Running>,
    tasks: JoinSet<(u64, Word)>,
}

/// What a lane has given and no worker has begun.
#[derive(Default)]
struct Hand {
    taken: Option<Taken>,
    /// It is not known whether it has more; that is waited for until then.
    soon: Option<Instant>,
    /// It said that it has none, and is asked to say when it does.
    empty: bool,
}

struct Running {
    taken: Taken,
    stop: CancellationToken,
}

impl Lanes {
    pub(super) fn new(shop: Shop, pullers: [Puller; 4], concurrency: usize, cancels: Subscriber) -> Self {
        let (hands, turns, running, tasks) = Default::default();
        let concurrency = concurrency.max(1);
        Self { shop, pullers, hands, turns, concurrency, cancels, running, tasks }
    }

    pub(super) async fn run(mut self, stop: CancellationToken, drain: Duration) {
        let mut beats = tokio::time::interval(ACK_WAIT / 3);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.look();
            self.begin();
            self.look();
            let room = self.running.len() < self.concurrency;
            let wanted = |hand: &Hand| room && hand.taken.is_none();
            let soonest =
                self.hands.iter().filter(|hand| hand.taken.is_none()).filter_map(|hand| hand.soon).min();
            let [first, second, third, fourth] = &mut self.pullers;
            let hands = &self.hands;
            let arrived = tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.tasks.join_next() => {
                    if let Ok((sequence, word)) = ended {
                        self.ended(sequence, word).await;
                    }
                    continue;
                }
                Some(message) = self.cancels.next() => {
                    self.cancel(&message.payload);
                    continue;
                }
                _ = beats.tick() => {
                    self.still_working().await;
                    continue;
                }
                () = wait_until(soonest), if room && soonest.is_some() => {
                    let now = Instant::now();
                    for hand in self.hands.iter_mut().filter(|hand| hand.soon.is_some_and(|until| until <= now)) {
                        (hand.soon, hand.empty) = (None, true);
                    }
                    continue;
                }
                arrival = first.next_one(wanted(&hands[0]), hands[0].empty) => (0, arrival),
                arrival = second.next_one(wanted(&hands[1]), hands[1].empty) => (1, arrival),
                arrival = third.next_one(wanted(&hands[2]), hands[2].empty) => (2, arrival),
                arrival = fourth.next_one(wanted(&hands[3]), hands[3].empty) => (3, arrival),
            };
            match arrived {
                (lane, Arrival::Message { message, .. }) => self.take(lane, message).await,
                (lane, Arrival::Nothing) => {
                    let hand = &mut self.hands[lane];
                    (hand.soon, hand.empty) = (None, true);
                }
                (_, Arrival::Interrupted | Arrival::Unpinned) => {}
            }
        }
        self.end(drain, beats).await;
    }

    /// Finds out which lanes may have a command without having said so.
    fn look(&mut self) {
        let room = self.running.len() < self.concurrency;
        for (hand, puller) in self.hands.iter_mut().zip(&self.pullers) {
            if !room {
                // No pull is under way now, unless one was before.
                hand.empty &= puller.is_asking();
                hand.soon = None;
            } else if hand.taken.is_none() && !hand.empty && hand.soon.is_none() {
                hand.soon = Some(Instant::now() + SOON);
            }
        }
    }

    /// Begins what there is room for.
    fn begin(&mut self) {
        while self.running.len() < self.concurrency {
            let Some(lane) = self.next_lane() else { return };
            let Some(taken) = self.hands[lane].taken.take() else { return };
            self.look();
            self.turns.took_one();
            let stop = CancellationToken::new();
            self.running.insert(taken.sequence, Running { taken: taken.clone(), stop: stop.clone() });
            let shop = self.shop.clone();
            self.tasks.spawn(async move { (taken.sequence, handle(&shop, &taken, &stop).await) });
        }
    }

    /// The lane that the next command comes from, unless one that comes before it is about to give one.
    fn next_lane(&self) -> Option<usize> {
        for priority in self.turns.order() {
            let hand = &self.hands[index(priority)];
            if hand.taken.is_some() {
                return Some(index(priority));
            }
            if hand.soon.is_some() {
                return None;
            }
        }
        None
    }

    async fn take(&mut self, lane: usize, message: jetstream::Message) {
        let Some(taken) = Taken::new(message) else { return };
        let hand = &mut self.hands[lane];
        (hand.soon, hand.empty) = (None, false);
        // One that comes again while it is here goes on as it is, and is acknowledged by its newest copy.
        if let Some(running) = self.running.get_mut(&taken.sequence) {
            running.taken.message = taken.message;
        } else if hand.taken.as_ref().is_none_or(|held| held.sequence == taken.sequence) {
            hand.taken = Some(taken);
        } else {
            // More came than was asked for; it comes again at once.
            say(&self.shop, &taken.message, "-NAK").await;
        }
    }

    async fn ended(&mut self, sequence: u64, word: Word) {
        let Some(running) = self.running.remove(&sequence) else { return };
        match word {
            Word::Done => say(&self.shop, &running.taken.message, "+ACK").await,
            Word::Again(delay) => {
                let word = format!("-NAK {{\"delay\": {}}}", delay.as_nanos());
                say(&self.shop, &running.taken.message, word).await;
            }
        }
    }

    fn cancel(&self, id: &[u8]) {
        for running in self.running.values().filter(|running| running.taken.id.as_bytes() == id) {
            running.stop.cancel();
        }
    }

    /// Tells the queue, and asks the register whether one was called off without our hearing it.
    async fn still_working(&mut self) {
        let held = self.hands.iter().filter_map(|hand| hand.taken.as_ref());
        for taken in held.chain(self.running.values().map(|running| &running.taken)) {
            say(&self.shop, &taken.message, "+WPI").await;
        }
        for running in self.running.values() {
            let (shop, taken, stop) = (self.shop.clone(), running.taken.clone(), running.stop.clone());
            tokio::spawn(async move {
                use aegis_domain::wire::command::Outcome;
                if matches!(shop.register.read(shop.of(&taken)).await, Ok(Some(Outcome::Cancelled { .. }))) {
                    stop.cancel();
                }
            });
        }
    }

    /// Gives back what was not begun, and waits for the rest; what is not done in time comes again elsewhere.
    async fn end(mut self, drain: Duration, mut beats: tokio::time::Interval) {
        for puller in &mut self.pullers {
            puller.close().await;
        }
        for hand in &mut self.hands {
            if let Some(taken) = hand.taken.take() {
                say(&self.shop, &taken.message, "-NAK").await;
            }
        }
        let over = tokio::time::Instant::now() + drain;
        while !self.running.is_empty() {
            tokio::select! {
                ended = self.tasks.join_next() => match ended {
                    Some(Ok((sequence, word))) => self.ended(sequence, word).await,
                    Some(Err(_)) => {}
                    None => break,
                },
                Some(message) = self.cancels.next() => self.cancel(&message.payload),
                _ = beats.tick() => self.still_working().await,
                () = tokio::time::sleep_until(over) => break,
            }
        }
        self.tasks.shutdown().await;
        for running in self.running.values() {
            tracing::warn!(
                id = running.taken.id,
                "a command was not done in time: it is tried again elsewhere"
            );
            say(&self.shop, &running.taken.message, "-NAK").await;
        }
    }
}

async fn say(shop: &Shop, message: &jetstream::Message, word: impl Into<bytes::Bytes>) {
    let Some(reply) = message.reply.clone() else { return };
    if let Err(error) = shop.connection.client().publish(reply, word.into()).await {
        tracing::debug!(%error, "a word on a command was not sent");
    }
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// There are as many lanes as priorities.
const _: () = assert!(Priority::ALL.len() == 4);
