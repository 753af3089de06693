//! Links between the pages of this repository: each leads to a file that is there, and to a heading that stands in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::workspace::{SKIP, files};

/// Where a reader begins, and the folder of which every page has to be reached from there.
const CONTENTS: &str = "docs/README.md";
const FOLDER: &str = "docs";

/// A page: where it links to, by line, and what can be linked to in it.
#[derive(Debug, Default)]
struct Page {
    links: Vec<(usize, String)>,
    anchors: BTreeSet<String>,
}

/// Every link under `root` that leads nowhere, as `file:line: what`, and every page of the documentation that no link leads to.
pub(crate) fn broken(root: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for file in files(root, &SKIP)? {
        if file.extension().is_some_and(|ending| ending == "md") {
            let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
            pages.insert(file.strip_prefix(root).unwrap_or(&file).to_owned(), Page::read(&text));
        }
    }
    let mut found = Vec::new();
    for (name, page) in &pages {
        for (line, link) in &page.links {
            if let Err(why) = follow(root, &pages, name, link) {
                found.push(format!("{}:{line}: `{link}`: {why}", name.display()));
            }
        }
    }
    found.extend(unreached(&pages));
    Ok(found)
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut fence: Option<&str> = None;
        let mut seen = BTreeMap::<String, usize>::new();
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim_start();
            let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
            match (fence, mark) {
                (None, Some(mark)) => fence = Some(mark),
                (Some(open), Some(mark)) if open == mark => fence = None,
                (None, None) => {
                    let line = without_code(line);
                    page.links.extend(targets(&line).map(|target| (number + 1, target)));
                    page.anchors.extend(ids(&line));
                    if let Some(heading) = heading(trimmed) {
                        let anchor = anchor(heading);
                        let times = seen.entry(anchor.clone()).or_default();
                        page.anchors.insert(match *times {
                            0 => anchor,
                            times => format!("{anchor}-{times}"),
                        });
                        *times += 1;
                    }
                }
                (Some(_), _) => {}
            }
        }
        page
    }
}

/// A link leads to another host, to a file, to a heading of a page, or to one of its own.
fn follow(root: &Path, pages: &BTreeMap<PathBuf, Page>, from: &Path, link: &str) -> Result<(), String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let to = if file.is_empty() { from.to_owned() } else { beside(from, file) };
    if !root.join(&to).exists() {
        return Err("nothing is there".to_owned());
    }
    match (anchor, pages.get(&to)) {
        (Some(anchor), Some(page)) if !page.anchors.contains(anchor) => {
            Err(format!("{} has no such heading", to.display()))
        }
        _ => Ok(()),
    }
}

/// Pages of the documentation that nobody finds who begins at its contents; none where there are no contents.
fn unreached(pages: &BTreeMap<PathBuf, Page>) -> Vec<String> {
    let mut open = vec![PathBuf::from(CONTENTS)];
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(page) = pages.get(&name)
            && reached.insert(name.clone())
        {
            let files = page.links.iter().map(|(_, link)| link.split('#').next().unwrap_or_default());
            open.extend(files.filter(|file| !file.is_empty()).map(|file| beside(&name, file)));
        }
    }
    let all = pages.keys().filter(|name| !reached.is_empty() && name.starts_with(FOLDER));
    all.filter(|name| !reached.contains(*name))
        .map(|name| format!("{}: no link leads to it from {CONTENTS}", name.display()))
        .collect()
}

/// The file that a link in `from` means.
fn beside(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().unwrap_or(from).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(part) => path.push(part),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

/// The line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// The targets of `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).map(str::to_owned)
}

/// The ids of `<a id="…">`.
fn ids(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim())
}

/// The anchor that GitHub and most hosts give a heading: lower case, blanks as hyphens, no other signs.
fn anchor(heading: &str) -> String {
    // Of a link only its text counts.
    let parts = heading.split("](").enumerate();
    let text: String = parts
        .map(|(index, part)| match part.split_once(')') {
            Some((_, rest)) if index > 0 => rest,
            _ => part,
        })
        .collect();
    let kept = text.chars().filter_map(|sign| match sign {
        ' ' => Some('-'),
        '-' | '_' => Some(sign),
        _ => sign.is_alphanumeric().then_some(sign),
    });
    kept.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{anchor, broken};

    /// What is found among files with these texts.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        broken(folder.path()).unwrap()
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_is_named_with_its_line() {
        let found = found(&[("docs/README.md", "[a](a.md)\n\n[b](b.md)\n"), ("docs/a.md", "")]);
        assert_eq!(found, ["docs/README.md:3: `b.md`: nothing is there"]);
    }

    #[test]
    fn a_link_to_a_heading_that_is_not_there_is_named() {
        let page = "# One\n\n## `two`: of *it*\n\n## One\n";
        for (link, holds) in [
            ("a.md#one", true),
            ("a.md#one-1", true),
            ("a.md#two-of-it", true),
            ("a.md#ID", true),
            ("#here", true),
            ("a.md#three", false),
            ("#there", false),
        ] {
            let contents = format!("# Here\n\n[a](a.md), [b]({link})\n");
            let found =
                found(&[("docs/README.md", &contents), ("docs/a.md", &format!("{page}<a id=\"ID\">\n"))]);
            assert_eq!(found.is_empty(), holds, "{link}: {found:?}");
        }
    }

    #[test]
    fn links_go_up_and_down_and_to_folders_and_pictures() {
        let files = [
            ("README.md", "[docs](docs/README.md), [folder](docs)"),
            ("docs/README.md", "[up](../README.md), [guide](guide/a.md), ![picture](guide/a.png)"),
            ("docs/guide/a.md", "[up](../README.md#two)"),
            ("docs/guide/a.png", ""),
        ];
        assert_eq!(
            found(&files),
            ["docs/guide/a.md:1: `../README.md#two`: docs/README.md has no such heading"]
        );
    }

    #[test]
    fn code_and_other_hosts_are_let_be() {
        let text = "`[a](a.md)`\n\n```text\n# [b](b.md)\n```\n\n[c](https://nats.io/c.md), <d@example.com>\n";
        assert!(found(&[("README.md", text)]).is_empty());
    }

    #[test]
    fn a_page_that_is_in_no_contents_is_named() {
        let files =
            [("docs/README.md", "[a](a.md)"), ("docs/a.md", ""), ("docs/b/c.md", ""), ("web/README.md", "")];
        assert_eq!(found(&files), ["docs/b/c.md: no link leads to it from docs/README.md"]);
    }

    #[test]
    fn headings_have_the_anchors_that_hosts_give_them() {
        for (heading, expected) in [
            ("What each outage does", "what-each-outage-does"),
            ("`domain/`: the pure core", "domain-the-pure-core"),
            ("Every hash, exactly", "every-hash-exactly"),
            ("With [`cqrs-es`](cqrs.md) (both)", "with-cqrs-es-both"),
        ] {
            assert_eq!(anchor(heading), expected);
        }
    }
}
