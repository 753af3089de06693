//! The page's lock file: whether it fits `package.json`, and what it leaves out.
//!
//! npm writes into a lock what the registry offers at that moment, and `npm ci` refuses a lock that lacks
//! the optional package of any platform, also of one that nobody here uses. That is no reason to stop anybody.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// What makes an entry of the lock another package. The rest is notes that versions of npm take differently.
const IDENTITY: [&str; 3] = ["version", "integrity", "resolved"];
/// The lists of `package.json` that the lock repeats.
const LISTS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// A lock file, as npm writes it.
#[derive(Debug)]
pub(crate) struct Lock(Map<String, Value>);

/// What npm would change about a lock.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    None,
    /// Only optional packages would be added.
    Grows(usize),
    /// The lock is of another `package.json`; each difference in words.
    Mismatch(Vec<String>),
}

impl Lock {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a lock file of npm", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let Value::Object(mut whole) = serde_json::from_str(text)? else { bail!("no JSON object") };
        match whole.remove("packages") {
            Some(Value::Object(packages)) => Ok(Self(packages)),
            _ => bail!("no packages in it"),
        }
    }

    /// How this lock, the committed one, differs from what npm makes of it.
    pub(crate) fn drift(&self, completed: &Self) -> Drift {
        let mut differences = self.root_differences(completed);
        for (path, entry) in self.0.iter().filter(|(path, _)| !path.is_empty()) {
            match completed.0.get(path) {
                None => differences.push(format!("{path} is not needed")),
                Some(now) if same(entry, now) => {}
                Some(now) => differences.push(format!(
                    "{path} is {}, and should be {}",
                    text(entry, "version"),
                    text(now, "version")
                )),
            }
        }
        let added: Vec<_> = completed.0.iter().filter(|(path, _)| !self.0.contains_key(*path)).collect();
        let needed = added.iter().filter(|(_, entry)| !optional(entry));
        differences
            .extend(needed.map(|(path, entry)| format!("{path} {} is missing", text(entry, "version"))));
        match (differences.is_empty(), added.len()) {
            (true, 0) => Drift::None,
            (true, added) => Drift::Grows(added),
            (false, _) => Drift::Mismatch(differences),
        }
    }

    /// The optional packages that others name and that have no entry.
    pub(crate) fn absent_optional(&self) -> BTreeSet<&str> {
        let present: BTreeSet<&str> =
            self.0.keys().filter_map(|path| Some(path.rsplit_once("node_modules/")?.1)).collect();
        let named = self.0.values().filter_map(|entry| entry.get("optionalDependencies")?.as_object());
        named
            .flat_map(|list| list.keys())
            .map(String::as_str)
            .filter(|name| !present.contains(name))
            .collect()
    }

    fn root_differences(&self, completed: &Self) -> Vec<String> {
        let empty = Value::Null;
        let [was, now] = [self, completed].map(|lock| lock.0.get("").unwrap_or(&empty));
        let names = |list: &str| -> BTreeSet<String> {
            let both = [was, now].into_iter().filter_map(|root| root.get(list)?.as_object());
            both.flat_map(|list| list.keys().cloned()).collect()
        };
        let mut differences = Vec::new();
        for list in LISTS {
            for name in names(list) {
                let [locked, wanted] = [was, now].map(|root| root.get(list).and_then(|list| list.get(&name)));
                if locked != wanted {
                    let word =
                        |one: Option<&Value>| one.and_then(Value::as_str).unwrap_or("absent").to_owned();
                    differences.push(format!(
                        "{name} is {} in package.json and {} in the lock",
                        word(wanted),
                        word(locked)
                    ));
                }
            }
        }
        differences
    }
}

fn same(one: &Value, other: &Value) -> bool {
    // A lock may leave the registry's address out.
    let known = |key: &&&str| one.get(**key).is_some() && other.get(**key).is_some();
    IDENTITY.iter().filter(known).all(|key| one[*key] == other[*key])
}

fn optional(entry: &Value) -> bool {
    ["optional", "devOptional"].iter().any(|flag| entry.get(flag) == Some(&Value::Bool(true)))
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Drift, Lock};

    fn lock(root: &Value, rest: &[(&str, Value)]) -> Lock {
        let mut packages = serde_json::Map::new();
        packages.insert(String::new(), root.clone());
        packages.extend(rest.iter().map(|(path, entry)| (format!("node_modules/{path}"), entry.clone())));
        Lock::parse(&json!({ "packages": packages }).to_string()).unwrap()
    }

    fn bundler() -> (&'static str, Value) {
        (
            "bundler",
            json!({ "version": "1.0.0", "integrity": "a", "optionalDependencies": { "@b/mac": "1", "@b/musl": "1" } }),
        )
    }

    fn binding(name: &'static str) -> (&'static str, Value) {
        (name, json!({ "version": "1.0.0", "integrity": name, "dev": true, "optional": true }))
    }

    #[test]
    fn a_lock_without_the_packages_of_other_platforms_still_fits() {
        let root = json!({ "dependencies": { "bundler": "1.0.0" } });
        let committed = lock(&root, &[bundler(), binding("@b/musl")]);
        let whole = lock(&root, &[bundler(), binding("@b/musl"), binding("@b/mac")]);
        assert_eq!(committed.drift(&whole), Drift::Grows(1));
        assert_eq!(whole.drift(&whole), Drift::None);
        assert_eq!(committed.absent_optional().into_iter().collect::<Vec<_>>(), ["@b/mac"]);
        assert!(whole.absent_optional().is_empty());
    }

    #[test]
    fn notes_that_another_npm_takes_are_no_difference() {
        let root = json!({ "dependencies": { "bundler": "1.0.0" } });
        let (name, mut entry) = bundler();
        entry["peer"] = json!(true);
        entry["resolved"] = json!("https://registry.npmjs.org/bundler");
        assert_eq!(lock(&root, &[bundler()]).drift(&lock(&root, &[(name, entry)])), Drift::None);
    }

    #[test]
    fn a_lock_of_another_package_json_is_a_mismatch_and_says_where() {
        let of = |version: &str| {
            let entry = json!({ "version": version, "integrity": version });
            lock(&json!({ "dependencies": { "clsx": version } }), &[("clsx", entry)])
        };
        let Drift::Mismatch(found) = of("2.1.1").drift(&of("2.1.0")) else { panic!("no mismatch") };
        assert_eq!(
            found,
            [
                "clsx is 2.1.0 in package.json and 2.1.1 in the lock",
                "node_modules/clsx is 2.1.1, and should be 2.1.0"
            ]
        );
    }

    #[test]
    fn a_needed_package_without_an_entry_is_a_mismatch() {
        let root = json!({ "dependencies": { "bundler": "1.0.0" } });
        let Drift::Mismatch(found) = lock(&root, &[]).drift(&lock(&root, &[bundler()])) else {
            panic!("no mismatch")
        };
        assert_eq!(found, ["node_modules/bundler 1.0.0 is missing"]);
    }

    #[test]
    fn a_file_that_is_no_lock_is_refused() {
        for text in ["", "[]", "{}", r#"{"packages": 1}"#] {
            assert!(Lock::parse(text).is_err(), "{text}");
        }
    }
}
