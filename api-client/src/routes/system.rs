//! The control plane itself, and the registry of the past.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::keyed;
use crate::key::IdempotencyKey;
use crate::query::query;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{Rebuilt, Registry, System, Verification, Viewer};
use crate::{Client, Error};

/// A moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum At {
    /// After the event with this sequence.
    Sequence(u64),
    /// At this time by the server's clock.
    Time(DateTime<Utc>),
}

/// Which moment, and which page of each of the three lists.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// The moment.
    pub at: At,
    /// With a sequence: the id of its event, so that a sequence of a history that is gone is noticed.
    pub id: Option<String>,
    /// The length of the page of each list.
    pub first: Option<u32>,
    /// Where the page of definitions begins.
    pub after_definition: Option<String>,
    /// Where the page of instances begins.
    pub after_instance: Option<String>,
    /// Where the page of groups begins.
    pub after_leader: Option<String>,
}

impl Client {
    /// The registry exactly as it stood.
    ///
    /// # Errors
    /// `INVALID_INPUT` when the index of the replica begins later; `HISTORY_REPLACED`; see [`Error`].
    pub async fn registry(&self, moment: &Moment) -> Result<Registry, Error> {
        let path = route::REGISTRY.with(&[]) + &query(moment);
        self.fetch(Outgoing::new(&route::REGISTRY, path)).await
    }

    /// Whoever asks.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`; see [`Error`].
    pub async fn viewer(&self) -> Result<Viewer, Error> {
        self.fetch(Outgoing::new(&route::VIEWER, route::VIEWER.with(&[]))).await
    }

    /// The replica that answers.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn system(&self) -> Result<System, Error> {
        self.fetch(Outgoing::new(&route::SYSTEM, route::SYSTEM.with(&[]))).await
    }

    /// Has the replica that answers rebuild its projection from the log, while it serves.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rebuild(&self, key: Option<&IdempotencyKey>) -> Result<Rebuilt, Error> {
        self.fetch(keyed(Outgoing::new(&route::REBUILD, route::REBUILD.with(&[])), key)).await
    }

    /// The verification of the log that is under way on the replica that answers, or the last one since it started;
    /// `NOT_FOUND` when there was none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn verification(&self) -> Result<Verification, Error> {
        self.fetch(Outgoing::new(&route::VERIFICATION, route::VERIFICATION.with(&[]))).await
    }

    /// Has the replica that answers verify the log; [`Client::verification`] tells what it comes to.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn verify(&self, key: Option<&IdempotencyKey>) -> Result<Verification, Error> {
        self.fetch(keyed(Outgoing::new(&route::VERIFY, route::VERIFY.with(&[])), key)).await
    }

    /// The OpenAPI document of the API.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn document(&self) -> Result<Value, Error> {
        self.fetch(Outgoing::new(&route::DOCUMENT, route::DOCUMENT.with(&[]))).await
    }
}
