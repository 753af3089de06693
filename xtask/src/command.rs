//! Running other programs, such that none outlives us.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{exec_child, workspace};

/// A program to run from the repository's root, with no input, ended when we end.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = exec_child::wrap(program.as_ref());
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    // Set by the outer `cargo run` for this package only; inherited, they would force rebuilds.
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&key);
        }
    }
    cargo
}

/// Runs `command` with its output shown; an unsuccessful end is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs `command` and returns what it printed; an unsuccessful end is an error with its complaint.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command.output().with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` ended with {}\n{}", output.status, complaint.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{shown}`"))
}

/// The command as a person would type it.
pub(crate) fn show(command: &Command) -> String {
    let words = exec_child::unwrap_args(command);
    let words = words.iter().enumerate().map(|(index, word)| match (index, Path::new(word).file_name()) {
        (0, Some(name)) => name.to_string_lossy().into_owned(),
        _ => word.to_string_lossy().into_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{capture, command, run, show};

    #[test]
    fn commands_are_shown_as_typed() {
        let mut echo = command("/bin/echo");
        echo.args(["a", "b"]);
        assert_eq!(show(&echo), "echo a b");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = format!("{:#}", run(&mut command("no-such-program")).unwrap_err());
        assert!(error.contains("no-such-program"), "{error}");
    }

    #[test]
    fn a_failure_carries_the_complaint() {
        let error = format!("{:#}", capture(command("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err());
        assert!(error.contains("why") && error.contains('3'), "{error}");
    }
}
