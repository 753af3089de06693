//! The dead letters, over the SDK.

use aegis_domain::{Actor, LetterId};
use aegis_graphql::ports::{DeadLetter, DeadLetterPage, DeadLetters, Decided, Principal, Refused};
use aegis_messaging::dead_letters::{self, DeadLetterError, Done, PREVIEW};
use futures_util::future::BoxFuture;

use super::Adapter;

impl Adapter {
    fn letters(&self) -> dead_letters::DeadLetters {
        dead_letters::DeadLetters::new(&self.connection)
    }
}

impl DeadLetters for Adapter {
    fn count(&self) -> BoxFuture<'_, Result<u64, Refused>> {
        Box::pin(async move { self.letters().count().await.map_err(|e| refused(&e)) })
    }

    fn list(
        &self,
        before: Option<LetterId>,
        count: usize,
        kind: Option<String>,
    ) -> BoxFuture<'_, Result<DeadLetterPage, Refused>> {
        Box::pin(async move {
            let newest = dead_letters::Newest { count, before, kind: kind.as_deref() };
            let page = self.letters().list(newest).await.map_err(|e| refused(&e))?;
            let letters = page.letters.into_iter().map(shown).collect();
            Ok(DeadLetterPage { letters, more: page.more })
        })
    }

    fn get(&self, id: LetterId) -> BoxFuture<'_, Result<DeadLetter, Refused>> {
        Box::pin(async move { self.letters().get(id).await.map(shown).map_err(|e| refused(&e)) })
    }

    fn redrive(
        &self,
        by: Principal,
        id: LetterId,
        reason: String,
    ) -> BoxFuture<'_, Result<Decided, Refused>> {
        Box::pin(async move { decided(self.letters().redrive(id, &reason, &Actor::user(&by.name)).await) })
    }

    fn discard(
        &self,
        by: Principal,
        id: LetterId,
        reason: String,
    ) -> BoxFuture<'_, Result<Decided, Refused>> {
        Box::pin(async move { decided(self.letters().discard(id, &reason, &Actor::user(&by.name)).await) })
    }
}

fn shown(letter: aegis_messaging::DeadLetter) -> DeadLetter {
    DeadLetter {
        sequence: letter.sequence,
        subject: letter.subject,
        kind: letter.kind,
        reason: letter.reason,
        original_subject: letter.original_subject,
        original_stream: letter.original_stream,
        original_sequence: letter.original_sequence,
        at: letter.at,
        headers: letter.headers,
        size: letter.size,
        preview: letter.body[..letter.body.len().min(PREVIEW)].to_vec(),
    }
}

fn decided(outcome: Result<Done, DeadLetterError>) -> Result<Decided, Refused> {
    outcome.map(|done| Decided { event: done.event, subject: done.subject }).map_err(|e| refused(&e))
}

fn refused(error: &DeadLetterError) -> Refused {
    tracing::debug!(?error, "a dead letter was not served");
    Refused { code: error.code(), message: error.to_string() }
}
