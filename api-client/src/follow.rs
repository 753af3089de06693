//! The live log, which goes on where it was when the connection ends.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderName, HeaderValue};
use rand::Rng as _;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Client;
use crate::error::{Error, Problem};
use crate::query::query;
use crate::route;
use crate::routes::{EventsFilter, EventsQuery};
use crate::sse::{Message, Parser};
use crate::transport::{Outgoing, chain, content};
use crate::types::Event;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SSE: &str = "text/event-stream";
/// A replica sends something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where a live log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After the event with this sequence.
    After(u64),
    /// With so many that are there already: 1 to 500.
    Last(u32),
}

/// What comes next.
#[derive(Debug)]
pub enum Followed {
    /// An event.
    Event(Box<Event>),
    /// The connection has ended. The next call makes another one, after a pause, and goes on behind the last event.
    Interrupted(Error),
}

/// The live log. Each event comes once, in order, over any number of connections.
#[derive(Debug)]
pub struct Follow {
    client: Client,
    filter: EventsFilter,
    start: Start,
    /// The id of the last message, by which the replica finds the place again.
    last: Option<HeaderValue>,
    connection: Option<Connection>,
    /// Not before this time a connection is made.
    pause_until: Option<Instant>,
    failures: u32,
}

#[derive(Debug)]
struct Connection {
    body: Incoming,
    parser: Parser,
}

impl Client {
    /// The log as it is written.
    #[must_use]
    pub fn follow(&self, filter: EventsFilter, start: Start) -> Follow {
        Follow {
            client: self.clone(),
            filter,
            start,
            last: None,
            connection: None,
            pause_until: None,
            failures: 0,
        }
    }
}

impl Follow {
    /// The next event, when it comes.
    ///
    /// # Errors
    /// What trying again cannot mend: `HISTORY_REPLACED` and `CURSOR_EXPIRED` when the position leads nowhere (follow
    /// anew from another [`Start`]), `UNAUTHENTICATED`, `FORBIDDEN`, a certificate that is not trusted.
    ///
    /// # Cancel safety
    /// Cancel-safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Followed, Error> {
        loop {
            match self.step().await {
                Ok(Some(message)) => match self.read(message) {
                    Ok(event) => return Ok(Followed::Event(Box::new(event))),
                    Err(error) => return self.failed(error),
                },
                Ok(None) => {}
                Err(error) => return self.failed(error),
            }
        }
    }

    /// Comes one step nearer to the next message.
    async fn step(&mut self) -> Result<Option<Message>, Error> {
        let url = self.client.url().to_owned();
        let interrupted =
            |detail: String| Error::Interrupted { url: url.clone(), detail, outcome_unknown: false };
        let Some(connection) = &mut self.connection else {
            if let Some(until) = self.pause_until {
                sleep_until(until).await;
            }
            self.connection = Some(self.connect().await?);
            return Ok(None);
        };
        if let Some(message) = connection.parser.next().map_err(|error| interrupted(error.to_string()))? {
            return Ok(Some(message));
        }
        let frame = timeout(SILENCE, connection.body.frame()).await;
        let frame = frame.map_err(|_silent| interrupted(format!("nothing came for {SILENCE:?}")))?;
        let frame = frame.ok_or_else(|| interrupted("the stream has ended".to_owned()))?;
        let frame = frame.map_err(|error| interrupted(chain(&error)))?;
        connection.parser.push(&frame.into_data().unwrap_or_else(|_trailers| Bytes::new()));
        Ok(None)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let (after, last) = match self.start {
            Start::After(sequence) => (Some(sequence), None),
            Start::Last(count) => (None, Some(count)),
        };
        let asked = EventsQuery { filter: self.filter.clone(), after, last, ..EventsQuery::default() };
        let outgoing = Outgoing::new(&route::EVENTS, route::EVENTS.with(&[]) + &query(&asked));
        let mut outgoing = outgoing.header(ACCEPT, HeaderValue::from_static(SSE));
        if let Some(last) = &self.last {
            outgoing = outgoing.header(LAST_EVENT_ID, last.clone());
        }
        let transport = self.client.transport();
        let patience = transport.request_timeout();
        let (url, after) = (self.client.url().to_owned(), patience);
        let response = timeout(patience, transport.begin(&outgoing)).await;
        let response = response.map_err(|_late| Error::TimedOut { url, after, outcome_unknown: false })??;
        let kind = content(response.headers());
        if kind != SSE {
            let (url, status) = (self.client.url().to_owned(), response.status().as_u16());
            return Err(Error::Foreign { url, status, content: kind, outcome_unknown: false });
        }
        Ok(Connection { body: response.into_body(), parser: Parser::default() })
    }

    /// The event of a message; the last word of a replica is an error.
    fn read(&mut self, message: Message) -> Result<Event, Error> {
        let unreadable = |error: serde_json::Error| Error::Unreadable {
            url: self.client.url().to_owned(),
            detail: error.to_string(),
            outcome_unknown: false,
        };
        if message.event == "problem" {
            let problem: Problem = serde_json::from_str(&message.data).map_err(unreadable)?;
            return Err(Error::Refused(Box::new(problem)));
        }
        let event = serde_json::from_str(&message.data).map_err(unreadable)?;
        self.last = message.id.filter(|id| !id.is_empty()).and_then(|id| HeaderValue::from_str(&id).ok());
        self.failures = 0;
        Ok(event)
    }

    /// What is passing is told and tried again; anything else is for the caller.
    fn failed(&mut self, error: Error) -> Result<Followed, Error> {
        let told = self.connection.take().and_then(|connection| connection.parser.retry);
        if !error.is_retryable() {
            return Err(error);
        }
        let ceiling = PAUSE_FIRST.saturating_mul(1 << self.failures.min(16)).min(PAUSE_MAX);
        let pause = rand::rng().random_range(ceiling / 2..=ceiling);
        let asked = error.problem().and_then(|problem| problem.retry_after);
        // Where a connection stood, the replica has said how long to wait; another one may be there at once.
        let least = asked.or(told.filter(|_| self.failures > 0)).unwrap_or_default();
        self.failures = self.failures.saturating_add(1);
        self.pause_until = Some(Instant::now() + pause.max(least.min(PAUSE_MAX)));
        Ok(Followed::Interrupted(error))
    }
}
