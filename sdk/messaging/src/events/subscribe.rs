//! A subscription: its pattern and its options.

use std::time::Duration;

use aegis_domain::wire::{Namespace, consumer, subject};
use aegis_domain::{InstanceName, Schema, ServiceName};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PriorityPolicy, pull};
use chrono::{DateTime, Utc};

use super::SubscribeError;
use crate::consume::{Losses, PIN_GROUP, PIN_TIMEOUT, Plan, RetryPolicy, Spec, owned_by};
use aegis_journal::Journal;
use aegis_nats::follow;
use aegis_nats::restore::MakeStream;

/// The most characters of a name of a subscription.
const NAME_MAX: usize = 64;

/// Who of a service gets an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// One of its instances, in the order of each subject. One instance reads at a time; when it is gone, the
    /// next goes on: at once after a clean stop, within six seconds otherwise.
    #[default]
    Compete,
    /// Whichever of its instances has room: all share the work, and no order is kept.
    Spread,
    /// Every instance, in the order of each subject. An instance that comes back under its name gets what it has
    /// missed.
    Broadcast,
}

/// Where a subscription begins when it is made for the first time. It goes on where it was ever after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// With what is published from then on.
    #[default]
    New,
    /// With the oldest event that the stream has.
    Beginning,
    /// At this position of the stream.
    Sequence(u64),
    /// With the first event that the stream got at or after this time.
    Time(DateTime<Utc>),
}

/// The stream that a subscription reads.
#[derive(Debug, Clone)]
struct Source {
    /// What the default name of a subscription begins with.
    label: &'static str,
    stream: fn(&Namespace) -> String,
    filter: fn(&Namespace, &str) -> String,
    making: fn() -> MakeStream,
}

impl Source {
    const EVENTS: Self = Self {
        label: "",
        stream: Namespace::app_events_stream,
        filter: subject::app_events,
        making: crate::provision::making,
    };

    fn journal<S: Schema>() -> Self {
        Self {
            label: S::NAME,
            stream: S::stream,
            filter: |namespace, pattern| format!("{}.{pattern}", S::prefix(namespace)),
            making: Journal::<S>::making,
        }
    }
}

/// A subscription to be. A pattern alone makes one that competes.
///
/// # Examples
/// ```no_run
/// # async fn example(config: aegis_sdk::ServiceConfig) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{EventContext, Fault, Mode, RetryPolicy, Service, Start, Subscribe};
/// use std::time::Duration;
///
/// let quick = RetryPolicy::exponential(Duration::from_millis(100), Duration::from_secs(1), 3);
/// let placed = Subscribe::to("orders.*.placed").mode(Mode::Broadcast).from(Start::Beginning).retry(quick);
/// let service = Service::builder(config)
///     .on_event(placed, |context: EventContext, shares: u64| async move {
///         println!("{shares} by {}", context.event.subject);
///         Ok::<_, Fault>(())
///     })
///     .start()
///     .await?;
/// # service.stop("done").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Subscribe {
    source: Source,
    pattern: String,
    name: Option<String>,
    mode: Mode,
    start: Start,
    concurrency: usize,
    window: usize,
    retry: RetryPolicy,
    ack_wait: Duration,
    inactive: Duration,
}

