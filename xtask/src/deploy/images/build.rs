//! Builds the images with static binaries of this machine. The stages of the Dockerfiles that compile need base images of a
//! registry; the last stage is the same.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use super::{IMAGES, Image, engine::Engine};
use crate::{
    command::{capture, cargo, command, run},
    web,
    workspace::{root, target},
};

/// The tag of what is built here.
pub(in crate::deploy) const TAG: &str = "check";
/// Authorities that clients know, on Debian and its kin.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Image {
    pub(in crate::deploy) fn tagged(&self) -> String {
        format!("{}:{TAG}", self.name)
    }
}

pub(in crate::deploy) fn all(engine: &Engine) -> Result<()> {
    let binaries = static_binaries()?;
    for image in &IMAGES {
        let folder = target().join("deploy/images").join(image.name);
        let out = folder.join("out");
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(out.join("var/lib/aegis"))?;
        fs::create_dir_all(out.join("etc/ssl/certs"))?;
        run(command("strip").arg("-o").arg(out.join(image.name)).arg(binaries.join(image.name)))?;
        fs::copy(AUTHORITIES, out.join("etc/ssl/certs/ca-certificates.crt")).context(AUTHORITIES)?;
        let archive = folder.join("out.tar");
        run(command("tar").arg("-C").arg(&folder).arg("-cf").arg(&archive).arg("out"))?;
        let from = format!("{}-binaries:{TAG}", image.name);
        run(engine.docker(&["import"]).arg(&archive).arg(&from))?;
        let mut build = engine.docker(&["build", "--file", image.dockerfile, "--tag", &image.tagged()]);
        build.args(["--build-arg", &format!("BINARIES={from}"), "--build-arg", "VERSION=1.2.3"]);
        run(build.args(["--build-arg", "REVISION=checked", "."]).current_dir(root()))?;
    }
    Ok(())
}

/// Built for the machine's own target by name: then the flag is not for build scripts and macros.
fn static_binaries() -> Result<PathBuf> {
    let triple = capture(command("rustc").args(["--print", "host-tuple"]))?;
    let triple = triple.trim();
    // The page first, because the binary embeds it.
    web::build()?;
    let mut build = cargo(&["build", "--release", "--locked", "--target", triple]);
    build.args(IMAGES.iter().flat_map(|image| ["--package", image.package]));
    run(build.env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    Ok(target().join(triple).join("release"))
}
