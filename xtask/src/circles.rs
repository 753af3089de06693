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

/// The circles that stand: package, parent, and the modules of the circle. A circle of fewer of these modules is one less to go;
/// one that is gone has to leave the list, and none is added to it.
const KNOWN: [(&str, &str, &str); 20] = [
    ("aegis-domain", "crate", "aggregate, envelope, event, schema, wire"),
    ("aegis-domain", "crate::schema", "lenient, registry"),
    ("aegis-sdk", "crate", "client, context, discovery, legacy, otel, resilience, service"),
    ("aegis-sdk", "crate::otel", "metrics, run"),
    ("aegis-sdk", "crate::service", "builder, running"),
    ("aegis-nats", "crate", "connection, inbox, observer, provision, regain, restore, transport"),
    ("aegis-nats", "crate::transport", "library, link, subscription"),
    ("aegis-nats", "crate::transport::link", "driver, moving"),
    ("aegis-messaging", "crate", "commands, events, legacy"),
    ("aegis-messaging", "crate::streams", "checkpoint, read"),
    ("aegis-projections", "crate", "live, load"),
    ("aegis-projections", "crate", "state, view"),
    (
        "aegis-projections",
        "crate::engine",
        "database, driver, held, history, rebuild, running, unwritten, wal",
    ),
    ("aegis-graphql", "crate", "cursor, listing, mutation, query, schema, subscription, types"),
    ("aegis-graphql", "crate::types", "definition, policy"),
    ("aegis-control-plane", "crate", "adapter, replicas"),
    ("aegis-control-plane", "crate", "http, legacy, liveness, metrics"),
    ("aegis-control-plane", "crate::http", "body, error, headers, identity, rest"),
    ("aegis-control-plane", "crate::http::rest", "etag, problem"),
    ("aegis-benches", "crate", "failover, many"),
];

/// A circle: the modules of one parent that import each other.
#[derive(Debug)]
struct Circle {
    package: String,
    parent: String,
    modules: BTreeSet<String>,
    /// Which module uses which.
    steps: Vec<String>,
}

impl Circle {
    /// Whether it is this one that stands, or what is left of it.
    fn is_of(&self, (package, parent, modules): &(&str, &str, &str)) -> bool {
        let known: Vec<_> = modules.split(", ").collect();
        self.package == *package
            && self.parent == *parent
            && self.modules.iter().all(|module| known.contains(&module.as_str()))
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, parent, modules, steps } = self;
        let modules: Vec<_> = modules.iter().map(String::as_str).collect();
        write!(f, "{package}: in {parent}, {} import each other: {}", modules.join(", "), steps.join("; "))
    }
}

/// Every circle of this workspace that is new, and every one that is gone and still in the list, as a sentence.
pub(crate) fn breaches(metadata: &Metadata) -> Result<Vec<String>> {
    let found = metadata.sources().map(|(package, sources)| circles(package, &sources));
    let found = found.collect::<Result<Vec<_>>>()?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    let new = found.iter().filter(|circle| !KNOWN.iter().any(|known| circle.is_of(known)));
    let gone = KNOWN.iter().filter(|known| !found.iter().any(|circle| circle.is_of(known)));
    let gone = gone.map(|(package, parent, modules)| {
        format!("{package}: the circle of {modules} in {parent} is gone: take it off the list in xtask/src/circles.rs")
    });
    Ok(new.map(Circle::to_string).chain(gone).collect())
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
    fn a_known_circle_may_shrink_and_not_grow() {
        let of = |modules: &[&str]| super::Circle {
            package: "a".to_owned(),
            parent: "crate".to_owned(),
            modules: modules.iter().map(|module| (*module).to_owned()).collect(),
            steps: Vec::new(),
        };
        let known = ("a", "crate", "b, c, d");
        assert!(of(&["b", "c", "d"]).is_of(&known) && of(&["c", "d"]).is_of(&known));
        assert!(
            !of(&["b", "c", "d", "e"]).is_of(&known) && !of(&["b", "c"]).is_of(&("a", "crate::x", "b, c"))
        );
    }

    #[test]
    fn this_workspace_has_the_circles_that_are_known_and_no_other() {
        assert_eq!(breaches(&metadata().unwrap()).unwrap(), Vec::<String>::new());
    }
}
