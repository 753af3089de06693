//! Rules of this repository that no off-the-shelf lint knows.

mod attributes;
mod words;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::workspace::{SKIP, files};

/// What must not occur, in files with which endings, and why. Spelt in two halves, so that this
/// file does not break its own rules.
const FORBIDDEN: [(&str, &str, &[&str], &str); 5] = [
    ("#[ign", "ore", &["rs"], "a test that does not run hides what it would find"),
    ("to", "do!(", &["rs"], "unfinished code does not get in"),
    ("test.on", "ly(", &["ts", "tsx"], "the other tests would not run"),
    ("it.on", "ly(", &["ts", "tsx"], "the other tests would not run"),
    ("```rust,ign", "ore", &["md"], "an example that is not compiled does not stay right"),
];
/// Files with other endings are not looked at.
const ENDINGS: [&str; 4] = ["rs", "ts", "tsx", "md"];

/// The pages whose examples are compiled.
const PAGES: &str = "sdk/aegis/src/guide.rs";

/// Every breach under `root`, as `file:line: what`.
pub(crate) fn breaches(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let pages = fs::read_to_string(root.join(PAGES)).unwrap_or_default();
    for file in files(root, &SKIP)? {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !ENDINGS.contains(&ending) {
            continue;
        }
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        if ending == "md" && text.contains("```rust") && !pages.contains(&format!("\"{}\"", name.display())) {
            found.push(format!("{}: its examples are not compiled: add it to {PAGES}", name.display()));
        }
        let attributes = if ending == "rs" { attributes::breaches(&text) } else { Vec::new() };
        let all = forbidden(ending, &text).chain(attributes).chain(words::breaches(name, &text));
        found.extend(all.map(|(line, what)| format!("{}:{line}: {what}", name.display())));
    }
    Ok(found)
}

fn forbidden(ending: &str, text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().flat_map(move |(number, line)| {
        FORBIDDEN.iter().filter_map(move |(head, rest, endings, why)| {
            let word = format!("{head}{rest}");
            (endings.contains(&ending) && line.contains(&word))
                .then(|| (number + 1, format!("`{word}`: {why}")))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FORBIDDEN, PAGES, breaches};
    use crate::workspace::root;

    #[test]
    fn each_rule_finds_its_breach_and_names_the_line() {
        for (head, rest, endings, _) in FORBIDDEN {
            let folder = tempfile::tempdir().unwrap();
            let name = format!("a.{}", endings[0]);
            fs::write(folder.path().join(&name), format!("fine\n  {head}{rest}\n")).unwrap();
            let found = breaches(folder.path()).unwrap();
            assert!(found.iter().any(|one| one.starts_with(&format!("{name}:2: "))), "{found:?}");
        }
    }

    #[test]
    fn a_page_whose_examples_are_not_compiled_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("sdk/aegis/src")).unwrap();
        for page in ["compiled.md", "left-out.md"] {
            fs::write(folder.path().join(page), "```rust\nfn main() {}\n```\n").unwrap();
        }
        fs::write(folder.path().join(PAGES), "Page = \"compiled.md\",").unwrap();
        let found = breaches(folder.path()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("left-out.md: "), "{found:?}");
    }

    #[test]
    fn what_tools_fetched_is_not_judged() {
        let folder = tempfile::tempdir().unwrap();
        let (head, rest, ..) = FORBIDDEN[0];
        fs::create_dir(folder.path().join("node_modules")).unwrap();
        fs::write(folder.path().join("node_modules/a.rs"), format!("{head}{rest}")).unwrap();
        assert!(breaches(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn this_repository_keeps_its_rules() {
        assert_eq!(breaches(&root()).unwrap(), Vec::<String>::new());
    }
}
