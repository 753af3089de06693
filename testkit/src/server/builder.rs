use std::{path::PathBuf, sync::Mutex};

use anyhow::Result;

use super::NatsServer;
use crate::{
    config::{Member, Settings},
    data_dir::DataDir,
    fail::or_fail,
};

/// Options for a [`NatsServer`].
#[derive(Debug, Default)]
pub struct NatsServerBuilder {
    settings: Settings,
    store: Option<PathBuf>,
    local: bool,
}

impl NatsServerBuilder {
    /// Whether JetStream is on; it is by default.
    #[must_use]
    pub fn jetstream(mut self, on: bool) -> Self {
        self.settings.jetstream = on;
        self
    }

    /// Adds top-level lines to the configuration file.
    #[must_use]
    pub fn config(mut self, lines: impl Into<String>) -> Self {
        self.settings.lines.push(lines.into());
        self
    }

    /// Adds lines inside the `jetstream` block, such as `sync_interval: always`.
    #[must_use]
    pub fn jetstream_config(mut self, lines: impl Into<String>) -> Self {
        self.settings.jetstream_lines.push(lines.into());
        self
    }

    /// Keeps the data in `folder`, which the kit never deletes.
    #[must_use]
    pub fn store_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store = Some(folder.into());
        self
    }

    /// A process of this machine even where containers are asked for: for tests that look at its id
    /// or its files.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    /// When there is no `nats-server` or it does not become ready.
    pub async fn start(self) -> NatsServer {
        let server = or_fail(self.build().await);
        server.ready().await;
        server
    }

    pub(crate) fn member(mut self, member: Member) -> Self {
        self.settings.member = Some(member);
        self
    }

    /// A launched server that may not be ready yet.
    pub(crate) async fn build(self) -> Result<NatsServer> {
        let data = DataDir::create(self.store)?;
        #[cfg(feature = "docker")]
        let (container, ports) = if self.local || self.settings.member.is_some() {
            (None, None)
        } else {
            crate::docker::launch(&self.settings, data.path()).await?.unzip()
        };
        #[cfg(feature = "docker")]
        let running = container.is_some();
        #[cfg(not(feature = "docker"))]
        let (ports, running) = (None, !self.local && docker_is_asked_but_absent());
        let server = NatsServer {
            process: Mutex::new(None),
            #[cfg(feature = "docker")]
            container,
            settings: self.settings,
            ports: Mutex::new(ports.unwrap_or_default()),
            data,
        };
        if !running {
            server.launch().await?;
        }
        Ok(server)
    }
}

/// Always `false`; says so when the environment asked for Docker in vain.
#[cfg(not(feature = "docker"))]
fn docker_is_asked_but_absent() -> bool {
    if std::env::var("AEGIS_TEST_NATS").is_ok_and(|value| value == "docker") {
        eprintln!(
            "AEGIS_TEST_NATS=docker, but aegis-testkit was built without its feature `docker`: using the local nats-server"
        );
    }
    false
}
