//! `cargo xtask up` with stand-ins for the binaries it runs: starting, failing, and leaving nothing
//! behind however it ends.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const LIMIT: Duration = Duration::from_secs(20);

/// Reports like the real one, then waits; its NATS is a child of its own. Like any Rust program it
/// ignores SIGPIPE: when xtask is killed, nobody reads its output any more.
const AEGIS: &str = r#"#!/bin/sh
trap '' PIPE
while [ $# -gt 0 ]; do case "$1" in --env-file) file=$2; shift;; esac; shift; done
sleep 1000 & nats=$!
trap 'echo stopping; kill $nats; exit 0' TERM
printf 'AEGIS_URL=http://127.0.0.1:1\nAEGIS_TOKEN=a=b\nAEGIS_LOGIN_URL=http://127.0.0.1:1/l\nNATS_URL=nats://127.0.0.1:2\nAEGIS_PID=%s\nNATS_PID=%s\n' $$ $nats > "$file.new"
mv "$file.new" "$file"
echo aegis speaks
wait
"#;
const TRADING: &str = "#!/bin/sh\necho \"$@ on $NATS_URL\"\nexec sleep 1000\n";

struct Up {
    folder: tempfile::TempDir,
    child: Child,
}

impl Up {
    fn start(aegis: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        script(&folder.path().join("aegis"), aegis);
        script(&folder.path().join("aegis-trading"), TRADING);
        script(&folder.path().join("nats-server"), "#!/bin/sh\necho nats-server: v2.99.0\n");
        let child = Command::new(env!("CARGO_BIN_EXE_aegis-xtask"))
            .args(["up", "--port", "0", "--prebuilt"])
            .arg(folder.path())
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("--env-file")
            .arg(folder.path().join("env"))
            .env("AEGIS_NATS_SERVER", folder.path().join("nats-server"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { folder, child }
    }

    fn env_file(&self) -> PathBuf {
        self.folder.path().join("env")
    }

    fn env(&self) -> BTreeMap<String, String> {
        let text = eventually("the environment file", || fs::read_to_string(self.env_file()).ok());
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Every process that belongs to the stack.
    fn pids(&self) -> Vec<i32> {
        let env = self.env();
        let pids = env.iter().filter(|(key, _)| key.ends_with("_PID") && *key != "XTASK_PID");
        pids.map(|(_, pid)| pid.parse().unwrap()).collect()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(&mut self) -> (ExitStatus, String) {
        let status = eventually("xtask to end", || self.child.try_wait().unwrap());
        let mut text = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status, text)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn everything_is_reported_and_a_signal_stops_everything() {
    let mut up = Up::start(AEGIS);
    let env = up.env();
    assert_eq!(env["AEGIS_TOKEN"], "a=b");
    assert_eq!(env["XTASK_PID"], up.child.id().to_string());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&up.env_file()), mode(&up.folder.path().join("data"))), (0o600, 0o700));
    let pids = up.pids();
    assert_eq!(pids.len(), 9, "{env:?}");
    assert!(pids.iter().all(|pid| runs(*pid)));

    up.signal(Signal::INT);
    let (status, text) = up.end();
    assert!(status.success(), "{status}\n{text}");
    assert!(text.contains("Aegis is ready in"), "{text}");
    assert!(
        text.contains("trading-service-3     | trading --instance trading-service-3 on nats://127.0.0.1:2"),
        "{text}"
    );
    assert!(text.contains("aegis                 | stopping"), "{text}");
    all_gone(&pids);
    assert!(!up.env_file().exists());
}

#[test]
fn nothing_outlives_a_killed_xtask() {
    let mut up = Up::start(AEGIS);
    let pids = up.pids();
    up.child.kill().unwrap();
    all_gone(&pids);
    up.child.wait().unwrap();
}

#[test]
fn the_death_of_the_control_plane_ends_everything_and_is_told() {
    let mut up = Up::start(AEGIS);
    let pids = up.pids();
    let aegis = up.env()["AEGIS_PID"].parse().unwrap();
    kill_process(Pid::from_raw(aegis).unwrap(), Signal::KILL).unwrap();
    let (status, text) = up.end();
    assert_eq!((status.code(), status.signal()), (Some(1), None), "{text}");
    assert!(text.contains("aegis ended with signal: 9"), "{text}");
    assert!(text.contains("\n  aegis speaks"), "{text}");
    all_gone(&pids);
}

#[test]
fn a_control_plane_that_cannot_start_is_told_with_its_own_words() {
    let mut up = Up::start("#!/bin/sh\necho port is taken >&2\nexit 3\n");
    let (status, text) = up.end();
    assert_eq!(status.code(), Some(1));
    assert!(text.contains("ended with exit status: 3") && text.contains("port is taken"), "{text}");
}

#[test]
fn a_killed_demo_service_comes_back_and_is_reported_anew() {
    let mut up = Up::start(AEGIS);
    let key = "TRADING_SERVICE_1_PID";
    let before = up.env()[key].clone();
    kill_process(Pid::from_raw(before.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    let after = eventually("the service to be back", || up.env().remove(key).filter(|pid| *pid != before));
    assert!(runs(after.parse().unwrap()));
    let pids = up.pids();
    up.signal(Signal::TERM);
    let (status, text) = up.end();
    assert!(status.success(), "{text}");
    assert!(text.contains("trading-service-1 ended with signal: 9"), "{text}");
    all_gone(&pids);
}

fn script(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn runs(pid: i32) -> bool {
    // A zombie has ended; its parent may just not have looked yet.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn all_gone(pids: &[i32]) {
    for &pid in pids {
        eventually(&format!("process {pid} to be gone"), || (!runs(pid)).then_some(()));
    }
}

/// This package knows no other, the test kit included, so that it compiles fast.
fn eventually<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {LIMIT:?} for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
