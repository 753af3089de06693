//! The task that sends the messages of an outbox, and receives the acknowledgements.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;
use tokio::sync::broadcast::error::RecvError;

use super::ack::Answer;
use super::queue::Queue;
use aegis_nats::Connection;
use aegis_nats::ConnectionState;
use aegis_nats::backoff::backoff;
use aegis_nats::denial::Denied;
use aegis_nats::restore::MakeStream;

/// So long an acknowledgement may take before the message is sent again.
const ACK_PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether one is due.
const TICK: Duration = Duration::from_millis(500);
/// How many acknowledgements are taken at once.
const LOT: usize = 256;

pub(super) struct Pump {
    connection: Connection,
    queue: Arc<Queue>,
    /// Where acknowledgements come: this and the number of the message.
    inbox: String,
    make: MakeStream,
    /// Failures in a row.
    failures: usize,
    hold_until: Option<Instant>,
}

impl Pump {
    pub(super) fn new(connection: &Connection, queue: Arc<Queue>, make: MakeStream) -> Self {
        let inbox = format!("{}.", connection.client().new_inbox());
        Self { connection: connection.clone(), queue, inbox, make, failures: 0, hold_until: None }
    }

    /// Runs until the outbox is empty and all its senders are dropped.
    pub(super) async fn run(&mut self) {
        let mut attempt = 1;
        while !self.queue.is_over() {
            match self.connection.client().subscribe(format!("{}*", self.inbox)).await {
                Ok(acks) => self.work(acks).await,
                Err(error) => tracing::warn!(%error, "acknowledgements cannot be heard now"),
            }
            attempt += 1;
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Until the subscription or the work ends.
    async fn work(&mut self, acks: Subscriber) {
        let mut acks = acks.ready_chunks(LOT);
        let mut state = self.connection.state();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let queue = Arc::clone(&self.queue);
        let mut denials = self.connection.denials().listen();
        while !queue.is_over() {
            let connected = *state.borrow_and_update() == ConnectionState::Connected;
            if connected && self.hold_until.is_none_or(|until| Instant::now() >= until) {
                self.hold_until = None;
                self.send().await;
            }
            let held = self.hold_until.map(tokio::time::Instant::from_std);
            let hold =
                async { tokio::time::sleep_until(held.unwrap_or_else(tokio::time::Instant::now)).await };
            tokio::select! {
                lot = acks.next() => match lot {
                    Some(lot) => lot.iter().for_each(|ack| self.hear(ack)),
                    None => return,
                },
                denied = denials.recv() => match denied {
                    Ok(Denied::Publish(subject)) => queue.deny(&subject),
                    Ok(Denied::Subscribe(_)) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                () = queue.work.notified() => {}
                () = hold, if held.is_some() => {}
                _ = ticks.tick(), if queue.len() > 0 => self.check(),
                changed = state.changed() => {
                    let now = *state.borrow();
                    match now {
                        _ if changed.is_err() => return,
                        // What was under way may be lost; the ids make up for what was not.
                        ConnectionState::Connected => {
                            queue.ask_again();
                            queue.rewind(false);
                        }
                        ConnectionState::Reconnecting | ConnectionState::Closed => queue.rewind(true),
                    }
                }
            }
        }
    }

    async fn send(&mut self) {
        loop {
            let lot = self.queue.take();
            if lot.is_empty() {
                return;
            }
            for it in lot {
                let reply = format!("{}{}", self.inbox, it.number);
                let client = self.connection.client();
                let sent =
                    client.publish_with_reply_and_headers(it.subject, reply, it.headers, it.body).await;
                if let Err(error) = sent {
                    self.hold(&error.to_string());
                    return;
                }
            }
        }
    }

    fn hear(&mut self, ack: &Message) {
        let number = ack.subject.strip_prefix(self.inbox.as_str()).and_then(|number| number.parse().ok());
        let Some(number) = number else { return };
        match Answer::read(ack) {
            Answer::Kept(published) => {
                self.failures = 0;
                self.hold_until = None;
                self.queue.settle(number, Ok(published));
            }
            Answer::Refused(error) => self.queue.settle(number, Err(error)),
            // Of the many that come back at once, the first says it.
            Answer::Absent => {
                self.connection.restore_stream("the stream of an outbox", &self.make);
                if self.hold_until.is_none() {
                    self.hold("no stream takes the subject");
                }
            }
            Answer::Away(why) if self.hold_until.is_none() => self.hold(&why),
            Answer::Away(_) => {}
        }
    }

    fn check(&mut self) {
        let Some((sent, subject)) = self.queue.oldest() else { return };
        if self.hold_until.is_none() && sent.elapsed() >= ACK_PATIENCE {
            self.connection.restore_if_gone("the stream of an outbox", subject, self.make.clone());
            self.hold("no acknowledgement came in time");
        }
    }

    /// Waits a little, then sends everything again, one message first.
    fn hold(&mut self, why: &str) {
        self.failures += 1;
        if self.failures == 1 {
            tracing::warn!(
                why,
                waiting = self.queue.len(),
                "jetstream takes no messages now; they are kept in memory"
            );
        }
        self.hold_until = Some(Instant::now() + backoff(self.failures + 1));
        self.queue.rewind(true);
    }
}
