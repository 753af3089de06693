//! Which package may know which.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::{capture, cargo};

/// Each package, and the packages of this workspace that it may depend on. `*` is all.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("aegis-domain", &[]),
    ("aegis-telemetry", &["aegis-domain"]),
    ("aegis-nats", &["aegis-domain", "aegis-telemetry"]),
    ("aegis-journal", &["aegis-domain", "aegis-nats"]),
    ("aegis-leases", &["aegis-domain", "aegis-nats", "aegis-journal"]),
    ("aegis-legacy", &["aegis-domain", "aegis-nats"]),
    ("aegis-messaging", &["aegis-domain", "aegis-telemetry", "aegis-nats", "aegis-journal", "aegis-legacy"]),
    (
        "aegis-sdk",
        &[
            "aegis-domain",
            "aegis-telemetry",
            "aegis-nats",
            "aegis-journal",
            "aegis-leases",
            "aegis-legacy",
            "aegis-macros",
            "aegis-messaging",
        ],
    ),
    ("aegis-macros", &[]),
    ("aegis-projections", &["aegis-domain", "aegis-nats", "aegis-journal"]),
    ("aegis-graphql", &["aegis-domain", "aegis-projections"]),
    ("aegis-api-client", &[]),
    (
        "aegis-control-plane",
        &[
            "aegis-domain",
            "aegis-nats",
            "aegis-journal",
            "aegis-leases",
            "aegis-legacy",
            "aegis-messaging",
            "aegis-sdk",
            "aegis-projections",
            "aegis-graphql",
            "aegis-api-client",
        ],
    ),
    ("aegis-testkit", &[]),
    ("aegis-benches", &["*"]),
    ("aegis-chaos", &["aegis-domain", "aegis-sdk", "aegis-projections", "aegis-testkit"]),
    ("aegis-desk", &["aegis-sdk"]),
    ("aegis-trading", &["aegis-domain", "aegis-sdk"]),
    ("aegis-xtask", &[]),
];

/// Libraries that a package must not know, because they would bring I/O or a transport into it.
const BANNED: [(&str, &[&str]); 3] = [
    ("aegis-domain", &["tokio", "async-nats", "axum", "sqlx"]),
    ("aegis-graphql", &["async-nats", "axum", "async-graphql-axum"]),
    ("aegis-api-client", &["async-nats", "axum", "sqlx"]),
];

const TESTKIT: &str = "aegis-testkit";
/// What tests and examples in documentation may name beside the layers below: users name this one crate of the SDK.
const FOR_EXAMPLES: [(&str, &str); 5] = [
    ("aegis-journal", "aegis-sdk"),
    ("aegis-leases", "aegis-sdk"),
    ("aegis-macros", "aegis-sdk"),
    ("aegis-messaging", "aegis-sdk"),
    ("aegis-projections", "aegis-sdk"),
];

/// What is gone when a feature is off, from which packages.
const OPTIONAL: (&str, [&str; 3]) = ("aegis-legacy", ["aegis-messaging", "aegis-sdk", "aegis-control-plane"]);

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing for an ordinary one.
    kind: Option<String>,
    /// Set for packages of this workspace.
    path: Option<String>,
}

impl Metadata {
    /// The name of each package, and the folder of its sources.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.packages
            .iter()
            .map(|package| (package.name.as_str(), package.manifest_path.with_file_name("src")))
    }
}

/// The workspace as cargo sees it.
pub(crate) fn metadata() -> Result<Metadata> {
    let text = capture(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).context("output of cargo metadata")
}

/// Every forbidden dependency, as a sentence.
pub(crate) fn violations(metadata: &Metadata) -> Vec<String> {
    metadata.packages.iter().flat_map(package_violations).collect()
}

