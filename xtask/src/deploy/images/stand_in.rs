//! Images that a registry would give, made of programs of this machine: for tests, and for nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::engine::Engine;
use crate::{
    command::{capture, command, run},
    deploy::debian,
    proxies, tools,
    workspace::target,
};

/// An image of one program, with the one tool that health checks call.
#[derive(Debug)]
pub(in crate::deploy) struct StandIn {
    pub(in crate::deploy) tag: String,
}

pub(in crate::deploy) fn nats(engine: &Engine) -> Result<StandIn> {
    make(engine, "nats", &tools::nats_server()?, &["nats-server"], "0:0")
}

pub(in crate::deploy) fn caddy(engine: &Engine) -> Result<StandIn> {
    proxies::fetch()?;
    let start = ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"];
    make(engine, "caddy", &proxies::caddy()?, &start, "0:0")
}

pub(in crate::deploy) fn prometheus(engine: &Engine) -> Result<StandIn> {
    let program = debian::program("prometheus", "usr/bin/prometheus")?;
    make(engine, "prometheus", &program, &[], "65534:65534")
}

fn make(engine: &Engine, name: &str, program: &Path, start: &[&str], user: &str) -> Result<StandIn> {
    let folder = target().join("deploy/stand-ins").join(name);
    fs::remove_dir_all(&folder).ok();
    let root = folder.join("root");
    fs::create_dir_all(root.join("bin"))?;
    // What volumes are laid over keeps its owner.
    fs::create_dir_all(root.join("prometheus"))?;
    fs::copy(program, root.join("bin").join(name_of(program)?))?;
    for library in libraries(program) {
        let place = root.join(library.strip_prefix("/")?);
        fs::create_dir_all(place.parent().context("a library has a folder")?)?;
        fs::copy(&library, place)?;
    }
    fs::copy(debian::program("busybox-static", "bin/busybox")?, root.join("bin/wget"))?;
    let archive = folder.join("root.tar");
    let (uid, gid) = user.split_once(':').context("a user has a group")?;
    let mut pack = command("tar");
    pack.args(["--owner", uid, "--group", gid, "-C"]).arg(&root).arg("-cf").arg(&archive).arg(".");
    run(&mut pack)?;
    let tag = format!("stand-in-{name}:check");
    let mut import =
        engine.docker(&["import", "--change", "ENV PATH=/bin", "--change", &format!("USER {user}")]);
    if start.is_empty() {
        import.args(["--change", &format!("ENTRYPOINT [\"/bin/{name}\"]")]);
    } else {
        import.args(["--change", &format!("CMD {}", serde_json::to_string(start)?)]);
    }
    run(import.arg(&archive).arg(&tag))?;
    Ok(StandIn { tag })
}

fn name_of(program: &Path) -> Result<&std::ffi::OsStr> {
    program.file_name().context("a program has a name")
}

/// What a program is linked to; nothing, if it is static.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let told = capture(command("ldd").arg(program)).unwrap_or_default();
    let words = told.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    words.map(PathBuf::from).collect()
}
