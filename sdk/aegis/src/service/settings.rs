//! The configuration in force, what of it can be changed while the instance runs, and where it is told.

use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::ErrorCode;
use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Configuration, Rejection};

use super::config::ServiceConfig;
use super::identity::Identity;
use crate::{Journal, Logs};
use aegis_domain::Failure;
use aegis_journal::ExecuteError;

/// What of the configuration can be changed while the instance runs, and where it is told.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) logs: Option<Logs>,
    /// The configuration in force; all clones share it.
    pub(super) config: Arc<RwLock<ServiceConfig>>,
    pub(super) journal: Journal,
    pub(super) identity: Identity,
}

impl Settings {
    /// Tells the log the configuration in force, if that differs from what was told last.
    pub(super) async fn report(&self) -> Result<(), ExecuteError<Rejection>> {
        let configuration = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            Configuration { values: config.report(), sources: config.value_sources() }
        };
        let command = self.identity.own(Command::ReportConfiguration(configuration));
        let (id, context) = (self.identity.aggregate(), self.identity.context());
        self.journal.execute::<Instance>(&id, command, &context).await.map(|_| ())
    }

    pub(super) fn set_log(&self, filter: String) -> Result<(), Failure> {
        let refuse = |text: String| Failure::of(ErrorCode::InvalidInput, text);
        let logs = self.logs.as_ref().ok_or_else(|| {
            refuse(
                "the log of this instance cannot be changed: its program keeps a log of its own".to_owned(),
            )
        })?;
        logs.set(&filter).map_err(|error| refuse(error.to_string()))?;
        tracing::info!(filter, "the log was changed");
        let mut config = self.config.write().unwrap_or_else(PoisonError::into_inner);
        config.log = filter;
        config.log_was_changed();
        Ok(())
    }
}
