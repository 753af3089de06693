//! Listings of the public API of the crates that users name, so that a change of it is seen and reviewed.

mod reference;

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    command::{capture, cargo, command, run},
    workspace::{root, target},
};

/// Where the listings are.
const FOLDER: &str = "docs/public-api";

/// The crates that users name, and those whose items `aegis-sdk` passes on.
const PACKAGES: [&str; 10] = [
    "aegis-sdk",
    "aegis-macros",
    "aegis-domain",
    "aegis-journal",
    "aegis-leases",
    "aegis-messaging",
    "aegis-nats",
    "aegis-telemetry",
    "aegis-testkit",
    "aegis-api-client",
];
/// All that a user can ask for.
const FEATURES: &str = "aegis-sdk/otel,aegis-sdk/http";

/// The program that reads what rustdoc has written.
const LISTING: [&str; 9] =
    ["run", "--quiet", "-p", "aegis-xtask", "--features", "public-api", "--bin", "public-api", "--"];

/// How many changed lines of a listing a failure shows.
const SHOWN: usize = 40;

/// A listing that was not what the code is.
#[derive(Debug)]
pub(crate) struct Changed {
    file: PathBuf,
    lines: Vec<String>,
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} lines", self.file.display(), self.lines.len())?;
        for line in self.lines.iter().take(SHOWN) {
            write!(f, "\n    {line}")?;
        }
        if self.lines.len() > SHOWN {
            write!(f, "\n    and more: see `git diff`")?;
        }
        Ok(())
    }
}

/// Why this machine's toolchain cannot tell: what it writes is read by one version of `public-api`, and names items of the
/// standard library as that version has them.
pub(crate) fn other_toolchain() -> Result<Option<String>> {
    let (pinned, has) = (env!("CARGO_PKG_RUST_VERSION"), capture(command("rustc").arg("--version"))?);
    Ok(other_than(pinned, &has))
}

fn other_than(pinned: &str, has: &str) -> Option<String> {
    let is_pinned = has.strip_prefix("rustc ").is_some_and(|has| has.starts_with(&format!("{pinned}.")));
    (!is_pinned).then(|| format!("the listings are made with rustc {pinned}, and this is {}", has.trim()))
}

/// Writes all listings, and returns those that changed.
pub(crate) fn write() -> Result<Vec<Changed>> {
    let mut doc = cargo(&["doc", "--quiet", "--no-deps", "--features", FEATURES]);
    doc.args(PACKAGES.iter().flat_map(|package| ["-p", package]));
    doc.env("RUSTDOC", root().join("xtask/rustdoc"));
    doc.env("RUSTDOCFLAGS", "-Z unstable-options --output-format json");
    run(&mut doc)?;
    let mut changed = Vec::new();
    for package in PACKAGES {
        let text = capture(cargo(&LISTING).arg(told(package)))?;
        ensure!(!text.is_empty(), "the listing of {package} is empty");
        let name = PathBuf::from(FOLDER).join(format!("{package}.txt"));
        let file = root().join(&name);
        let before = fs::read_to_string(&file).unwrap_or_default();
        let lines = difference(&before, &text);
        if before != text {
            fs::create_dir_all(root().join(FOLDER))?;
            fs::write(&file, text).with_context(|| format!("write {}", name.display()))?;
            changed.push(Changed { file: name, lines });
        }
    }
    Ok(changed)
}

/// The types of the reference whose documentation has no example, by what rustdoc has written last.
pub(crate) fn without_example() -> Result<Vec<String>> {
    let page = fs::read_to_string(root().join(reference::PAGE))?;
    let read = |package| Ok(serde_json::from_slice(&fs::read(told(package))?)?);
    let crates: Vec<Value> = PACKAGES.into_iter().map(read).collect::<Result<_>>()?;
    Ok(reference::without_example(&page, &crates).into_iter().map(str::to_owned).collect())
}

/// Where rustdoc writes what it knows of a package.
fn told(package: &str) -> PathBuf {
    target().join("doc").join(format!("{}.json", package.replace('-', "_")))
}

/// The lines that only one of two listings has, `-` those of the former, `+` those of the new one.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    let come = new.difference(&old).map(|line| format!("+ {line}"));
    gone.chain(come).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{PACKAGES, difference, other_than};
    use crate::workspace::root;

    #[test]
    fn every_crate_that_the_sdk_passes_on_is_listed() {
        let text = fs::read_to_string(root().join("sdk/aegis/src/lib.rs")).unwrap();
        let passed_on = text.lines().filter_map(|line| line.strip_prefix("pub use aegis_"));
        for rest in passed_on {
            let name: String =
                rest.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect();
            let package = format!("aegis-{}", name.replace('_', "-"));
            assert!(PACKAGES.contains(&package.as_str()), "{package} is not listed");
        }
    }

    #[test]
    fn another_toolchain_than_the_pinned_one_is_named() {
        assert_eq!(other_than("1.95", "rustc 1.95.0 (59807616e 2026-04-14)\n"), None);
        for has in ["rustc 1.96.0 (0 2026-05-28)\n", "rustc 1.9.0 (0 2016-05-23)\n"] {
            assert!(other_than("1.95", has).is_some_and(|why| why.contains(has.trim())), "{has}");
        }
    }

    #[test]
    fn a_difference_names_what_has_gone_and_what_has_come() {
        let found = difference("pub fn a::one()\npub fn a::two()\n", "pub fn a::two()\npub fn a::two(u32)\n");
        assert_eq!(found, ["- pub fn a::one()", "+ pub fn a::two(u32)"]);
        assert!(difference("pub fn a::one()\n", "pub fn a::one()\n").is_empty());
    }
}
