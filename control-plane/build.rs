//! The page is embedded, so a new build of it is a new build of this crate.

use std::path::Path;

/// Set to build a release without the page on purpose, for the command line and the API alone.
const WITHOUT: &str = "AEGIS_WITHOUT_PAGE";

fn main() {
    println!("cargo::rerun-if-changed=../web/dist");
    println!("cargo::rerun-if-env-changed={WITHOUT}");
    if Path::new("../web/dist/index.html").is_file() {
        return;
    }
    let text = "the page is not built, so this binary will serve none: run `npm ci --ignore-scripts && npm run build` in web/ first, \
                or `cargo xtask up --release`, which does it";
    // What is released and what is tried out in passing are told apart by their profile.
    let released = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if released && std::env::var_os(WITHOUT).is_none() {
        println!("cargo::error={text}; or set {WITHOUT}=1 to do without");
    } else {
        println!("cargo::warning={text}");
    }
}
