//! Prints what of a crate others can name, a line each, from the JSON that rustdoc has written of it.
//!
//! A program of its own behind a feature: `public-api` asks for a feature of serde_json, with which a build of the whole
//! workspace would have another serde_json than one of a single package, and compile everything twice.

use std::{collections::BTreeSet, error::Error, io::Write as _, path::PathBuf};

use public_api::{Builder, PublicApi};

/// A trait of the compiler's own, which comes with each derived `PartialEq`.
const COMPILERS: &str = "core::marker::StructuralPartialEq";

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args_os().nth(1).ok_or("say: public-api <JSON of rustdoc>")?;
    Ok(std::io::stdout().write_all(listing(json.into())?.as_bytes())?)
}

/// Of implementations:
///
/// - those that a derive has written are one line, without their methods;
/// - blanket ones are left out, since they are the same for all types;
/// - `Send` and `Sync` are told where a type is *not*, which is what breaks a handler that holds it.
fn listing(json: PathBuf) -> Result<String, public_api::Error> {
    let all = Builder::from_rustdoc_json(json).omit_blanket_impls(true);
    let declared = all.clone().omit_auto_trait_impls(true);
    let written = declared.clone().omit_auto_derived_impls(true);
    let written: BTreeSet<String> = lines(&written.build()?).collect();
    let declared: BTreeSet<String> = lines(&declared.build()?).collect();
    let kept = |line: &String| {
        if declared.contains(line) {
            written.contains(line) || (line.starts_with("impl") && !line.contains(COMPILERS))
        } else {
            line.contains(" !core::marker::S")
        }
    };
    // What a crate names in several modules is told where it comes first.
    let mut told = BTreeSet::new();
    let new = |line: &String| told.insert(line.clone());
    Ok(lines(&all.build()?).filter(kept).filter(new).map(|line| line + "\n").collect())
}

fn lines(api: &PublicApi) -> impl Iterator<Item = String> {
    api.items().map(ToString::to_string)
}
