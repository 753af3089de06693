//! No program without a run, no chapter without a program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::RUN;
use crate::program::folder;

/// Pages of the guide that are no chapters: contents, and collections of what the chapters tell.
const NO_CHAPTERS: [&str; 3] = ["README.md", "cookbook.md", "reference.md"];
/// What a page says before the name of its program.
const NAMED: &str = "cargo run -p aegis-sdk --example ";

fn programs() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let programs = entries.filter(|path| {
        path.join("main.rs").is_file() || path.extension().is_some_and(|ending| ending == "rs")
    });
    programs.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// The programs that a page names, as the reader would start them.
fn named(page: &str) -> BTreeSet<String> {
    let ends = |sign: char| !sign.is_alphanumeric() && sign != '_';
    let page = page.replace("--release ", "").split_whitespace().collect::<Vec<_>>().join(" ");
    page.split(NAMED).skip(1).filter_map(|rest| rest.split(ends).next()).map(str::to_owned).collect()
}

#[test]
fn every_program_is_run() {
    let run: BTreeSet<_> = RUN.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(run, programs());
}

#[test]
fn every_chapter_names_its_program_and_every_program_is_named() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let guide = fs::read_dir(docs.join("guide")).unwrap().map(|entry| entry.unwrap().path());
    let chapters = guide.filter(|page| !NO_CHAPTERS.iter().any(|other| page.ends_with(other)));
    let programs = programs();
    let mut all = BTreeSet::new();
    for page in chapters.chain([docs.join("journal.md")]) {
        let named = named(&fs::read_to_string(&page).unwrap());
        assert!(!named.is_empty(), "{}: no `{NAMED}NAME`", page.display());
        let unknown: Vec<_> = named.difference(&programs).collect();
        assert!(unknown.is_empty(), "{} names what is no program: {unknown:?}", page.display());
        all.extend(named);
    }
    let unnamed: Vec<_> = programs.difference(&all).collect();
    assert!(unnamed.is_empty(), "no chapter names {unnamed:?}");
}
