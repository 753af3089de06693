//! Circles between the modules of a package: siblings that import each other, straight or by way of others.
//!
//! A module may use its parent and its children. Between siblings, each taken with all that is inside of it, imports go one way, so that
//! one of them can be understood, moved or cut off without the other. A name that a parent re-exports counts as an import from where it is
//! defined. Code of tests, and what macros are given, is not looked at.

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::layers::Metadata;
use tree::{Modules, Name};

/// A circle: the modules of one parent that import each other.
#[derive(Debug)]
struct Circle {
    package: String,
    parent: String,
    modules: BTreeSet<String>,
    /// Which module uses which.
    steps: Vec<String>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, parent, modules, steps } = self;
        let modules: Vec<_> = modules.iter().map(String::as_str).collect();
        write!(f, "{package}: in {parent}, {} import each other: {}", modules.join(", "), steps.join("; "))
    }
}

/// Every circle of this workspace, as a sentence.
pub(crate) fn breaches(metadata: &Metadata) -> Result<Vec<String>> {
    let found = metadata.sources().map(|(package, sources)| circles(package, &sources));
    let found = found.collect::<Result<Vec<_>>>()?;
    Ok(found.iter().flatten().map(Circle::to_string).collect())
}

/// Every circle of the package whose sources are in this folder.
fn circles(package: &str, sources: &Path) -> Result<Vec<Circle>> {
    let modules = Modules::read(sources)?;
    // By parent: who imports from whom, and the first module in which that was seen.
    let mut levels: BTreeMap<Name, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    for (from, to) in modules.imports() {
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) else { continue };
        let seen = format!("{} uses {}", from.join("::"), to.join("::"));
        let level = levels.entry(from[..shared].to_vec()).or_default();
        level.entry(a.clone()).or_default().entry(b.clone()).or_insert(seen);
    }
    let mut found = Vec::new();
    for (parent, level) in &levels {
        let parent = parent.iter().fold("crate".to_owned(), |path, name| format!("{path}::{name}"));
        for modules in strongly_connected(level) {
            let among = |(name, _): &(&String, &BTreeMap<String, String>)| modules.contains(*name);
            let targets = level.iter().filter(among).flat_map(|(_, targets)| targets);
            let steps = targets.filter(|(to, _)| modules.contains(*to)).map(|(_, seen)| seen.clone());
            let (package, steps) = (package.to_owned(), steps.collect());
            found.push(Circle { package, parent: parent.clone(), modules, steps });
        }
    }
    Ok(found)
}

/// The groups of modules each of which can be reached from each other one of its group.
fn strongly_connected(level: &BTreeMap<String, BTreeMap<String, String>>) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        level.keys().map(|from| (from.as_str(), reached(level, from))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (from, targets) in &reach {
        let back = |to: &&str| reach.get(*to).is_some_and(|targets| targets.contains(from));
        let circle: BTreeSet<_> = targets.iter().copied().filter(back).map(str::to_owned).collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

fn reached<'a>(level: &'a BTreeMap<String, BTreeMap<String, String>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> =
        level.get(from).into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
    while let Some(to) = next.pop() {
        if reached.insert(to) {
            next.extend(level.get(to).into_iter().flat_map(BTreeMap::keys).map(String::as_str));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{breaches, circles};
    use crate::layers::metadata;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        circles("a", folder.path()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn modules_that_use_each_other_are_named_also_by_way_of_others_and_of_their_parent() {
        for files in [
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "fn f() { crate::a::g() }"),
            ][..],
            // A deeper one, and back by way of a third.
            &[
                ("lib.rs", "mod a; mod b; mod c;"),
                ("a/mod.rs", "mod inner;"),
                ("a/inner.rs", "use super::super::b::B;"),
                ("b.rs", "use super::c::C;"),
                ("c.rs", "use crate::a;"),
            ],
            // By names that the root re-exports.
            &[
                ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
                ("a.rs", "use crate::B;"),
                ("b.rs", "use crate::{A as Other};"),
            ],
        ] {
            let found = found(files);
            assert_eq!(found.len(), 1, "{files:?}: {found:?}");
            assert!(found[0].starts_with("a: in crate, a, b"), "{found:?}");
        }
    }

    #[test]
    fn parents_children_tests_and_one_way_are_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b; pub struct Root; pub use b::B; fn f() { a::g() }"),
            ("a.rs", "use crate::{B, Root}; pub fn g() {}"),
            ("b.rs", "use super::Root; pub struct B; #[cfg(test)] mod tests { use crate::a; }"),
        ];
        assert_eq!(found(&files), Vec::<String>::new());
    }

    #[test]
    fn this_workspace_has_none() {
        assert_eq!(breaches(&metadata().unwrap()).unwrap(), Vec::<String>::new());
    }
}
