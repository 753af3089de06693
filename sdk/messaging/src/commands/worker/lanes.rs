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

use super::Shared;
use super::one::{Settlement, Taken, handle};
use super::order::{Schedule, index};
use crate::consume::{Arrival, Puller};

/// How long a lane is waited for that does not say whether it has a command.
const SOON: Duration = Duration::from_millis(50);

pub(super) struct Lanes {
    shared: Shared,
    pullers: [Puller; 4],
    states: [LaneState; 4],
    schedule: Schedule,
    concurrency: usize,
    cancels: Subscriber,
    running: HashMap<u64, Running>,
    tasks: JoinSet<(u64, Settlement)>,
}

/// What a lane has given and no worker has begun.
#[derive(Default)]
struct LaneState {
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
    pub(super) fn new(shared: Shared, pullers: [Puller; 4], concurrency: usize, cancels: Subscriber) -> Self {
        let (states, schedule, running, tasks) = Default::default();
        let concurrency = concurrency.max(1);
        Self { shared, pullers, states, schedule, concurrency, cancels, running, tasks }
    }

    pub(super) async fn run(mut self, stop: CancellationToken, drain: Duration) {
        let mut beats = tokio::time::interval(self.shared.take_over / 3);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.look();
            self.begin();
            self.look();
            let room = self.running.len() < self.concurrency;
            let wanted = |state: &LaneState| room && state.taken.is_none();
            let soonest =
                self.states.iter().filter(|state| state.taken.is_none()).filter_map(|state| state.soon).min();
            let [first, second, third, fourth] = &mut self.pullers;
            let states = &self.states;
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
                    for state in self.states.iter_mut().filter(|state| state.soon.is_some_and(|until| until <= now)) {
                        (state.soon, state.empty) = (None, true);
                    }
                    continue;
                }
                arrival = first.next_one(wanted(&states[0]), states[0].empty) => (0, arrival),
                arrival = second.next_one(wanted(&states[1]), states[1].empty) => (1, arrival),
                arrival = third.next_one(wanted(&states[2]), states[2].empty) => (2, arrival),
                arrival = fourth.next_one(wanted(&states[3]), states[3].empty) => (3, arrival),
            };
            match arrived {
                (lane, Arrival::Message { message, .. }) => self.take(lane, message).await,
                (lane, Arrival::Nothing) => {
                    let state = &mut self.states[lane];
                    (state.soon, state.empty) = (None, true);
                }
                (_, Arrival::Interrupted | Arrival::Unpinned) => {}
            }
        }
        self.end(drain, beats).await;
    }

    /// Finds out which lanes may have a command without having said so.
    fn look(&mut self) {
        let room = self.running.len() < self.concurrency;
        for (state, puller) in self.states.iter_mut().zip(&self.pullers) {
            if !room {
                // No pull is under way now, unless one was before.
                state.empty &= puller.is_asking();
                state.soon = None;
            } else if state.taken.is_none() && !state.empty && state.soon.is_none() {
                state.soon = Some(Instant::now() + SOON);
            }
        }
    }

    /// Begins what there is room for.
    fn begin(&mut self) {
        while self.running.len() < self.concurrency {
            let Some(lane) = self.next_lane() else { return };
            let Some(taken) = self.states[lane].taken.take() else { return };
            self.look();
            self.schedule.advance();
            let stop = CancellationToken::new();
            self.running.insert(taken.sequence, Running { taken: taken.clone(), stop: stop.clone() });
            let shared = self.shared.clone();
            self.tasks.spawn(async move { (taken.sequence, handle(&shared, &taken, &stop).await) });
        }
    }

    /// The lane that the next command comes from, unless one that comes before it is about to give one.
    fn next_lane(&self) -> Option<usize> {
        for priority in self.schedule.order() {
            let state = &self.states[index(priority)];
            if state.taken.is_some() {
                return Some(index(priority));
            }
            if state.soon.is_some() {
                return None;
            }
        }
        None
    }

    async fn take(&mut self, lane: usize, message: jetstream::Message) {
        let Some(taken) = Taken::new(message) else { return };
        let state = &mut self.states[lane];
        (state.soon, state.empty) = (None, false);
        // One that comes again while it is here goes on as it is, and is acknowledged by its newest copy.
        if let Some(running) = self.running.get_mut(&taken.sequence) {
            running.taken.message = taken.message;
        } else if state.taken.as_ref().is_none_or(|held| held.sequence == taken.sequence) {
            state.taken = Some(taken);
        } else {
            // More came than was asked for; it comes again at once.
            say(&self.shared, &taken.message, "-NAK").await;
        }
    }

    async fn ended(&mut self, sequence: u64, word: Settlement) {
        let Some(running) = self.running.remove(&sequence) else { return };
        match word {
            Settlement::Ack => say(&self.shared, &running.taken.message, "+ACK").await,
            Settlement::Retry(delay) => {
                let word = format!("-NAK {{\"delay\": {}}}", delay.as_nanos());
                say(&self.shared, &running.taken.message, word).await;
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
        let held = self.states.iter().filter_map(|state| state.taken.as_ref());
        for taken in held.chain(self.running.values().map(|running| &running.taken)) {
            say(&self.shared, &taken.message, "+WPI").await;
        }
        for running in self.running.values() {
            let (shared, taken, stop) = (self.shared.clone(), running.taken.clone(), running.stop.clone());
            tokio::spawn(async move {
                use aegis_domain::wire::command::Outcome;
                if matches!(
                    shared.register.read(shared.of(&taken)).await,
                    Ok(Some(Outcome::Cancelled { .. }))
                ) {
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
        for state in &mut self.states {
            if let Some(taken) = state.taken.take() {
                say(&self.shared, &taken.message, "-NAK").await;
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
            say(&self.shared, &running.taken.message, "-NAK").await;
        }
    }
}

async fn say(shared: &Shared, message: &jetstream::Message, word: impl Into<bytes::Bytes>) {
    let Some(reply) = message.reply.clone() else { return };
    if let Err(error) = shared.connection.client().publish(reply, word.into()).await {
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
