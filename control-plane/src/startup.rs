//! The progress of the start of a replica, for `/readyz`, the page and the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_nats::{ConnectError, ConnectionState};
use aegis_projections::engine::{FileCheck, StoreError};
use aegis_projections::projector::ProjectorError;
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::sync::watch;

/// How long a step of the start waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How far the start has come, and since when NATS is away. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Startup {
    step: Arc<Mutex<String>>,
    outage: Outage,
    checks: Vec<(&'static str, FileCheck)>,
    /// Whether a step that fails is tried again. Otherwise the start fails with it.
    pub(crate) goes_on: bool,
}

/// Since when NATS is away, if it is. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outage(Arc<Mutex<Option<DateTime<Utc>>>>);

impl Startup {
    pub(crate) fn new(goes_on: bool) -> Self {
        let checks = ["projection.sqlite", "metrics.sqlite"].map(|file| (file, FileCheck::default()));
        let step = Arc::new(Mutex::new("nothing has begun yet".to_owned()));
        Self { step, outage: Outage::default(), checks: checks.into(), goes_on }
    }

    pub(crate) fn outage(&self) -> &Outage {
        &self.outage
    }

    /// Who tells of the check of this file.
    pub(crate) fn check_of(&self, file: &str) -> FileCheck {
        let known = self.checks.iter().find(|(name, _)| *name == file);
        known.map(|(_, check)| check.clone()).unwrap_or_default()
    }

    /// What the start does now.
    pub(crate) fn step(&self, step: impl Into<String>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step.into();
    }

    /// Everything that is waited for, in words that may leave the process.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let checks = self.checks.iter().filter_map(|(file, check)| Some((file, check.percent()?)));
        let mut reasons: Vec<_> =
            checks.map(|(file, percent)| format!("checking the file {file}: {percent} %")).collect();
        reasons.extend(self.outage.words());
        if reasons.is_empty() {
            reasons.push(format!("starting: {}", self.step.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        reasons
    }

    /// Does a step, again and again if this start goes on until it succeeds.
    pub(crate) async fn until_done<T, E, F>(
        &self,
        step: &str,
        mut work: impl FnMut() -> F,
    ) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<anyhow::Error>,
    {
        self.step(step);
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) => error.into(),
            };
            if !self.goes_on || is_permanent(&error) {
                return Err(error);
            }
            tracing::warn!(error = format!("{error:#}"), step, "the replica cannot start yet; trying again");
            self.step(match file_trouble(&error) {
                Some(trouble) => format!(
                    "{step}: {trouble}; this replica serves nothing until it can be written, and tries again"
                ),
                None => format!("{step} (it failed and is tried again; the log says why)"),
            });
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Outage {
    pub(crate) fn begins(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Utc::now);
    }

    pub(crate) fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn words(&self) -> Option<String> {
        let since = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(format!("NATS is away since {}", since.to_rfc3339_opts(SecondsFormat::Secs, true)))
    }

    /// Follows the state of a connection.
    pub(crate) async fn follow(self, mut state: watch::Receiver<ConnectionState>) {
        loop {
            match *state.borrow_and_update() {
                ConnectionState::Connected => self.ends(),
                ConnectionState::Reconnecting | ConnectionState::Closed => self.begins(),
            }
            if state.changed().await.is_err() {
                return;
            }
        }
    }
}

/// What the system says of a file of ours that cannot be used.
fn file_trouble(error: &anyhow::Error) -> Option<String> {
    let store =
        error.downcast_ref::<StoreError>().or_else(|| match error.downcast_ref::<ProjectorError>() {
            Some(ProjectorError::Store(store)) => Some(store),
            Some(ProjectorError::Log(_)) | None => None,
        })?;
    match store {
        StoreError::Database { source, .. } => {
            let said = source.as_database_error().map(|error| error.message().to_owned());
            Some(said.unwrap_or_else(|| source.to_string()))
        }
        StoreError::File { source, .. } => Some(source.to_string()),
        StoreError::Row { .. } | StoreError::Slow { .. } => None,
    }
}

/// What waiting does not mend: a setting of this program.
fn is_permanent(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ConnectError>() {
        Some(ConnectError::BadUrl { .. } | ConnectError::Security(_) | ConnectError::Client { .. }) => true,
        Some(
            ConnectError::Unreachable { .. }
            | ConnectError::Refused { .. }
            | ConnectError::Expired { .. }
            | ConnectError::ServerTooOld { .. }
            | ConnectError::JetStreamDisabled { .. }
            | ConnectError::Denied { .. },
        )
        | None => false,
    }
}
