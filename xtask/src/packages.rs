//! Packages of the system, and the sums by which files are known.

use anyhow::{Result, bail};

use crate::{
    command::{command, run as run_command},
    output::say,
    workspace::on_path,
};

/// Installs a system package where we may; otherwise the error says what would.
pub(crate) fn install(what: &str, packages: &str) -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {packages}");
    if on_path("apt-get").is_none() {
        bail!(
            "{what} is missing: install it with your system's package manager (Debian calls it {packages})"
        );
    }
    if !root {
        bail!("{what} is missing: run `sudo sh -c '{by_hand}'`");
    }
    say(format_args!("installing {packages}"));
    let mut shell = command("sh");
    run_command(shell.args(["-c", &by_hand]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
