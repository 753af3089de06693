//! Dead letters: messages that no handler could process, each with the reason and its source. They are kept for
//! thirty days; an operator lists, redrives or discards them.
//!
//! # Order of the steps
//!
//! A decision is recorded first, in the log, on the installation's history: there one operator wins, and the
//! others are told. Then a redriven message is sent to its subject, and at last the letter is removed. A crash
//! in between leaves the letter where it is, with its decision in the log; whoever repeats the decision after a
//! minute finishes it. A message may be sent twice then: it carries the same message id both times, so that a
//! stream takes it once within its window of duplicates.

mod act;
mod error;
mod read;

use aegis_domain::{LetterId, Sequence};
use bytes::Bytes;
use chrono::{DateTime, Utc};

use aegis_journal::Journal;
use aegis_nats::Connection;

pub use error::DeadLetterError;

/// The most bytes of a body that a list holds.
pub const PREVIEW: usize = 4 * 1024;
/// The most letters on a page.
pub const PAGE_MAX: usize = 500;

/// A message that no handler could process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its position in the stream of dead letters.
    pub sequence: u64,
    /// The subject of the letter.
    pub subject: String,
    /// Its kind, the first token of its own in the subject: `event` for domain events.
    pub kind: String,
    /// Why it is one, if its sender said so.
    pub reason: Option<String>,
    /// The subject it was on before.
    pub original_subject: Option<String>,
    /// The stream it was in before.
    pub original_stream: Option<String>,
    /// Its sequence there.
    pub original_sequence: Option<u64>,
    /// When it was put aside.
    pub at: DateTime<Utc>,
    /// The headers that it had before, in order of name.
    pub headers: Vec<(String, String)>,
    /// The size of the message's body in bytes.
    pub size: usize,
    /// Its body; the first [`PREVIEW`] bytes of it in a list. Empty when the letter would have been larger with it than
    /// NATS takes; such a letter cannot be redriven.
    pub body: Bytes,
}

/// Which letters a page has: the newest, so many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest<'a> {
    /// How many; [`PAGE_MAX`] at most.
    pub count: usize,
    /// Those before this letter.
    pub before: Option<LetterId>,
    /// Those of this kind.
    pub kind: Option<&'a str>,
}

impl<'a> Newest<'a> {
    /// The newest of all, so many at most.
    #[must_use]
    pub fn most(count: usize) -> Self {
        Self { count, before: None, kind: None }
    }

    /// Of those before this letter, which is the last of the page before.
    #[must_use]
    pub fn before(self, letter: impl Into<LetterId>) -> Self {
        Self { before: Some(letter.into()), ..self }
    }

    /// Of those of this kind: `event`, `command`, or what the letters of an installation are called otherwise.
    #[must_use]
    pub fn kind(self, kind: &'a str) -> Self {
        Self { kind: Some(kind), ..self }
    }
}

/// Letters of one page, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// Whether there are older ones.
    pub more: bool,
}

impl DeadLetter {
    /// What names it for good.
    #[must_use]
    pub fn id(&self) -> LetterId {
        LetterId::new(self.sequence, self.at)
    }
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The event that says so.
    pub event: Sequence,
    /// The subject that its message was on before.
    pub subject: String,
}

/// The dead letters of an installation. Cheap to clone.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::DeadLetters;
/// use aegis_sdk::dead_letters::Newest;
/// use aegis_sdk::domain::Actor;
///
/// let letters = DeadLetters::new(&connection);
/// for letter in letters.list(Newest::most(100).kind("event")).await?.letters {
///     println!("{}: {}", letter.id(), letter.reason.as_deref().unwrap_or_default());
///     letters.redrive(letter.id(), "the handler is mended", &Actor::user("alice")).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetters {
    connection: Connection,
    journal: Journal,
}

impl DeadLetters {
    /// Those of this connection's namespace.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), journal: Journal::new(connection) }
    }
}
