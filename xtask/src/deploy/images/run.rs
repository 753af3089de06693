//! Runs the images as a cluster would: read-only, as nobody, without capabilities; asks them to end, and holds them to the time
//! that they have for it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use tempfile::TempDir;

use super::{IMAGES, engine::Engine, stand_in};
use crate::{
    command::{capture, run},
    output::say,
};

const HEALTHY: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(200);
const NETWORK: &str = "aegis-check";
/// Containers, and how long each may take to end.
const REPLICA: (&str, Duration) = ("aegis-check-replica", Duration::from_secs(5));
const SERVICE: (&str, Duration) = ("aegis-check-service", Duration::from_secs(12));
const NATS: &str = "aegis-check-nats";
const URL: &str = "NATS_URL=nats://aegis-check-nats:4222";
const CONFINED: [&str; 7] = [
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--user=65532:65532",
    "--network",
    NETWORK,
    "--env",
];

pub(super) fn check(engine: &Engine) -> Result<()> {
    let scene = Scene::set(engine)?;
    scene.start(&IMAGES[0].tagged(), REPLICA.0, &scene.configuration()?, &[])?;
    scene.await_healthy(REPLICA.0)?;
    ensure!(
        scene.user_of(REPLICA.0)? == "65532",
        "the replica runs as the user {}, and should as 65532",
        scene.user_of(REPLICA.0)?
    );
    scene.start(&IMAGES[1].tagged(), SERVICE.0, &[], &["trading", "--instance", "trading-service-1"])?;
    say(format_args!("an order: {}", scene.order()?));
    for container in [SERVICE, REPLICA] {
        scene.end(container)?;
    }
    Ok(())
}

#[derive(Debug)]
struct Scene<'a> {
    engine: &'a Engine,
    folder: TempDir,
}

impl<'a> Scene<'a> {
    fn set(engine: &'a Engine) -> Result<Self> {
        let scene = Self { engine, folder: tempfile::tempdir()? };
        scene.clear();
        run(&mut engine.docker(&["network", "create", NETWORK]))?;
        let nats = stand_in::nats(engine)?.tag;
        let server = ["nats-server", "--jetstream", "--store_dir", "/data"];
        run(engine
            .docker(&["run", "-d", "--name", NATS, "--network", NETWORK, "--tmpfs", "/data", &nats])
            .args(server))?;
        Ok(scene)
    }

    /// A file of configuration with a token, and how it is mounted.
    fn configuration(&self) -> Result<[String; 2]> {
        let token = self.engine.ask(&[
            "run",
            "--rm",
            &IMAGES[0].tagged(),
            "token",
            "--name",
            "check",
            "--role",
            "admin",
        ])?;
        let file = self.folder.path().join("aegis.toml");
        fs::write(&file, format!("listen = \"0.0.0.0:8080\"\ndata_dir = \"/var/lib/aegis\"\n{token}\n"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
        Ok(["--volume".to_owned(), format!("{}:/etc/aegis/aegis.toml:ro", file.display())])
    }

    fn start(&self, image: &str, name: &str, more: &[String], arguments: &[&str]) -> Result<()> {
        let mut start = self.engine.docker(&["run", "--detach", "--name", name]);
        start.args(CONFINED).arg(URL).args(more).arg(image).args(arguments);
        run(&mut start)
    }

    fn await_healthy(&self, name: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.engine.ask(&["inspect", "--format", "{{.State.Health.Status}}", name])?.as_str() {
                "healthy" => {
                    say(format_args!("{name} is healthy after {:.1} s", begun.elapsed().as_secs_f64()));
                    return Ok(());
                }
                _ if begun.elapsed() < HEALTHY => thread::sleep(TICK),
                other => bail!(
                    "{name} is {other} after {HEALTHY:?}: {}",
                    self.engine.ask(&["logs", "--tail", "20", name])?
                ),
            }
        }
    }

    fn user_of(&self, name: &str) -> Result<String> {
        // It wants the process to be told, too.
        let told = self.engine.ask(&["top", name, "-o", "pid,uid"])?;
        let user = told.lines().nth(1).and_then(|line| line.split_whitespace().nth(1));
        Ok(user.unwrap_or_default().to_owned())
    }

    /// Sent by a caller in a container of its own, by the name of the server.
    fn order(&self) -> Result<String> {
        let mut order = self.engine.docker(&["run", "--rm"]);
        order.args(CONFINED).args([URL, &IMAGES[1].tagged(), "trader", "order"]);
        let told = capture(order.args(["--account", "ACC-1", "--price", "1.1", "--timeout", "20s"]))?;
        Ok(told.trim_end().to_owned())
    }

    /// SIGTERM to the first process, which has to end by itself.
    fn end(&self, (name, allowed): (&str, Duration)) -> Result<()> {
        let begun = Instant::now();
        self.engine.ask(&["stop", "--time", "60", name])?;
        let took = begun.elapsed();
        let code = self.engine.ask(&["inspect", "--format", "{{.State.ExitCode}}", name])?;
        ensure!(
            code == "0",
            "{name} ended with {code}: {}",
            self.engine.ask(&["logs", "--tail", "20", name])?
        );
        ensure!(took <= allowed, "{name} took {took:.1?} to end, and {allowed:?} are allowed");
        say(format_args!(
            "{name} ended by itself {:.1} s after SIGTERM, of {allowed:?} allowed",
            took.as_secs_f64()
        ));
        Ok(())
    }

    fn clear(&self) {
        for name in [REPLICA.0, SERVICE.0, NATS] {
            // Absent, mostly.
            capture(&mut self.engine.docker(&["rm", "--force", "--volumes", name])).ok();
        }
        capture(&mut self.engine.docker(&["network", "rm", NETWORK])).ok();
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
