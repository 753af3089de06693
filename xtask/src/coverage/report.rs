//! The text that the reader prints, summed up and held to floors.

use std::{collections::BTreeMap, path::Path};

/// Of all code that is shipped, in percent.
const ALL: f64 = 80.0;
/// Of folders.
const FOLDERS: [(&str, f64); 1] = [("sdk/", 90.0)];
/// What the promises rest on: each of its lines.
const WHOLE: [&str; 6] = [
    "sdk/leases/src/leadership/guard.rs",
    "sdk/leases/src/fencing/gate.rs",
    "sdk/leases/src/fencing/log.rs",
    "sdk/leases/src/fencing/token.rs",
    "sdk/leases/src/fencing/writer.rs",
    "domain/src/wire/chain.rs",
];
/// Folders of what only tests use.
const TESTS: [&str; 1] = ["testkit/"];

/// How many lines of a file can be reached, and which were not.
#[derive(Debug, Default)]
struct Lines {
    count: usize,
    missed: Vec<usize>,
}

/// What to say of each floor, and how many are not kept.
pub(super) fn held_to_floors(text: &str, root: &Path) -> (Vec<String>, usize) {
    let files = read(text, root);
    let (mut said, mut below) = (Vec::new(), 0);
    let mut hold = |name: &str, floor: f64, files: &[&Lines]| {
        let (count, missed) = files
            .iter()
            .fold((0, 0), |(count, missed), lines| (count + lines.count, missed + lines.missed.len()));
        let is_below = count == 0 || (count - missed) as f64 * 100.0 < floor * count as f64;
        below += usize::from(is_below);
        let percent = (count - missed) as f64 * 100.0 / count.max(1) as f64;
        let word = if is_below { "BELOW" } else { "ok   " };
        let mut line = format!(
            "{word} {percent:.1} % of at least {floor} %: {name}, {} of {count} lines",
            count - missed
        );
        if let ([only], true) = (files, is_below) {
            line.push_str(&format!("; not reached: {:?}", only.missed));
        }
        said.push(line);
    };
    hold("all", ALL, &files.values().collect::<Vec<_>>());
    for (folder, floor) in FOLDERS {
        let inside: Vec<_> =
            files.iter().filter(|(name, _)| name.starts_with(folder)).map(|(_, lines)| lines).collect();
        hold(folder, floor, &inside);
    }
    for name in WHOLE {
        hold(name, 100.0, &files.get(name).into_iter().collect::<Vec<_>>());
    }
    (said, below)
}

/// The files of this repository that are no tests, by their path in it.
fn read(text: &str, root: &Path) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let mut columns = line.splitn(3, '|').map(str::trim);
        let (first, second) = (columns.next().unwrap_or_default(), columns.next());
        match (first.parse::<usize>(), second) {
            // Lines without a count are no code.
            (Ok(number), Some(hits)) => {
                if let (Some(name), Ok(hits)) = (&current, hits.parse::<u64>()) {
                    let lines = files.entry(String::clone(name)).or_default();
                    lines.count += 1;
                    if hits == 0 {
                        lines.missed.push(number);
                    }
                }
            }
            _ if first.ends_with(".rs") => current = shipped(Path::new(first), root),
            _ => {}
        }
    }
    files
}

/// The path within the repository, unless only tests use the file.
fn shipped(file: &Path, root: &Path) -> Option<String> {
    let name = if file.is_absolute() { file.strip_prefix(root).ok()? } else { file };
    let name = name.to_str()?;
    let is_test = name.contains("tests/")
        || name.ends_with("tests.rs")
        || TESTS.iter().any(|folder| name.starts_with(folder));
    let is_built = name.starts_with("target/");
    (!is_test && !is_built).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with so many lines that were reached, and so many that were not.
    fn shown(name: &str, reached: usize, missed: usize) -> String {
        let lines = (0..reached + missed).map(|n| {
            let hits = u8::from(n < reached);
            format!("    {}|      {hits}|    let a = \"x.rs\";\n", n + 1)
        });
        format!("{name}\n  99|       |}}\n{}\n", lines.collect::<String>())
    }

    fn held(files: &[(&str, usize, usize)]) -> (Vec<String>, usize) {
        let whole = WHOLE.iter().map(|name| shown(&format!("/r/{name}"), 9, 0));
        let text: String =
            whole.chain(files.iter().map(|(name, hit, missed)| shown(name, *hit, *missed))).collect();
        held_to_floors(&text, Path::new("/r"))
    }

    #[test]
    fn what_is_reached_is_counted_over_all_files_that_are_shipped() {
        let others = [
            ("/elsewhere/serde.rs", 0, 900),
            ("/r/sdk/aegis/tests/suite/a.rs", 0, 900),
            ("/r/testkit/src/a.rs", 0, 900),
        ];
        let (said, below) = held(&[&others[..], &[("/r/graphql/src/lib.rs", 46, 20)]].concat());
        assert_eq!((below, said[0].as_str()), (0, "ok    83.3 % of at least 80 %: all, 100 of 120 lines"));
    }

    #[test]
    fn each_floor_is_held() {
        let (said, below) = held(&[("/r/sdk/aegis/src/lib.rs", 100, 100)]);
        assert_eq!(below, 2, "{said:#?}");
        let (said, below) = held(&[("/r/domain/src/wire/chain.rs", 0, 1)]);
        assert_eq!(below, 1);
        assert!(said.last().unwrap().ends_with("chain.rs, 9 of 10 lines; not reached: [1]"), "{said:#?}");
    }

    #[test]
    fn a_file_that_no_longer_exists_is_below_its_floor() {
        assert_eq!(held_to_floors("", Path::new("/r")).1, 2 + WHOLE.len());
    }
}
