//! Values that are no good: each file in `ci/bad` says in its first line what the refusal has to name.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::chart::{Chart, stem};

const SAYS: &str = "# says: ";

/// Those that were taken all the same, or refused for another reason.
pub(super) fn taken(chart: &Chart) -> Result<Vec<String>> {
    let files = Chart::sets("bad")?;
    ensure!(!files.is_empty(), "there are no bad values");
    let mut found = vec![];
    for file in files {
        let (name, text) = (stem(&file), fs::read_to_string(&file)?);
        let expected = text.lines().next().and_then(|line| line.strip_prefix(SAYS));
        let expected = expected.with_context(|| format!("{name} does not begin with `{SAYS}`"))?;
        let output = chart.template(&[file]).output().context("helm")?;
        let refusal = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            found.push(format!("{name}: rendered"));
        } else if !refusal.contains(expected) {
            found.push(format!("{name}: the refusal does not name {expected}: {}", refusal.trim()));
        }
    }
    Ok(found)
}
