//! What the person at the terminal sees.

use std::{
    fmt::Display,
    fs::File,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "96"];

/// Prints one line. A reader that has gone away is no reason to fail.
pub(crate) fn say(line: impl Display) {
    writeln!(io::stdout().lock(), "{line}").ok();
}

/// One log for the lines of many processes, each line under the name of its writer.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    to: Arc<Mutex<Destination>>,
    width: usize,
}

#[derive(Debug)]
enum Destination {
    Terminal { colour: bool },
    File(File),
}

impl Log {
    /// A log on standard output, in colour where a person looks at it. `width` is that of names.
    pub(crate) fn terminal(width: usize) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self::new(Destination::Terminal { colour }, width)
    }

    /// A log in a file.
    pub(crate) fn file(file: File, width: usize) -> Self {
        Self::new(Destination::File(file), width)
    }

    fn new(to: Destination, width: usize) -> Self {
        Self { to: Arc::new(Mutex::new(to)), width }
    }

    /// Writes one line as `name`, whose colour `index` chooses.
    pub(crate) fn line(&self, index: usize, name: &str, line: &str) {
        let width = self.width;
        match &mut *self.to.lock().unwrap_or_else(PoisonError::into_inner) {
            Destination::Terminal { colour: true } => {
                let colour = COLOURS[index % COLOURS.len()];
                say(format_args!("\x1b[{colour}m{name:<width$} |\x1b[0m {line}"));
            }
            Destination::Terminal { colour: false } => say(format_args!("{name:<width$} | {line}")),
            // A full disk must not end what is being watched.
            Destination::File(file) => drop(writeln!(file, "{name:<width$} | {line}")),
        }
    }
}
