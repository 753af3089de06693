//! Replicas whose disk is full: they say so everywhere, and heal by themselves.

use std::path::{Path, PathBuf};

use aegis_testkit::{NatsServer, Proc, ProcBuilder, wait_until};
use serde_json::json;

use crate::history::{SYSTEM, metric, ready, services, until_ready};
use crate::serve::{Serve, configuration};
use crate::subscriptions;
use crate::support::{ControlPlane, PATIENCE};

/// A command whose `folder` is a file system of its own, which has room for so much, after some preparation; none where
/// nobody may mount one.
async fn on_a_small_disk(folder: &Path, kilobytes: u32, prepare: &str) -> Option<ProcBuilder> {
    let own = || Proc::builder("unshare").args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    if !own().args(["mount -t tmpfs tmpfs /mnt"]).spawn().wait_exit(PATIENCE).await.success() {
        eprintln!(
            "not tested: this machine allows nobody to mount a file system in a namespace of their own"
        );
        return None;
    }
    std::fs::create_dir_all(folder).unwrap();
    let folder = folder.display();
    let script = format!(
        "mount -t tmpfs -o size={kilobytes}k tmpfs {folder} && cd {folder} && {prepare} && exec \"$@\""
    );
    Some(own().args([script.as_str(), "sh", env!("CARGO_BIN_EXE_aegis")]))
}

/// The disk as that process sees it.
fn disk_of(process: &Proc, folder: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{}", process.pid(), folder.display()))
}

/// Takes all room there is.
const FILL: &str = "{ cat /dev/zero > filler 2> /dev/null || true; }";

const DEFINITIONS: &str = "{ definitions { nodes { service } } }";

fn define(service: &str) -> String {
    let input = format!("service: \"{service}\", owner: \"o\", description: \"d\", version: \"1.0.0\"");
    format!("mutation {{ define(input: {{ {input} }}) {{ __typename }} }}")
}

/// The services that are defined, in order of their names.
async fn defined(serve: &Serve) -> Vec<String> {
    let (status, answer) = serve.answer(DEFINITIONS).await;
    assert_eq!(status, 200, "{answer}");
    let nodes = answer["data"]["definitions"]["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["service"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_replica_that_starts_on_a_full_disk_answers_says_so_and_serves_when_there_is_room() {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    // A file that a replica has left, to be gone on with.
    let left = Serve::start(&nats.url(), folder.path()).await;
    left.ready().await;
    let _made = left.answer(&define("echo")).await;
    wait_until("a definition", PATIENCE, || async {
        let found = defined(&left).await;
        if found == ["echo"] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    left.stop().await;
    let (config, token) = configuration(folder.path()).await;
    let seed = folder.path().join("data");
    let copy = format!("cp {}/*.sqlite* .", seed.display());
    for (name, prepare) in [("new", FILL.to_owned()), ("left", format!("{copy} && {FILL}"))] {
        let data = folder.path().join(name);
        let Some(process) = on_a_small_disk(&data, 6000, &prepare).await else { return };
        let process = process
            .args(["serve", "--listen", "127.0.0.1:0", "--nats-url", &nats.url()])
            .args([Path::new("--config"), &config, Path::new("--data-dir"), &data])
            .spawn();
        let serve = Serve::of(process, token.clone()).await;
        assert_eq!(serve.get("/healthz").await, (200, "ok\n".to_owned()));
        wait_until("the truth", PATIENCE, || async {
            let (status, body) = serve.readiness().await;
            let words = body.to_string();
            let told = ["database or disk is full", "disk I/O error"].iter().any(|word| words.contains(word));
            match status {
                // What it does not have it does not pretend to have.
                503 if told => {
                    let (status, answer) = serve.answer(DEFINITIONS).await;
                    assert_eq!(status, 503, "{answer}");
                    assert!(answer.to_string().contains("this replica serves nothing until"), "{answer}");
                    Ok(())
                }
                // Nothing of a whole file has to be written before it is read.
                200 if name == "left" => {
                    assert_eq!(defined(&serve).await, ["echo"]);
                    Ok(())
                }
                _ => Err(format!("{status} {words}")),
            }
        })
        .await;
        std::fs::remove_file(disk_of(&serve.process, &data).join("filler")).unwrap();
        serve.ready().await;
        assert_eq!(defined(&serve).await, ["echo"], "{name}");
        serve.stop().await;
    }
}

#[tokio::test]
async fn a_replica_with_a_full_disk_serves_from_memory_and_says_so_and_heals_by_itself() {
    let (nats, folder) = (NatsServer::start().await, tempfile::tempdir().unwrap());
    let Some((control, disk)) = grown(&nats, folder.path(), 6000).await else { return };
    let mut defined = Vec::new();
    for round in 0..3 {
        // What the log of the file gives back while it is folded in is taken, too.
        let fill = |part: usize| {
            let _full = std::fs::write(disk.join(format!("filler-{part}")), vec![7; 8 << 20]);
        };
        let mut told = (false, false, false);
        for n in 0..400 {
            fill(n % 8);
            let service = format!("service-{round}-{n:03}");
            subscriptions::define(&control, &service).await;
            defined.push(service);
            let (status, body) = ready(&control).await;
            told.0 |= status == 503 && body["problems"].to_string().contains("UNWRITABLE");
            let problems = control.query(SYSTEM, json!({})).await["system"]["problems"].to_string();
            told.1 |= problems.contains("served from memory");
            told.2 |= metric(&control, "aegis_projection_unwritten_events").await >= 1.0;
            if told == (true, true, true) {
                break;
            }
        }
        assert_eq!(told, (true, true, true), "/readyz, the API, the metrics");
        defined.sort();
        wait_until("memory to go on", PATIENCE, || async {
            let found = services(&control).await;
            if found == defined { Ok(()) } else { Err(format!("{} of {}", found.len(), defined.len())) }
        })
        .await;
        for part in 0..8 {
            let _absent = std::fs::remove_file(disk.join(format!("filler-{part}")));
        }
        until_ready(&control).await;
        let at = control.query(SYSTEM, json!({})).await["system"]["headSequence"].clone();
        let query =
            "query($at: Long!) { asOf(sequence: $at) { definitions(first: 500) { nodes { service } } } }";
        for _ in 0..12 {
            let told =
                control.query(query, json!({ "at": at })).await["asOf"]["definitions"]["nodes"].clone();
            let count = told.as_array().unwrap().len();
            assert_eq!(count, defined.len(), "as of {at}");
        }
    }
}

/// A control plane whose data folder has room for so much.
async fn grown(nats: &NatsServer, folder: &Path, kilobytes: u32) -> Option<(ControlPlane, PathBuf)> {
    let (data, env_file) = (folder.join("data"), folder.join("env"));
    let process = on_a_small_disk(&data, kilobytes, "true").await?;
    let process = process
        .args(["up", "--port", "0", "--nats-url", &nats.url()])
        .args([Path::new("--data-dir"), &data, Path::new("--env-file"), &env_file])
        .spawn();
    let control = ControlPlane::of(process, &env_file).await;
    let disk = disk_of(&control.process, &data);
    Some((control, disk))
}
