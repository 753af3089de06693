//! The configuration we tell people to deploy, run for real.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

use std::{fs, path::Path, time::Duration};

use aegis_testkit::{Proc, ProcBuilder, free_port, get, nats_server_path, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

fn shipped(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/nats").join(name);
    fs::read_to_string(file).unwrap()
}

/// The variables that a configuration takes passwords from.
fn passwords(auth: &str) -> impl Iterator<Item = &str> {
    auth.split_whitespace()
        .filter_map(|word| word.strip_prefix('$'))
        .filter(|word| word.starts_with("NATS_PASSWORD_"))
}

/// A server with the shipped file, its environment, and ports that are free here.
fn server(folder: &Path, index: usize, ports: [u16; 3], routes: &str) -> ProcBuilder {
    let (mut text, auth) = (shipped("nats-server.conf"), shipped("auth.conf"));
    for (theirs, ours) in [4222, 8222, 6222].into_iter().zip(ports) {
        let (theirs, ours) = (format!("0.0.0.0:{theirs}"), format!("127.0.0.1:{ours}"));
        assert!(text.contains(&theirs), "{theirs} is gone");
        text = text.replace(&theirs, &ours);
    }
    let own = folder.join(index.to_string());
    fs::create_dir(&own).unwrap();
    let file = own.join("nats-server.conf");
    fs::write(&file, text).unwrap();
    fs::write(own.join("auth.conf"), &auth).unwrap();
    let server = Proc::builder(nats_server_path().unwrap())
        .args(["-c".into(), file.into_os_string()])
        .env("NATS_NODE", format!("n{index}"))
        .env("NATS_TAG", format!("\"node:n{index}\""))
        .env("NATS_STORE", folder.join(format!("data-{index}")))
        .env("NATS_CLUSTER_USER", "nodes")
        .env("NATS_CLUSTER_PASS", "secret")
        .env("NATS_ROUTES", routes);
    passwords(&auth).fold(server, |server, variable| server.env(variable, "secret"))
}

fn ports() -> [u16; 3] {
    [free_port(), free_port(), free_port()]
}

#[tokio::test]
async fn the_shipped_configuration_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let check = server(folder.path(), 1, ports(), "[]").arg("-t").spawn();
    check.wait_for_line(|line| line.contains("is valid"), LIMIT).await;
    assert!(check.wait_exit(LIMIT).await.success());
}

#[tokio::test]
async fn three_nodes_with_the_shipped_configuration_form_a_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let all = [ports(), ports(), ports()];
    let routes: Vec<String> =
        all.iter().map(|[.., route]| format!("nats://nodes:secret@127.0.0.1:{route}")).collect();
    let routes = format!("{routes:?}");
    let nodes: Vec<Proc> = all
        .iter()
        .zip(1..)
        .map(|(ports, index)| server(folder.path(), index, *ports, &routes).spawn())
        .collect();
    for ([_, monitor, _], index) in all.iter().zip(1..) {
        let url = format!("http://127.0.0.1:{monitor}");
        wait_until(&format!("node {index} to be in the cluster"), LIMIT, async || {
            if let Some(node) = nodes.iter().find(|node| node.exit_status().is_some()) {
                return Err(format!("a node ended: {:?}", node.lines()));
            }
            let health = get(&format!("{url}/healthz")).await.map_err(|e| format!("{e:#}"))?;
            let jsz = get(&format!("{url}/jsz")).await.map_err(|e| format!("{e:#}"))?.body;
            let complete = health.status == 200 && jsz.contains("\"cluster_size\": 3");
            if complete { Ok(()) } else { Err(format!("{} {}\n{jsz}", health.status, health.body)) }
        })
        .await;
        let varz = get(&format!("{url}/varz")).await.unwrap().body;
        assert!(varz.contains(&format!("\"node:n{index}\"")), "{varz}");
        assert!(varz.contains("\"sync_interval\": 10000000000"), "{varz}");
    }
}
