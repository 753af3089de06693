//! Health and readiness of a replica.

use std::path::Path;
use std::time::Duration;

use hyper::header::HeaderMap;
use hyper::{Method, StatusCode};
use serde::Deserialize;

use crate::Error;
use crate::transport::{Outgoing, Transport};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Whether the process answers: otherwise it wants a restart.
    Live,
    /// Whether it serves: otherwise requests go elsewhere for now.
    Ready,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// All is well.
    Well,
    /// It is not, for these reasons.
    Unwell(Vec<String>),
}

#[derive(Deserialize)]
struct Readiness {
    reasons: Vec<String>,
}

impl Probe {
    /// Asks the replica at this URL, within this time, without a token. Safe to cancel.
    ///
    /// # Errors
    /// [`Error::Settings`] when the URL or the file of authorities cannot be used, [`Error::Unreachable`],
    /// [`Error::Untrusted`], [`Error::TimedOut`] and [`Error::Interrupted`] when nobody answers, and [`Error::Foreign`] when
    /// somebody else does.
    pub async fn ask(self, url: &str, ca_file: Option<&Path>, within: Duration) -> Result<Health, Error> {
        let transport = Transport::open(url, ca_file, None, within, within)?;
        let path = match self {
            Self::Live => "/healthz",
            Self::Ready => "/readyz",
        };
        let outgoing =
            Outgoing { method: Method::GET, path: path.to_owned(), headers: HeaderMap::new(), body: None };
        let answer = transport.any(&outgoing).await?;
        let readiness = serde_json::from_slice::<Readiness>(&answer.body);
        match (answer.status, readiness) {
            (StatusCode::OK, _) => Ok(Health::Well),
            (StatusCode::SERVICE_UNAVAILABLE, Ok(Readiness { reasons })) => Ok(Health::Unwell(reasons)),
            (status, _) => Err(Error::Foreign {
                url: answer.url,
                status: status.as_u16(),
                content: "another answer than a replica gives".to_owned(),
                outcome_unknown: false,
            }),
        }
    }
}
