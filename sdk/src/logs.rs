//! What a process logs, and how that is changed while it runs.

use std::sync::Arc;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// The level of the log of this process, which can be changed while it runs: by [`Logs::set`], and by whoever may
/// send the instance control requests ([`crate::Operator::set_log`]). Cheap to clone.
///
/// A filter is a level (`warn`), or several with what they are for, joined by commas (`info,my_service=debug`), as
/// the crate `tracing-subscriber` reads them.
#[derive(Clone)]
pub struct Logs {
    set: Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
}

/// Why the log is as it was.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read. Correct it.
    #[error("{filter:?} is no filter for a log: use a level, or several like info,my_service=debug")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// The process has a log already. Install this one first, or none.
    #[error("the process has a log already")]
    Installed(#[from] TryInitError),
    /// The log is gone.
    #[error("the log is gone")]
    Gone(#[from] reload::Error),
}

impl Logs {
    /// Makes the log of this process: lines on standard error, of what passes the filter.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn install(filter: &str) -> Result<Self, LogError> {
        let (filter, handle) = reload::Layer::<EnvFilter, Registry>::new(parse(filter)?);
        tracing_subscriber::registry()
            .with(filter)
            .with(fmt::layer().with_writer(std::io::stderr))
            .try_init()?;
        Ok(Self { set: Arc::new(move |filter| handle.reload(filter)) })
    }

    /// Makes the filter another one, from now on.
    ///
    /// # Errors
    /// [`LogError::Filter`]; the log is as it was, then.
    pub fn set(&self, filter: &str) -> Result<(), LogError> {
        Ok((self.set)(parse(filter)?)?)
    }
}

impl std::fmt::Debug for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logs")
    }
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    let unreadable = |source| LogError::Filter { filter: filter.to_owned(), source };
    EnvFilter::builder().parse(filter).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_changes_while_the_process_runs_and_a_wrong_one_changes_nothing() {
        let logs = Logs::install("warn").unwrap();
        let enabled = || (tracing::enabled!(tracing::Level::INFO), tracing::enabled!(tracing::Level::DEBUG));
        assert_eq!(enabled(), (false, false));
        logs.set("info").unwrap();
        assert_eq!(enabled(), (true, false));
        let error = logs.set("info,=loud=").unwrap_err().to_string();
        assert!(error.contains("info,=loud="), "{error}");
        assert_eq!(enabled(), (true, false));
        logs.set("off,aegis_sdk=debug").unwrap();
        assert_eq!(enabled(), (true, true));
    }
}
