//! By NATS: straight from their stream.

use aegis_domain::{Actor, LetterId};
use aegis_messaging::dead_letters::{DeadLetter, DeadLetterError, DeadLetters, Newest, Page};
use aegis_nats::Connection;
use async_trait::async_trait;

use super::Letters;

/// The stream, and in whose name letters are decided on.
pub(super) struct Stream {
    letters: DeadLetters,
    actor: Actor,
}

impl Stream {
    pub(super) fn new(connection: &Connection, actor: Actor) -> Self {
        Self { letters: DeadLetters::new(connection), actor }
    }
}

#[async_trait(?Send)]
impl Letters for Stream {
    async fn list(&self, before: Option<LetterId>, count: usize, kind: Option<&str>) -> anyhow::Result<Page> {
        self.letters.list(Newest { count, before, kind }).await.map_err(with_code)
    }

    async fn get(&self, id: LetterId) -> anyhow::Result<DeadLetter> {
        self.letters.get(id).await.map_err(with_code)
    }

    async fn redrive(&self, id: LetterId, reason: &str) -> anyhow::Result<String> {
        let done = self.letters.redrive(id, reason, &self.actor).await;
        done.map(|done| done.subject).map_err(with_code)
    }

    async fn discard(&self, id: LetterId, reason: &str) -> anyhow::Result<String> {
        let done = self.letters.discard(id, reason, &self.actor).await;
        done.map(|done| done.subject).map_err(with_code)
    }
}

fn with_code(error: DeadLetterError) -> anyhow::Error {
    let code = error.code();
    anyhow::Error::from(error).context(code.as_str())
}
