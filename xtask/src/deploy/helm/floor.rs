//! Control plane and trading floor on a NATS of the chart, as processes.

use std::{path::Path, process::Child, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::{
    cluster::Cluster,
    pods::{Binaries, Container, Manifests, Moves, Pod, run_to_end, text},
};
use crate::{deploy::http::ask, output::say};

const PLANE: &str = "aegis-control-plane";
const HTTP: u64 = 8080;
/// What `aegis serve` may take after SIGTERM.
const STOP: Duration = Duration::from_secs(5);
/// How often services are looked at, and started where they have ended.
const STARTS: usize = 3;

/// Control plane and services on a cluster.
pub(super) struct Floor<'a> {
    all: &'a Manifests,
    binaries: &'a Binaries,
    place: &'a Path,
    /// Names of nodes.
    names: Moves,
    plane: Vec<Pod>,
    _services: Vec<Pod>,
}

impl<'a> Floor<'a> {
    pub(super) fn start(
        all: &'a Manifests,
        binaries: &'a Binaries,
        place: &'a Path,
        cluster: &Cluster<'_>,
    ) -> Result<Self> {
        let (mut plane, mut services) = (vec![], vec![]);
        for deployment in all.of_kind("Deployment") {
            let name = text(&deployment["metadata"]["name"])?;
            for index in 0..deployment["spec"]["replicas"].as_u64().context("a number of replicas")? {
                let spec = &deployment["spec"]["template"]["spec"];
                let mut pod = Pod::new(&format!("{name}-{index}"), spec, place)?;
                pod.start(spec, all, binaries, &cluster.names)?;
                if name == PLANE {
                    plane.push(pod);
                } else {
                    services.push((pod, spec));
                }
            }
        }
        for pod in &mut plane {
            pod.wait_for("startupProbe")?;
            pod.wait_for("readinessProbe")?;
        }
        // As Kubernetes does: a service ends when it comes before the control plane has made the streams, and is started again.
        for _ in 0..STARTS {
            thread::sleep(Duration::from_secs(1));
            for (pod, spec) in &mut services {
                if !pod.is_running() {
                    pod.start(spec, all, binaries, &cluster.names)?;
                }
            }
        }
        thread::sleep(Duration::from_secs(1));
        for (pod, _) in &mut services {
            ensure!(pod.is_running(), "{} does not stay up: its log is {}", pod.name, pod.log().display());
        }
        say(format_args!("{} replicas of the control plane, {} services", plane.len(), services.len()));
        let _services = services.into_iter().map(|(pod, _)| pod).collect();
        Ok(Self { all, binaries, place, names: cluster.names.clone(), plane, _services })
    }

    /// Both tokens of the Secret are known by their hashes, and no other is.
    pub(super) fn check_tokens(&self) -> Result<()> {
        let tokens = self.all.secret(PLANE)?;
        let address = self.plane[0].address(HTTP)?;
        let admin = tokens.get("admin.token").context("no token of admin")?;
        let metrics = tokens.get("metrics.token").context("no token for metrics")?;
        for (path, token, expected) in [
            ("/api/system", Some(admin.as_str()), 200),
            ("/metrics", Some(metrics.as_str()), 200),
            ("/metrics", Some("wrong"), 401),
            ("/metrics", None, 401),
        ] {
            let (status, body) = ask(&format!("http://{address}{path}"), token)?;
            ensure!(status == expected, "{path} answers {status} and not {expected}: {body}");
        }
        Ok(())
    }

    /// Whether every replica of the control plane is ready at this moment.
    pub(super) fn is_ready(&self) -> bool {
        self.plane.iter().all(Pod::is_ready)
    }

    /// The pods of `helm test`.
    pub(super) fn helm_test(&self) -> Result<()> {
        let mut names = self.names.clone();
        names.push(("http://aegis".to_owned(), format!("http://{}", self.plane[0].address(HTTP)?)));
        let tests: Vec<_> = self.all.of_kind("Pod").collect();
        ensure!(tests.len() == 2, "{} pods are tests", tests.len());
        tests.into_iter().try_for_each(|test| {
            run_to_end(test, self.all, self.binaries, self.place, &names).map(|told| say(told.trim_end()))
        })
    }

    /// As the Deployment does: a new replica beside the old ones, and an old one goes once the new one is ready.
    pub(super) fn roll_control_plane(&mut self) -> Result<()> {
        let spec = &self.all.get("Deployment", PLANE)?["spec"]["template"]["spec"];
        for index in 0..self.plane.len() {
            let mut new = Pod::new(&format!("{PLANE}-new-{index}"), spec, self.place)?;
            new.start(spec, self.all, self.binaries, &self.names)?;
            new.wait_for("readinessProbe")?;
            ensure!(self.is_ready(), "a new replica makes others unready");
            let mut old = std::mem::replace(&mut self.plane[index], new);
            old.signal(Signal::TERM)?;
            let (status, took) = old.ended(STOP)?;
            ensure!(status.success(), "{} ended with {status}", old.name);
            ensure!(self.is_ready(), "an old replica takes others with it");
            say(format_args!("{} left after {:.1} s", old.name, took.as_secs_f64()));
        }
        self.check_tokens()
    }

    /// Begins to send orders, with the environment of a test.
    pub(super) fn orders(&self) -> Result<Child> {
        let test = self.all.get("Pod", "aegis-test-failover")?;
        let first = test["spec"]["initContainers"][0].clone();
        ensure!(first["name"] == "first-order", "the test begins with {}", first["name"]);
        let mut orders = first;
        let every = [
            "trader",
            "loop",
            "--account",
            "ACC-4",
            "--price",
            "1.10",
            "--every",
            "100ms",
            "--timeout",
            "3s",
        ];
        orders["args"] = every.into();
        let mut run = Container::new(&orders, "orders", self.all)?.command(self.binaries, &self.names)?;
        // Apart: what became of orders is read, and the log says other things in between.
        let told = std::fs::File::create(self.place.join("orders.out"))?;
        let log = std::fs::File::create(self.place.join("orders.log"))?;
        run.stdout(told).stderr(log).spawn().context("orders")
    }

    /// Ends them. Orders went on, and went on to the end.
    pub(super) fn check_orders(&self, mut orders: Child) -> Result<()> {
        thread::sleep(Duration::from_secs(5));
        let id = i32::try_from(orders.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("a process id")?;
        rustix::process::kill_process(id, Signal::INT)?;
        orders.wait()?;
        let told = std::fs::read_to_string(self.place.join("orders.out"))?;
        let mut lines = told.lines().rev();
        let summary =
            lines.next().filter(|line| line.starts_with("sent=")).context("no summary of orders")?;
        say(summary);
        let figure = |name: &str| -> Result<u64> {
            let found =
                summary.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.and_then(|value| value.parse().ok()).with_context(|| format!("no {name} in {summary}"))
        };
        let (ok, gap) = (figure("ok")?, figure("longest_gap_ms")?);
        ensure!(ok > 50 && gap < 30_000, "orders did not go on: {summary}");
        let last = lines.next().unwrap_or_default();
        ensure!(last.starts_with("ok "), "the last order was not executed: {last}");
        Ok(())
    }
}
