//! Errors as `main` shows them.

use std::error::Error;
use std::fmt;

/// The text of an error and of what it comes from, in one line: what a `main` that returns it prints is for people.
pub(super) fn show(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut told = error.to_string();
    f.write_str(&told)?;
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Some have the text of their source in their own.
        if !told.contains(&text) {
            write!(f, ": {text}")?;
        }
        told = text;
        source = error.source();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{InvalidToml, StartError};

    use crate::service::ConfigError;

    #[test]
    fn what_main_prints_is_for_people() {
        let error = InvalidToml { at: Some((4, 1)), detail: "unknown field `grups`".to_owned() };
        let error = ConfigError::Invalid { path: "desk.toml".into(), error };
        let text = "the configuration desk.toml is not valid: line 4, column 1: unknown field `grups`";
        assert_eq!((error.to_string(), format!("{error:?}")), (text.to_owned(), text.to_owned()));
        let source = std::io::Error::other("the disk is gone");
        let error = StartError::Config(ConfigError::File { path: "desk.toml".into(), source });
        assert_eq!(format!("{error:?}"), "the configuration desk.toml cannot be read: the disk is gone");
    }
}