impl Subscribe {
    /// To the events whose subject without `events.` matches this pattern, `trading.*.trade` say. `*` stands for
    /// one part, and `>` at the end for any rest.
    #[must_use]
    pub fn to(pattern: impl Into<String>) -> Self {
        Self {
            source: Source::EVENTS,
            pattern: pattern.into(),
            name: None,
            mode: Mode::Compete,
            start: Start::New,
            concurrency: 16,
            window: 256,
            retry: RetryPolicy::default(),
            ack_wait: Duration::from_secs(15),
            inactive: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// The same, to what is recorded in the journal of a schema: the pattern is one of ids of its aggregates.
    #[must_use]
    pub fn recorded<S: Schema>(self) -> Self {
        Self { source: Source::journal::<S>(), ..self }
    }

    /// The name under which the position is kept. Without it, one is made of the pattern; two subscriptions of
    /// a service to one pattern need names.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Who gets an event. Default [`Mode::Compete`].
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Where it begins. Default [`Start::New`].
    #[must_use]
    pub fn from(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// How many events are handled at once, those of one subject one after the other. Default 16, at least 1.
    #[must_use]
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self.window = self.window.max(self.concurrency);
        self
    }

    /// How many events are in memory, those that are handled and those that wait for their subject or their
    /// next try. Default 256, at least the concurrency.
    #[must_use]
    pub fn window(mut self, most: usize) -> Self {
        self.window = most.max(self.concurrency);
        self
    }

    /// When a failed event is tried again, and how often before it becomes a dead letter.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// After which silence of a reader its events go to another. Readers that work are not silent, however long
    /// a handler takes. Default 15 s, at least 1 s.
    #[must_use]
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.ack_wait = wait.max(Duration::from_secs(1));
        self
    }

    /// How long the position of a broadcast subscription is kept without a reader. Default 24 h.
    #[must_use]
    pub fn keep_for(mut self, inactive: Duration) -> Self {
        self.inactive = inactive;
        self
    }

    /// Whether its name was given.
    pub fn is_named(&self) -> bool {
        self.name.is_some()
    }

    /// What is subscribed to.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The subjects that match.
    pub(super) fn filter(&self, namespace: &Namespace) -> String {
        (self.source.filter)(namespace, &self.pattern)
    }

    /// The name that it goes by.
    pub fn name(&self) -> Result<String, SubscribeError> {
        let name = self.name.clone().unwrap_or_else(|| {
            let parts = self.pattern.split('.').map(|part| match part {
                "*" => "any",
                ">" => "all",
                part => part,
            });
            let label = Some(self.source.label).filter(|label| !label.is_empty());
            label.into_iter().chain(parts).collect::<Vec<_>>().join("_")
        });
        if name.len() > NAME_MAX || !subject::is_token(&name, false) {
            return Err(SubscribeError::Name { name });
        }
        Ok(name)
    }

    /// The consumer of this service and instance.
    pub(super) fn spec(
        &self,
        namespace: &Namespace,
        service: &ServiceName,
        instance: &InstanceName,
    ) -> Result<Spec, SubscribeError> {
        let filter = self.filter(namespace);
        if !subject::is_subject(&filter, true) {
            return Err(SubscribeError::Pattern { pattern: self.pattern.clone() });
        }
        let name = self.name()?;
        let instance = (self.mode == Mode::Broadcast).then_some(instance);
        let durable = consumer::durable(service, &name, instance);
        let former = consumer::former_durable(service, &name, instance).filter(|former| *former != durable);
        let pinned = self.mode == Mode::Compete;
        let max_ack_pending = match self.mode {
            Mode::Compete | Mode::Broadcast => i64::try_from(self.window).unwrap_or(i64::MAX),
            // All instances share it.
            Mode::Spread => -1,
        };
        let consumer = pull::Config {
            durable_name: Some(durable),
            metadata: owned_by(&consumer::owner(service, &name, instance)),
            filter_subject: filter,
            deliver_policy: self.start.into(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.ack_wait,
            max_ack_pending,
            inactive_threshold: if self.mode == Mode::Broadcast { self.inactive } else { Duration::ZERO },
            priority_policy: if pinned { PriorityPolicy::PinnedClient } else { PriorityPolicy::None },
            priority_groups: if pinned { vec![PIN_GROUP.to_owned()] } else { vec![] },
            priority_timeout: if pinned { PIN_TIMEOUT } else { Duration::ZERO },
            ..pull::Config::default()
        };
        Ok(Spec {
            stream: (self.source.stream)(namespace),
            consumer,
            former,
            work_queue: false,
            make_stream: (self.source.making)(),
            losses: Losses::default(),
        })
    }

    pub(super) fn plan(&self) -> Plan {
        Plan {
            kind: "event",
            ordered: self.mode != Mode::Spread,
            concurrency: self.concurrency,
            window: self.window,
            retry: self.retry.clone(),
        }
    }
}

impl<P: Into<String>> std::convert::From<P> for Subscribe {
    fn from(pattern: P) -> Self {
        Self::to(pattern)
    }
}

impl std::convert::From<Start> for DeliverPolicy {
    fn from(start: Start) -> Self {
        match start {
            Start::New => Self::New,
            Start::Beginning => Self::All,
            Start::Sequence(start_sequence) => {
                Self::ByStartSequence { start_sequence: start_sequence.max(1) }
            }
            Start::Time(time) => Self::ByStartTime { start_time: follow::start_time(time) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(subscribe: &Subscribe, mode: Mode) -> Option<String> {
        let (service, instance) = (ServiceName::new("algo").unwrap(), InstanceName::new("algo-1").unwrap());
        let spec = subscribe.clone().mode(mode).spec(&Namespace::default(), &service, &instance);
        spec.ok().and_then(|spec| spec.consumer.durable_name)
    }

    #[test]
    fn positions_are_kept_by_service_and_by_instance_only_where_each_has_its_own() {
        let trades = Subscribe::to("trading.*.>");
        assert_eq!(name(&trades, Mode::Compete).as_deref(), Some("algo-trading_any_all"));
        assert_eq!(name(&trades, Mode::Spread).as_deref(), Some("algo-trading_any_all"));
        assert_eq!(name(&trades, Mode::Broadcast).as_deref(), Some("algo=trading_any_all=algo-1"));
        assert_eq!(name(&trades.named("book"), Mode::Compete).as_deref(), Some("algo-book"));
    }

    #[test]
    fn what_is_no_pattern_or_no_name_is_refused() {
        for bad in ["", "a..b", "a b", ">.a", "a.*b", "a.>.b", ".a"] {
            assert_eq!(name(&Subscribe::to(bad), Mode::Compete), None, "{bad:?}");
        }
        for bad in ["", "a.b", "a*", &"x".repeat(65)] {
            assert_eq!(name(&Subscribe::to("a").named(bad), Mode::Compete), None, "{bad:?}");
        }
    }
}