/// Every package that links the wire of the Python SDK without its default features, or does not link it with them, as a
/// sentence.
pub(crate) fn optional_violations() -> Result<Vec<String>> {
    let (optional, packages) = OPTIONAL;
    let mut found = Vec::new();
    for package in packages {
        let tree = |more: &[&str]| {
            let plain =
                ["tree", "--locked", "--package", package, "--edges", "normal,build", "--prefix", "none"];
            capture(cargo(&plain).args(more))
        };
        if links(&tree(&["--no-default-features"])?, optional) {
            found.push(format!("{package} links {optional} without its default features"));
        }
        if !links(&tree(&[])?, optional) {
            found.push(format!("{package} does not link {optional} with its default features"));
        }
    }
    Ok(found)
}

/// Whether a package is in an output of `cargo tree` without a prefix.
fn links(tree: &str, package: &str) -> bool {
    tree.lines().any(|line| line.split(' ').next() == Some(package))
}

fn package_violations(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some(allowed) = entry(&ALLOWED, name) else {
        return vec![format!("{name} is not in the list of layers: say what it may know")];
    };
    let banned = entry(&BANNED, name).unwrap_or_default();
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let other = dependency.name.as_str();
        let for_tests = dependency.kind.as_deref() == Some("dev");
        let inside = dependency.path.is_some();
        let in_examples = other == TESTKIT || FOR_EXAMPLES.contains(&(name, other));
        let known = allowed.contains(&"*") || allowed.contains(&other) || (for_tests && in_examples);
        if inside && !known {
            found.push(format!("{name} must not depend on {other}"));
        }
        if banned.contains(&other) {
            found.push(format!("{name} must not depend on the library {other}"));
        }
    }
    found
}

fn entry<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(package, _)| *package == name).map(|(_, list)| *list)
}

#[cfg(test)]
mod tests {
    use super::{links, metadata, optional_violations, violations};

    fn check(package: &str, other: &str, kind: &str, inside: bool) -> Vec<String> {
        let path = if inside { "\"/w\"" } else { "null" };
        let text = format!(
            r#"{{"packages":[{{"name":"{package}","dependencies":[{{"name":"{other}","kind":{kind},"path":{path}}}]}}]}}"#
        );
        violations(&serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_dependency_upwards_is_named() {
        assert_eq!(
            check("aegis-domain", "aegis-sdk", "null", true),
            ["aegis-domain must not depend on aegis-sdk"]
        );
    }

    #[test]
    fn a_dev_dependency_upwards_is_no_better() {
        assert_eq!(check("aegis-sdk", "aegis-projections", "\"dev\"", true).len(), 1);
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert!(check("aegis-sdk", "aegis-testkit", "\"dev\"", true).is_empty());
        assert_eq!(check("aegis-sdk", "aegis-testkit", "null", true).len(), 1);
    }

    #[test]
    fn transports_stay_out_of_the_schema() {
        assert_eq!(check("aegis-graphql", "async-nats", "\"dev\"", false).len(), 1);
        assert!(check("aegis-graphql", "async-graphql", "null", false).is_empty());
    }

    #[test]
    fn benches_may_know_everything() {
        assert!(check("aegis-benches", "aegis-control-plane", "null", true).is_empty());
    }

    #[test]
    fn a_new_package_must_take_its_place() {
        assert_eq!(check("aegis-novel", "serde", "null", false).len(), 1);
    }

    #[test]
    fn a_package_is_in_a_tree_by_its_whole_name() {
        let tree = "aegis-sdk v0.1.0 (/w/sdk/aegis)\naegis-legacy v0.1.0 (/w/sdk/legacy) (*)\n";
        assert!(links(tree, "aegis-legacy"));
        assert!(!links(tree, "aegis-leg"));
    }

    #[test]
    fn the_wire_of_the_python_sdk_is_linked_by_its_feature_alone() {
        assert_eq!(optional_violations().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn this_workspace_keeps_its_layers() {
        assert_eq!(violations(&metadata().unwrap()), Vec::<String>::new());
    }
}
