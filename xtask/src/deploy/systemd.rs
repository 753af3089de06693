//! The units of systemd.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{
    command::{command, run},
    steps::Steps,
    workspace::{on_path, root, target},
};

/// The exposure that is allowed, in tenths: 0 is none, 100 everything. What is left is the network.
const EXPOSURE: &str = "15";
/// Each unit, and under which name an instance of it is looked at.
const UNITS: [(&str, &str); 2] =
    [("aegis.service", "aegis.service"), ("aegis-service@.service", "aegis-service@trading-service.service")];
/// Programs that are not installed here, and one that is in their place.
const PROGRAMS: [&str; 2] = ["/usr/local/bin/aegis", "/opt/aegis/%i"];
const IN_PLACE: &str = "/bin/sh";

pub(super) fn check(steps: &mut Steps) {
    if on_path("systemd-analyze").is_none() {
        return steps.unable("units of systemd", "systemd-analyze is missing: this machine has no systemd");
    }
    steps.step("units of systemd", verify);
    for (_, name) in UNITS {
        steps.step(&format!("exposure of {name}"), || {
            let unit =
                copies()?.into_iter().find(|file| file.ends_with(name)).context("a unit has a copy")?;
            let mut security = command("systemd-analyze");
            security.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE]);
            run(security.arg(unit))
        });
    }
}

/// A line that it passes over is a warning to systemd, and a sandbox that is open to us.
fn verify() -> Result<()> {
    let output = command("systemd-analyze").args(["verify", "--man=no"]).args(copies()?).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && told.trim().is_empty(), "{}", told.trim());
    Ok(())
}

/// Copies in which the programs are ones of this machine: a unit whose program is missing is refused.
fn copies() -> Result<Vec<PathBuf>> {
    let folder = target().join("deploy/systemd");
    fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize()?;
    let copy = |(file, name): (&str, &str)| {
        let text = fs::read_to_string(root().join("deploy/systemd").join(file))?;
        let program = PROGRAMS.iter().find(|program| text.contains(&format!("ExecStart={program}")));
        let program = program.with_context(|| format!("{file} starts none of {PROGRAMS:?}"))?;
        let place = folder.join(name);
        let text = text.replace(&format!("ExecStart={program}"), &format!("ExecStart={IN_PLACE}"));
        fs::write(&place, text)?;
        Ok(place)
    };
    UNITS.into_iter().map(copy).collect()
}
