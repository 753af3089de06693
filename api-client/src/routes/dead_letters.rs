//! Dead letters.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Paging, keyed};
use crate::key::IdempotencyKey;
use crate::query::query;
use crate::route::{self, Route};
use crate::transport::Outgoing;
use crate::types::{DeadLetter, DeadLetterDone, Decision, Page};
use crate::{Client, Error};

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LettersQuery<'a> {
    kind: Option<&'a str>,
    #[serde(flatten)]
    paging: &'a Paging,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Which {
    at: Option<DateTime<Utc>>,
}

impl Client {
    /// Dead letters, newest first; of one kind, or of all.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn dead_letters(&self, kind: Option<&str>, paging: &Paging) -> Result<Page<DeadLetter>, Error> {
        let path = route::DEAD_LETTERS.with(&[]) + &query(&LettersQuery { kind, paging });
        self.fetch(Outgoing::new(&route::DEAD_LETTERS, path)).await
    }

    /// The letter at this sequence, if it is the one that was put aside then.
    ///
    /// # Errors
    /// `DEAD_LETTER_NOT_FOUND`; `HISTORY_REPLACED` when it is another one; see [`Error`].
    pub async fn dead_letter(&self, sequence: u64, at: Option<DateTime<Utc>>) -> Result<DeadLetter, Error> {
        let path = route::DEAD_LETTER.with(&[&sequence.to_string()]) + &query(&Which { at });
        self.fetch(Outgoing::new(&route::DEAD_LETTER, path)).await
    }

    /// Sends the message back to the subject that it came from, and removes the letter.
    ///
    /// # Errors
    /// As of [`Client::dead_letter`]; `DEAD_LETTER_DECIDED`, `DEAD_LETTER_STUCK`.
    pub async fn redrive(
        &self,
        sequence: u64,
        decision: &Decision,
        key: Option<&IdempotencyKey>,
    ) -> Result<DeadLetterDone, Error> {
        self.decide(&route::REDRIVE, sequence, decision, key).await
    }

    /// Gives the message up: the letter is removed.
    ///
    /// # Errors
    /// As of [`Client::dead_letter`]; `DEAD_LETTER_DECIDED`.
    pub async fn discard(
        &self,
        sequence: u64,
        decision: &Decision,
        key: Option<&IdempotencyKey>,
    ) -> Result<DeadLetterDone, Error> {
        self.decide(&route::DISCARD, sequence, decision, key).await
    }

    async fn decide(
        &self,
        route: &Route,
        sequence: u64,
        decision: &Decision,
        key: Option<&IdempotencyKey>,
    ) -> Result<DeadLetterDone, Error> {
        let outgoing = Outgoing::new(route, route.with(&[&sequence.to_string()])).json(decision);
        self.fetch(keyed(outgoing, key)).await
    }
}
