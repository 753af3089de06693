//! The generated files, all written by the code they describe.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};

use crate::{
    command::{capture, cargo, command, run as run_command},
    output::say,
    public_api, web,
    workspace::{built, root},
};

/// File, and what `aegis gen` calls it.
const FILES: [(&str, &str); 6] = [
    ("graphql/schema.graphql", "schema"),
    ("docs/events.md", "events"),
    ("docs/errors.md", "errors"),
    ("docs/openapi.json", "openapi"),
    ("deploy/nats/auth.conf", "nats-auth"),
    ("deploy/helm/aegis/files/auth.conf", "nats-auth"),
];

pub(crate) fn run() -> Result<ExitCode> {
    for file in write()? {
        say(format_args!("changed {}", file.display()));
    }
    match public_api::other_toolchain()? {
        Some(why) => say(format_args!("the listings of the public API are as they were: {why}")),
        None => {
            for listing in public_api::write()? {
                say(format_args!("changed {listing}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes them all and returns those that changed.
pub(crate) fn write() -> Result<Vec<PathBuf>> {
    // First the page: the binary embeds it.
    web::build()?;
    run_command(&mut cargo(&["build", "--quiet", "-p", "aegis-control-plane"]))?;
    let before = snapshot()?;
    for (file, what) in FILES {
        let text = capture(command(built("aegis", false)).args(["gen", what]))?;
        ensure!(!text.trim().is_empty(), "`aegis gen {what}` printed nothing");
        write_changed(&root().join(file), &text)?;
    }
    run_command(&mut web::npm_run("gen"))?;
    Ok(changed(&before, &snapshot()?))
}

/// Content of every file that generating may touch.
fn snapshot() -> Result<BTreeMap<PathBuf, String>> {
    let mut all = web::sources()?;
    for (file, _) in FILES {
        let path = root().join(file);
        if let Ok(text) = fs::read_to_string(&path) {
            all.insert(path, text);
        }
    }
    Ok(all)
}

fn changed(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let all = before.keys().chain(after.keys().filter(|file| !before.contains_key(*file)));
    all.filter(|file| before.get(*file) != after.get(*file)).cloned().collect()
}

/// Leaves an unchanged file alone, so that nothing is rebuilt for it.
fn write_changed(file: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(file).is_ok_and(|now| now == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::changed;

    #[test]
    fn new_removed_and_edited_files_have_changed() {
        let files = |pairs: &[(&str, &str)]| -> BTreeMap<PathBuf, String> {
            pairs.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())).collect()
        };
        let before = files(&[("edited", "1"), ("removed", "1"), ("same", "1")]);
        let after = files(&[("edited", "2"), ("new", "1"), ("same", "1")]);
        let expected: Vec<PathBuf> = ["edited", "removed", "new"].map(PathBuf::from).to_vec();
        assert_eq!(changed(&before, &after), expected);
    }
}
