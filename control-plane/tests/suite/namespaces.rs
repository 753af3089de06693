//! Two installations on one NATS: nothing of the one is seen in the other, by command line, page or service.

use aegis_domain::wire::Namespace;
use aegis_sdk::{Fault, Service, ServiceConfig};
use aegis_testkit::{NatsServer, Proc, wait_until};
use serde_json::json;

use crate::support::{ControlPlane, PATIENCE, aegis};

const INSTANCES: &str = "{ instances(first: 10) { nodes { instance } } }";

async fn service(nats: &NatsServer, namespace: &Namespace) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(format!("desk-{}", namespace.as_str()).parse().unwrap());
    config.nats_url = nats.url();
    namespace.as_str().clone_into(&mut config.namespace);
    config.groups = vec!["ACC-1".parse().unwrap()];
    Service::builder(config).exclusive("who", |_, (): ()| async { Ok::<_, Fault>(()) }).start().await.unwrap()
}

#[tokio::test]
async fn every_command_and_the_page_speak_of_the_namespace_that_they_were_given() {
    let nats = NatsServer::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mine = ControlPlane::start(&nats, folders[0].path()).await;
    let env_file = folders[1].path().join("env");
    let process = aegis()
        .args(["up", "--port", "0", "--nats-url", &nats.url(), "--namespace", "dev"])
        .args(["--data-dir".as_ref(), folders[1].path().as_os_str()])
        .args(["--env-file".as_ref(), env_file.as_os_str()])
        .spawn();
    let theirs = ControlPlane::of(process, &env_file).await;
    assert!(std::fs::read_to_string(&env_file).unwrap().contains("AEGIS_NAMESPACE=dev\n"));
    let services =
        [service(&nats, &Namespace::default()).await, service(&nats, &Namespace::new("dev").unwrap()).await];
    for (control, name) in [(&mine, "desk-aegis"), (&theirs, "desk-dev")] {
        let expected = json!({ "instances": { "nodes": [{ "instance": name }] } });
        wait_until("the one instance", PATIENCE, || async {
            let seen = control.query(INSTANCES, json!({})).await;
            if seen == expected { Ok(()) } else { Err(seen.to_string()) }
        })
        .await;
    }
    let leaders = |namespace: Option<&str>| {
        let command = aegis().args(["leaders", "--json"]).env("NATS_URL", nats.url());
        namespace.into_iter().fold(command, |command, it| command.env("AEGIS_NAMESPACE", it)).spawn()
    };
    for (namespace, name, other) in
        [(None, "desk-aegis", "desk-dev"), (Some("dev"), "desk-dev", "desk-aegis")]
    {
        wait_until("the leader", PATIENCE, || async {
            let listed: Proc = leaders(namespace);
            let status = listed.wait_exit(PATIENCE).await;
            let told = listed.lines().join("\n");
            assert!(!told.contains(other), "{told}");
            if status.success() && told.contains(name) { Ok(()) } else { Err(told) }
        })
        .await;
    }
    let refused = aegis().args(["leaders", "--namespace", "A B"]).env("NATS_URL", nats.url()).spawn();
    assert!(!refused.wait_exit(PATIENCE).await.success());
    for service in services {
        service.stop("the test ends").await.unwrap();
    }
}
