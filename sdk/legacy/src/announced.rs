//! Announcements of instances on the subjects of their registry.

use aegis_domain::wire::heartbeat::Metrics;
use aegis_nats::Connection;
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, select_all};

use crate::registry::{
    ALL_HEARTBEATS, LegacyError, REGISTER, UNREGISTER, Who, read_announcement, read_heartbeat,
};

/// One word of an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum Announced {
    /// It begins.
    Registered(Who),
    /// It ends.
    Unregistered(Who),
    /// It beats, with its metrics.
    Beat(Who, Box<Metrics>),
}

/// What was received: an announcement, or the subject of an undecodable message and the reason.
pub type Heard = Result<Announced, (String, LegacyError)>;

impl Announced {
    /// Reads a message of one of the three subjects.
    ///
    /// # Errors
    /// What is wrong with it. Count it, and go on.
    pub fn read(subject: &str, body: &[u8]) -> Result<Self, LegacyError> {
        match subject {
            REGISTER => read_announcement(body).map(Self::Registered),
            UNREGISTER => read_announcement(body).map(Self::Unregistered),
            _ => read_heartbeat(subject, body).map(|(who, metrics)| Self::Beat(who, Box::new(metrics))),
        }
    }

    /// Subscribes to all that instances say. The stream ends when the connection does.
    ///
    /// # Errors
    /// When a subject cannot be subscribed to.
    ///
    /// # Cancel safety
    /// Cancel-safe: what was subscribed to is given up.
    pub async fn listen(
        connection: &Connection,
    ) -> Result<BoxStream<'static, Heard>, async_nats::SubscribeError> {
        let mut all = Vec::new();
        for subject in [REGISTER, UNREGISTER, ALL_HEARTBEATS] {
            let messages = connection.client().subscribe(subject).await?;
            all.push(messages.map(|message| {
                let subject = message.subject.as_str();
                Self::read(subject, &message.payload).map_err(|error| (subject.to_owned(), error))
            }));
        }
        Ok(select_all(all).boxed())
    }
}
