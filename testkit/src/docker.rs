//! Servers in containers, for machines that have Docker and no `nats-server`.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt,
    core::{IntoContainerPort, client::docker_client_instance},
    runners::AsyncRunner,
};

use crate::{
    config::{Ports, Settings},
    fail::fail,
    wait::free_port,
};

const CLIENT: u16 = 4222;
const MONITOR: u16 = 8222;

/// A server in a container; removed on drop.
#[derive(Debug)]
pub(crate) struct Container(ContainerAsync<GenericImage>);

impl Container {
    /// Runs `docker <verb> <container>`: unlike the library's calls it is synchronous, as for a
    /// local process, and it knows `kill`.
    pub(crate) fn act(&self, verb: &str) {
        let outcome = Command::new("docker")
            .args([verb, self.0.id()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output();
        match outcome {
            Ok(output) if output.status.success() => {}
            // Killing what does not run is no failure, as for a local server.
            Ok(output) if verb == "kill" => {
                eprintln!("docker kill: {}", String::from_utf8_lossy(&output.stderr));
            }
            Ok(output) => fail(format_args!("docker {verb}: {}", String::from_utf8_lossy(&output.stderr))),
            Err(error) => fail(format_args!("cannot run the docker command: {error}")),
        }
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        let output = Command::new("docker").args(["logs", self.0.id()]).output();
        output.map_or_else(
            |error| format!("docker logs: {error}"),
            |output| String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}

/// Starts a container if the environment asks for one and an engine answers; says why if not.
pub(crate) async fn launch(settings: &Settings, data: &Path) -> Result<Option<(Container, Ports)>> {
    if env::var("AEGIS_TEST_NATS").as_deref() != Ok("docker") {
        return Ok(None);
    }
    if let Err(why) = engine_answers().await {
        eprintln!(
            "AEGIS_TEST_NATS=docker, but no Docker engine answers ({why}): using the local nats-server"
        );
        return Ok(None);
    }
    let image = env::var("AEGIS_TEST_NATS_IMAGE").unwrap_or_else(|_unset| "nats:2.12".to_owned());
    let (name, tag) = image.rsplit_once(':').unwrap_or((&image, "latest"));
    // Fixed host ports, so that the server keeps its URL over a restart.
    let ports = Ports { client: Some(free_port()), monitor: Some(free_port()) };
    let inside = Ports { client: Some(CLIENT), monitor: Some(MONITOR) };
    let config = settings.render("0.0.0.0", inside, Path::new("/data"));
    std::fs::write(data.join("nats.conf"), &config)?;
    let container = GenericImage::new(name, tag)
        .with_copy_to("/aegis.conf", config.into_bytes())
        .with_cmd(["--config", "/aegis.conf"])
        .with_mapped_port(ports.client.unwrap_or_default(), CLIENT.tcp())
        .with_mapped_port(ports.monitor.unwrap_or_default(), MONITOR.tcp())
        .start()
        .await
        .with_context(|| format!("start a container of {image}"))?;
    Ok(Some((Container(container), ports)))
}

async fn engine_answers() -> Result<()> {
    let docker = docker_client_instance().await?;
    docker.ping().await?;
    Ok(())
}
