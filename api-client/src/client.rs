//! The client itself; its methods are in `routes`.

use std::fmt;
use std::sync::Arc;

use hyper::StatusCode;
use serde::de::DeserializeOwned;

use crate::transport::{Answer, Outgoing, Transport};
use crate::{Error, Settings};

/// A client of one control plane. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client(Arc<Transport>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.base().as_str()).finish()
    }
}

impl Client {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Settings`] when the URL or the file of authorities cannot be used.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Transport::new(settings).map(|transport| Self(Arc::new(transport)))
    }

    /// Where it asks.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.base().as_str()
    }

    /// Whether the token can be read on the way: plain HTTP to another machine.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.base().is_open()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0
    }

    pub(crate) async fn fetch<T: DeserializeOwned>(&self, outgoing: Outgoing) -> Result<T, Error> {
        read(&self.0.ask(&outgoing).await?)
    }

    /// None when it is still what the caller has.
    pub(crate) async fn fetch_changed<T: DeserializeOwned>(
        &self,
        outgoing: Outgoing,
    ) -> Result<Option<T>, Error> {
        let answer = self.0.ask(&outgoing).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        read(&answer).map(Some)
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let url = answer.url.clone();
        // What begins as JSON does is an answer of another version; anything else, of somebody else.
        if answer.body.first().is_some_and(|first| matches!(first, b'{' | b'[' | b'"')) {
            return Error::Unreadable { url, detail: error.to_string(), outcome_unknown: answer.changes };
        }
        let (status, content) = (answer.status.as_u16(), "no JSON".to_owned());
        Error::Foreign { url, status, content, outcome_unknown: answer.changes }
    })
}
