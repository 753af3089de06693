//! Subscriptions: the events in the log, then those that are appended, with a clear mark between the two.

use std::collections::{BTreeSet, VecDeque};
use std::marker::PhantomData;

use aegis_domain::wire::{DecodeError, Namespace};
use aegis_domain::{Heading, Recorded, Registry, Schema, Sequence};
use chrono::{DateTime, Utc};

use super::{Journal, decode, decode_heading};
use aegis_nats::follow::{Followed, Follower, From, Message, Wanted};

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// With the first event of the log.
    #[default]
    Beginning,
    /// With the first event at or after this sequence.
    Sequence(Sequence),
    /// With the first event that the server recorded at or after this time.
    Time(DateTime<Utc>),
}

/// Which events: every condition that is given must hold.
#[derive(Debug, Clone)]
pub struct Selection<S: Schema = Registry> {
    start: Start,
    aggregates: BTreeSet<String>,
    types: BTreeSet<String>,
    schema: PhantomData<S>,
}

impl<S: Schema> Default for Selection<S> {
    fn default() -> Self {
        Self { start: Start::Beginning, aggregates: [].into(), types: [].into(), schema: PhantomData }
    }
}

impl<S: Schema> Selection<S> {
    /// Begins there instead of with the first event.
    #[must_use]
    pub fn from(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Only events of this aggregate, or of any that is named so.
    #[must_use]
    pub fn aggregate(self, id: &S::Id) -> Self {
        self.matching(id.to_string())
    }

    /// Only events of aggregates whose id matches this pattern of a NATS subject, `instance.echo.*`, or any
    /// other that is given. Patterns must not overlap.
    #[must_use]
    pub fn matching(mut self, pattern: impl Into<String>) -> Self {
        self.aggregates.insert(pattern.into());
        self
    }

    /// Only events of this type as it stands in the log, or of any that is named so.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.types.insert(event_type.into());
        self
    }

    fn filters(&self, namespace: &Namespace) -> Vec<String> {
        let prefix = S::prefix(namespace);
        self.aggregates.iter().map(|pattern| format!("{prefix}.{pattern}")).collect()
    }

    fn takes(&self, message: &Message) -> bool {
        let event_type = || message.headers.as_ref()?.get(aegis_domain::wire::header::ce::TYPE);
        self.types.is_empty() || event_type().is_some_and(|found| self.types.contains(found.as_str()))
    }
}

/// What a subscription has to say.
#[derive(Debug)]
pub enum Item<E> {
    /// The next event.
    Event(Entry<E>),
    /// Everything that stood in the log has been said: what comes now is new. Said once at first, and again each
    /// time that the subscription has caught up after it could not see.
    Live,
    /// The log cannot be read now. The subscription goes on where it was once it can be.
    Blind,
    /// The log was made anew, or its history went back, as after a restored backup: everything that was said before is no
    /// more. The log follows from its beginning.
    Replaced,
    /// A message that is no event, or cannot be read as one.
    Unreadable {
        /// Its position.
        sequence: Sequence,
        /// Its subject.
        subject: String,
        /// What is wrong with it.
        error: DecodeError,
    },
}

/// An event of the log, and when it came there.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<E> {
    /// Its position in the stream.
    pub sequence: Sequence,
    /// When the server recorded it.
    pub recorded_at: DateTime<Utc>,
    /// The event.
    pub event: E,
}

type Read<E> = fn(&Namespace, &Message) -> Result<E, DecodeError>;

/// A subscription. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription<S: Schema, E> {
    namespace: Namespace,
    follower: Follower,
    selection: Selection<S>,
    read: Read<E>,
    live: bool,
    said: VecDeque<Item<E>>,
}

impl<S: Schema> Journal<S> {
    /// The events that are selected: those that stand in the log, then every new one, in order and without gaps.
    ///
    /// Losing the connection or the server does not end it.
    #[must_use]
    pub fn subscribe(&self, selection: Selection<S>) -> Subscription<S, Recorded<S>> {
        self.select(selection, false, |namespace, message| {
            decode(namespace, message.sequence, &message.subject, message.headers.as_ref(), &message.body)
        })
    }

    /// The same without what happened: bodies are neither sent by the server nor read, types need not be known.
    #[must_use]
    pub fn subscribe_headings(&self, selection: Selection<S>) -> Subscription<S, Heading<S>> {
        self.select(selection, true, |namespace, message| {
            decode_heading(namespace, &message.subject, message.headers.as_ref())
        })
    }

    fn select<E>(&self, selection: Selection<S>, headers_only: bool, read: Read<E>) -> Subscription<S, E> {
        let from = match selection.start {
            Start::Beginning => From::Sequence(1),
            Start::Sequence(sequence) => From::Sequence(sequence.get()),
            Start::Time(time) => From::Time(time),
        };
        let wanted = Wanted { filters: selection.filters(self.namespace()), headers_only };
        let follower = Follower::filtered(&self.connection, S::stream(self.namespace()), from, wanted);
        let (namespace, said) = (self.namespace().clone(), VecDeque::new());
        Subscription { namespace, follower, selection, read, live: false, said }
    }
}

impl<S: Schema, E> Subscription<S, E> {
    /// The next thing it has to say; never ends.
    ///
    /// # Cancel safety
    /// Cancel-safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Item<E> {
        loop {
            if let Some(item) = self.said.pop_front() {
                return item;
            }
            let followed = self.follower.next().await;
            self.take(followed);
        }
    }

    fn take(&mut self, followed: Followed) {
        match followed {
            Followed::Message(message) => {
                if self.selection.takes(&message) {
                    let item = self.item(&message);
                    self.said.push_back(item);
                }
                if message.pending == 0 {
                    self.caught_up();
                }
            }
            Followed::Idle => self.caught_up(),
            Followed::Replaced => {
                self.live = false;
                self.said.push_back(Item::Replaced);
            }
            Followed::Blind => {
                self.live = false;
                self.said.push_back(Item::Blind);
            }
        }
    }

    fn item(&self, message: &Message) -> Item<E> {
        let sequence = Sequence(message.sequence);
        match (self.read)(&self.namespace, message) {
            Ok(event) => Item::Event(Entry { sequence, recorded_at: message.recorded_at, event }),
            Err(error) => Item::Unreadable { sequence, subject: message.subject.clone(), error },
        }
    }

    fn caught_up(&mut self) {
        if !self.live {
            self.live = true;
            self.said.push_back(Item::Live);
        }
    }
}
