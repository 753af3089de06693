//! The delivery of events to a handler.

use std::sync::Arc;
use std::time::Duration;

use aegis_domain::wire::Namespace;
use aegis_domain::{InstanceName, ServiceName};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Event, Events, Subscribe, SubscribeError};
use crate::consume::{Dispatcher, Held, Losses, Puller, Spec};
use aegis_telemetry::metrics::{Meter, Role};

/// An event, and the duty to say what became of it: [`ack`](Self::ack), [`retry_after`](Self::retry_after) or
/// [`dead_letter`](Self::dead_letter). Until then it is worked on, however long that takes, and later events of
/// its subject wait, unless the mode is [`Mode::Spread`](super::Mode::Spread).
///
/// Dropping it counts as a failed try: it comes again after a delay, by the policy.
#[derive(Debug)]
#[must_use = "dropping a delivery counts as a failed try"]
pub struct Delivery {
    /// The event.
    pub event: Event,
    pub(crate) held: Held,
}

impl Delivery {
    /// Which try this is, from 1 on, since the event came to this reader: another instance that gets it, or this one
    /// after a restart, counts anew.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.held.attempt
    }

    /// It is handled: it does not come again, unless this word is lost on its way.
    pub fn ack(self) {
        self.held.ack();
    }

    /// It is tried again after this delay, as long as the policy has tries left.
    pub fn retry_after(self, delay: Duration, reason: &str) {
        self.held.retry_after(delay, reason);
    }

    /// It is put aside. Returns once the dead letter stands, or the subscription has ended; then it comes again.
    ///
    /// # Cancel safety
    /// Once it was polled, the event is put aside, whether or not the future is dropped.
    pub async fn dead_letter(self, reason: &str) {
        self.held.dead_letter(reason).await;
    }
}

/// Events as they come, for those who handle them by hand. Dropping it ends it: what is in memory then goes to
/// another instance, or comes again.
#[derive(Debug)]
pub struct Subscription {
    deliveries: mpsc::Receiver<Held>,
    meter: Arc<Meter>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Subscription {
    pub(crate) async fn open(
        events: &Events,
        subscribe: &Subscribe,
        service: &ServiceName,
        instance: &InstanceName,
    ) -> Result<Self, SubscribeError> {
        let spec = subscribe.spec(events.connection.namespace(), service, instance)?;
        let spec =
            Spec { losses: Losses::tell(events.settings.on_lost.clone(), &events.settings.metrics), ..spec };
        let consumer = spec.name().to_owned();
        let opened = Puller::open(&events.connection, spec).await;
        let opened = opened.map_err(|error| SubscribeError::opening(consumer, error))?;
        let metrics = Arc::clone(&events.settings.metrics);
        let (dispatcher, deliveries) = Dispatcher::new(&events.connection, opened, subscribe.plan(), metrics);
        let stop = CancellationToken::new();
        let task = tokio::spawn(dispatcher.run(stop.clone()));
        let meter =
            events.connection.telemetry().meters.of(Role::Consume, &subscribe.filter(&Namespace::default()));
        Ok(Self { deliveries, meter, stop, task })
    }

    /// The next event; none once it is closed.
    ///
    /// # Cancel safety
    /// Cancel-safe: no event is lost.
    pub async fn next(&mut self) -> Option<Delivery> {
        let mut held = self.deliveries.recv().await?;
        held.begin(&self.meter);
        Some(Delivery { event: event(&held), held })
    }

    /// Takes no more events, gives back what is in memory, and waits until all deliveries are settled.
    ///
    /// # Errors
    /// When some were not within this time. They come again when their time is over.
    ///
    /// # Cancel safety
    /// A dropped future leaves it closing.
    pub async fn close(mut self, within: Duration) -> Result<(), StillHandled> {
        self.stop.cancel();
        // What was handed out and not taken yet is given back.
        self.deliveries.close();
        while self.deliveries.recv().await.is_some() {}
        match tokio::time::timeout(within, &mut self.task).await {
            Ok(_ended) => Ok(()),
            Err(_elapsed) => {
                self.task.abort();
                Err(StillHandled)
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Events were still handled when a subscription was to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events were still handled when the time was over: they come again")]
pub struct StillHandled;

pub(super) fn event(held: &Held) -> Event {
    let message = &held.message;
    let published = message.info().ok().map(|info| info.published.unix_timestamp_nanos().div_euclid(1000));
    let published = published.and_then(|micros| i64::try_from(micros).ok());
    Event {
        subject: message.subject.as_str().to_owned(),
        sequence: Some(held.position.sequence),
        published_at: published.and_then(DateTime::<Utc>::from_timestamp_micros),
        headers: message.headers.clone().unwrap_or_default(),
        body: message.payload.clone(),
    }
}
