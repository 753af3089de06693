//! Replays events of the stream from any position, and tells where the stored ones end and new ones begin.

use std::collections::VecDeque;

use aegis_domain::wire::subject;

use super::{Event, Events, Start, SubscribeError};
use aegis_nats::follow::{Followed, Follower, From, Message, Wanted};

/// What a replay has to say.
#[derive(Debug)]
pub enum Replayed {
    /// The next event.
    Event(Event),
    /// Everything that the stream had has been said: what comes now is new. Said once at first, and again each
    /// time that the replay has caught up after it could not see.
    CaughtUp,
    /// The stream was made anew, or its history went back: what follows is its beginning.
    Replaced,
    /// The stream cannot be read now. The replay goes on where it was once it can be.
    Blind,
}

/// A replay. It keeps no position and acknowledges nothing. Dropping it ends it.
///
/// # Examples
/// ```no_run
/// # async fn example(events: aegis_sdk::Events) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::Start;
/// use aegis_sdk::events::Replayed;
///
/// let mut replay = events.replay("orders.>", Start::Beginning)?;
/// loop {
///     match replay.next().await {
///         Replayed::Event(event) => println!("{}", event.subject),
///         Replayed::CaughtUp => break,
///         Replayed::Replaced => println!("the stream was replaced: this is its beginning"),
///         Replayed::Blind => println!("the stream cannot be read now"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Replay {
    follower: Follower,
    caught_up: bool,
    said: VecDeque<Replayed>,
}

impl Events {
    /// The events whose subject without `events.` matches the pattern, from there on, in order and without gaps
    /// as far as the stream has them. Losing the connection or the server does not end it.
    ///
    /// # Errors
    /// [`SubscribeError::Pattern`].
    pub fn replay(&self, pattern: &str, start: Start) -> Result<Replay, SubscribeError> {
        let filter = subject::app_events(self.connection.namespace(), pattern);
        if !subject::is_subject(&filter, true) {
            return Err(SubscribeError::Pattern { pattern: pattern.to_owned() });
        }
        let from = match start {
            Start::New => From::Time(chrono::Utc::now()),
            Start::Beginning => From::Sequence(1),
            Start::Sequence(sequence) => From::Sequence(sequence),
            Start::Time(time) => From::Time(time),
        };
        let wanted = Wanted { filters: vec![filter], headers_only: false };
        let stream = self.connection.namespace().app_events_stream();
        let follower = Follower::filtered(&self.connection, stream, from, wanted);
        Ok(Replay { follower, caught_up: false, said: VecDeque::new() })
    }
}

impl Replay {
    /// The next thing it has to say; never ends.
    ///
    /// # Cancel safety
    /// Cancel-safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Replayed {
        loop {
            if let Some(said) = self.said.pop_front() {
                return said;
            }
            match self.follower.next().await {
                Followed::Message(message) => {
                    let last = message.pending == 0;
                    self.said.push_back(Replayed::Event(event(message)));
                    if last {
                        self.catch_up();
                    }
                }
                Followed::Idle => self.catch_up(),
                Followed::Replaced => {
                    self.caught_up = false;
                    self.said.push_back(Replayed::Replaced);
                }
                Followed::Blind => {
                    self.caught_up = false;
                    self.said.push_back(Replayed::Blind);
                }
            }
        }
    }

    fn catch_up(&mut self) {
        if !self.caught_up {
            self.caught_up = true;
            self.said.push_back(Replayed::CaughtUp);
        }
    }
}

fn event(message: Message) -> Event {
    Event {
        subject: message.subject,
        sequence: Some(message.sequence),
        published_at: Some(message.recorded_at),
        headers: message.headers.unwrap_or_default(),
        body: message.body,
    }
}
