use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Directory under `<target>/tools` where `cargo xtask tools` keeps the pinned server.
const PINNED: &str = "nats-server-2.15.1";

/// Finds the `nats-server` binary: `AEGIS_NATS_SERVER`, then `PATH`, then the pinned one.
///
/// # Errors
/// When there is none; the message says which command provides one.
pub fn nats_server_path() -> Result<PathBuf> {
    if let Some(given) = env::var_os("AEGIS_NATS_SERVER").filter(|value| !value.is_empty()) {
        let given = PathBuf::from(given);
        if !given.is_file() {
            bail!("AEGIS_NATS_SERVER names {}, which does not exist", given.display());
        }
        return Ok(given);
    }
    let search = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&search).map(|folder| folder.join("nats-server"));
    let pinned = target_dir().join("tools").join(PINNED).join("nats-server");
    on_path.chain([pinned.clone()]).find(|candidate| candidate.is_file()).with_context(|| {
        format!(
            "no nats-server: not in AEGIS_NATS_SERVER, not on PATH, not at {}. Run `cargo xtask tools`",
            pinned.display()
        )
    })
}

/// The reverse proxies that `cargo xtask tools` keeps there, each in a folder of its name and version.
const PROXIES: [(&str, &str); 4] =
    [("nginx", "1.31.3"), ("caddy", "2.11.7"), ("traefik", "3.7.15"), ("envoy", "1.40.0")];

/// Finds a reverse proxy by its name: `AEGIS_NGINX` and so on, then the pinned one, then `PATH`.
///
/// # Errors
/// When there is none; the message says which command provides one.
pub fn proxy_path(name: &str) -> Result<PathBuf> {
    let variable = format!("AEGIS_{}", name.to_uppercase());
    if let Some(given) = env::var_os(&variable).filter(|value| !value.is_empty()) {
        let given = PathBuf::from(given);
        if !given.is_file() {
            bail!("{variable} names {}, which does not exist", given.display());
        }
        return Ok(given);
    }
    let version = PROXIES.iter().find(|(proxy, _)| *proxy == name).map(|(_, version)| version);
    let version = version.with_context(|| format!("{name} is none of the proxies of deploy/proxy"))?;
    let pinned = target_dir().join("tools").join(format!("{name}-{version}")).join(name);
    let search = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&search).map(|folder| folder.join(name));
    std::iter::once(pinned.clone()).chain(on_path).find(|candidate| candidate.is_file()).with_context(|| {
        format!(
            "no {name}, so deploy/proxy/{name} is not tried: not in {variable}, not at {}, not on PATH. Run \
             `cargo xtask tools`, or install it",
            pinned.display()
        )
    })
}

/// Finds a binary of this workspace next to the running test executable.
///
/// Building it is the caller's job, because a test cannot know with which options.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn bin(name: &str) -> PathBuf {
    crate::fail::or_fail(find_bin(name))
}

fn find_bin(name: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("path of the running test")?;
    // `target/<profile>/deps/<test>` for tests, `target/<profile>/<bin>` for benches.
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
        .with_context(|| {
            format!(
                "binary `{name}` is not built next to {}: run `cargo build --workspace` first",
                this.display()
            )
        })
}

fn target_dir() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => workspace.join(dir),
        None => workspace.join("target"),
    }
}

#[cfg(test)]
mod tests {
    use super::{find_bin, proxy_path};

    #[test]
    fn a_missing_proxy_names_what_is_not_tried() {
        let error = proxy_path("no-such-proxy").unwrap_err().to_string();
        assert!(error.contains("no-such-proxy"), "{error}");
    }

    #[test]
    fn a_missing_binary_names_the_command_that_builds_it() {
        let error = find_bin("no-such-binary").unwrap_err().to_string();
        assert!(error.contains("cargo build --workspace"), "{error}");
    }
}
