//! Whether a stream still has the history that was applied.
//!
//! A sequence alone does not say so: a stream may be removed and made again, or put back from a copy that ends earlier,
//! and count on from there.

use std::time::Duration;

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;
use aegis_journal::hash;
use aegis_nats::Connection;
use async_nats::jetstream::stream::RawMessageErrorKind;

use super::{Checkpoint, Stream};

/// How long the server may take to answer. Without an answer nothing is known.
const PATIENCE: Duration = Duration::from_secs(2);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A stream by its place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct History {
    connection: Connection,
    name: String,
}

/// The stream does not have what was applied.
#[derive(Debug)]
pub(super) struct Contradiction {
    /// As it stands now.
    pub(super) stream: Stream,
    /// What it was that does not fit.
    pub(super) detail: String,
}

impl History {
    pub(crate) fn of(connection: &Connection, name: String) -> Self {
        Self { connection: connection.clone(), name }
    }

    /// What of the checkpoint, made on a stream of this identity, the stream contradicts.
    pub(super) async fn contradicts(
        &self,
        identity: &str,
        checkpoint: Checkpoint,
    ) -> Result<Option<Contradiction>, Error> {
        tokio::time::timeout(PATIENCE, self.look(identity, checkpoint)).await?
    }

    async fn look(&self, identity: &str, checkpoint: Checkpoint) -> Result<Option<Contradiction>, Error> {
        let stream = self.stream(checkpoint.position).await?;
        Ok(stream.contradicts(identity, checkpoint).map(|detail| Contradiction { stream, detail }))
    }

    /// The stream as it stands, with the message at this position.
    pub(crate) async fn stream(&self, position: Sequence) -> Result<Stream, Error> {
        let stream = self.connection.jetstream().get_stream(&self.name).await?;
        let info = stream.cached_info();
        let (first, last) = (info.state.first_sequence, info.state.last_sequence);
        let mut at = None;
        if (first.max(1)..=last).contains(&position.get()) {
            match stream.get_raw_message(position.get()).await {
                Ok(found) => at = Some(hash(&found.subject, Some(&found.headers), &found.payload)),
                // It was removed, or has run out.
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Stream {
            // A stream that was removed and made again is another log, although it has the same name.
            identity: format!("{} created {}", self.name, info.created),
            last: Sequence(last),
            is_empty: info.state.messages == 0,
            at: at.map(|hash| (position, hash)),
        })
    }
}

impl Stream {
    /// What is wrong with a checkpoint that was made on a stream of this identity, if anything is.
    pub(super) fn contradicts(&self, identity: &str, checkpoint: Checkpoint) -> Option<String> {
        let position = checkpoint.position;
        if self.identity != identity {
            return Some("it was removed and made again".to_owned());
        }
        if position > self.last {
            return Some(format!("it ends at {}, and {position} was applied", self.last));
        }
        let differs =
            |at: (Sequence, Hash)| at.0 == position && checkpoint.anchor.is_some_and(|hash| hash != at.1);
        self.at
            .is_some_and(differs)
            .then(|| format!("its message {position} is another one than was applied"))
    }
}
