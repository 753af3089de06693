//! The log of a process, and its level, which can be changed while it runs.
//!
//! Logging never blocks: lines go through a bounded queue to a thread of their own, and lines that find it full are
//! dropped and counted. A full pipe would otherwise block every thread that logs.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, OnceLock};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// The client library, which tells of each connection what the SDK tells by itself.
const LIBRARY: &str = "async_nats";
/// So many lines wait to be written at most.
const LINES: usize = 2_048;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// The level of the log of this process, which can be changed while it runs: by [`Logs::set`], and by whoever may
/// send the instance control requests ([`crate::Operator::set_log`]). Cheap to clone.
///
/// A filter is a level (`warn`), or several with what they are for, joined by commas (`info,my_service=debug`), as
/// the crate `tracing-subscriber` reads them. Of the client library `async_nats` only warnings pass, unless the filter names it.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{Logs, Service, ServiceConfig};
///
/// let config = ServiceConfig::load(None)?;
/// let logs = Logs::install(&config.log)?;
/// // Operators may change what is logged while the service runs.
/// let service = Service::builder(config).logs(&logs).start().await?;
/// logs.set("info,aegis_sdk=debug")?;
/// # service.stop("done").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Logs {
    set: Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
    /// Writes what waits when the last clone is dropped, as far as somebody reads it.
    _writer: Arc<WorkerGuard>,
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
    /// Makes the log of this process: lines on standard error, of what passes the filter. Keep what it answers until the
    /// process ends: the last lines are written when it is dropped.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn install(filter: &str) -> Result<Self, LogError> {
        let (filter, handle) = reload::Layer::<EnvFilter, Registry>::new(parse(filter)?);
        let (writer, guard) = writer(std::io::stderr());
        tracing_subscriber::registry()
            .with(filter)
            .with(fmt::layer().fmt_fields(fields()).with_ansi(has_colours()).with_writer(writer))
            .try_init()?;
        log_panics();
        Ok(Self { set: Arc::new(move |filter| handle.reload(filter)), _writer: Arc::new(guard) })
    }

    /// Makes the filter another one, from now on.
    ///
    /// # Errors
    /// [`LogError::Filter`]; the log is as it was, then.
    pub fn set(&self, filter: &str) -> Result<(), LogError> {
        Ok((self.set)(parse(filter)?)?)
    }
}

/// For logs that a program makes by itself: fields of which each is part of one line, whatever others have written in
/// them. A line break would begin a forged line, and an escape sequence steer the reader's terminal.
#[must_use]
pub fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let write = |writer: &mut Writer<'_>, field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        write!(OneLine(writer), "{value:?}")
    };
    format::debug_fn(write).delimited(" ")
}

/// Writes texts with their control characters escaped, and those that turn the direction of writing.
struct OneLine<'a, 'w>(&'a mut Writer<'w>);

impl std::fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let steers = |c: char| {
            c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        for piece in text.split_inclusive(steers) {
            match piece.chars().next_back().filter(|c| steers(*c)) {
                Some(last) => {
                    self.0.write_str(piece.trim_end_matches(last))?;
                    write!(self.0, "\\u{:04x}", u32::from(last))?;
                }
                None => self.0.write_str(piece)?,
            }
        }
        Ok(())
    }
}

/// For logs that a program makes by itself: a writer that never waits for `to`. Lines that find no room are dropped and
/// counted ([`dropped_lines`]). What waits is written when the guard is dropped, as far as somebody reads it.
pub fn writer(to: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let builder = NonBlockingBuilder::default().buffered_lines_limit(LINES).lossy(true);
    let (writer, guard) = builder.thread_name("aegis-log").finish(to);
    // The first log of a process is the one that counts.
    let _first = DROPPED.set(writer.error_counter());
    (writer, guard)
}

/// Sends the words of panics the way of the log: written straight to standard error, they would wait for its reader.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("without a name"), "{panic}");
    }));
}

/// How many lines of the log were dropped because its reader was too slow.
#[must_use]
pub fn dropped_lines() -> u64 {
    DROPPED.get().map_or(0, |dropped| dropped.dropped_lines() as u64)
}

impl std::fmt::Debug for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Logs")
    }
}

/// A file is to hold no escape sequences; `NO_COLOR` is <https://no-color.org>.
fn has_colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    let unreadable = |source| LogError::Filter { filter: filter.to_owned(), source };
    let filter = match filter.contains(LIBRARY) {
        true => filter.to_owned(),
        false => format!("{LIBRARY}=warn,{filter}"),
    };
    EnvFilter::builder().parse(filter).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program logs, as it arrives.
    #[derive(Clone, Default)]
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_others_have_written_is_one_line_of_the_log_and_steers_no_terminal() {
        let (lines, text) = (Lines::default(), "a\nERROR forged\r\u{1b}[2J\u{9b}31m\u{202e}b\n\n");
        let to = lines.clone();
        let log = tracing_subscriber::registry()
            .with(fmt::layer().fmt_fields(fields()).with_ansi(false).with_writer(move || to.clone()));
        tracing::subscriber::with_default(log, || {
            let _span = tracing::info_span!("span", name = %text).entered();
            tracing::warn!(error = %text, quoted = text, number = 3, "{text}");
        });
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(logged.matches('\n').count(), 1, "{logged}");
        let line = logged.trim_end_matches('\n');
        assert!(!line.contains(char::is_control) && !line.contains('\u{202e}'), "{line}");
        assert!(
            line.contains("error=a\\u000aERROR forged\\u000d\\u001b[2J") && line.contains("number=3"),
            "{line}"
        );
        assert!(line.ends_with("b\\u000a\\u000a number=3") || line.contains("b\\u000a\\u000a"), "{line}");
    }

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
