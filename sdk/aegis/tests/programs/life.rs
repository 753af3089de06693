//! Starting, living, being watched, ending.

use std::fs;

use aegis_sdk::Target;
use aegis_testkit::{NatsServer, ProcBuilder};

use crate::program::{PATIENCE, client, ends_cleanly, program, said};

/// Of a program that reads who it is from the environment.
fn named(name: &str, service: &str, server: &NatsServer) -> ProcBuilder {
    program(name, server).env("AEGIS_SERVICE", service).env("AEGIS_VERSION", "1.0.0")
}

pub(crate) async fn first_service(server: NatsServer) {
    let service = named("first_service", "greeter", &server).spawn();
    service.wait_for_line(|line| line.contains("started"), PATIENCE).await;
    let greeter = Target::any("greeter").unwrap();
    let hello = client(&server).await.call::<_, String>(&greeter, "greet", &"you", PATIENCE).await.unwrap();
    assert_eq!(hello.body, "hello you");
    ends_cleanly(&service).await;
    let log = service.lines();
    for told in ["started", "draining", "stopped"] {
        assert!(log.iter().any(|line| line.contains(told)), "{told} is not in {log:#?}");
    }
}

pub(crate) async fn configuration(server: NatsServer) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("risk.toml");
    fs::write(&file, "service = \"risk\"\nversion = \"1.0.0\"\ndrain_ms = 500\n[app.risk]\nlimit = 5\n")
        .unwrap();
    let configured = || program("configuration", &server).env("AEGIS_CONFIG", &file);
    let service = configured().env("AEGIS_INSTANCE", "risk-1").env("AEGIS_APP_RISK_LIMIT", "500").spawn();
    service.wait_for_line(|line| line == "risk-1 answers", PATIENCE).await;
    let said = service.lines();
    for line in ["drain_ms: from the file", "nats_url: from the environment", "the limit is 500"] {
        assert!(said.iter().any(|said| said == line), "{line:?} is not in {said:#?}");
    }
    let (risk, client) = (Target::any("risk").unwrap(), client(&server).await);
    client.call::<_, ()>(&risk, "check", &500, PATIENCE).await.unwrap();
    let refused = client.call::<_, ()>(&risk, "check", &501, PATIENCE).await.unwrap_err();
    assert_eq!(refused.to_string(), "LIMIT_EXCEEDED: 501 shares are over 500");
    ends_cleanly(&service).await;

    let misspelt = configured().env("AEGIS_DRAIN", "500").spawn();
    assert!(!misspelt.wait_exit(PATIENCE).await.success());
    let told = misspelt.lines().join("\n");
    assert!(told.starts_with("Error: ") && told.contains("AEGIS_DRAIN"), "not for people: {told}");
}

pub(crate) async fn lifecycle(server: NatsServer) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed");
    fs::write(&file, "1.0845").unwrap();
    let service = named("lifecycle", "feed", &server).env("AEGIS_APP_FEED_FILE", &file).spawn();
    service.wait_for_line(|line| line.contains("stage=Running"), PATIENCE).await;
    let feed = Target::any("feed").unwrap();
    let read = client(&server).await.call::<_, String>(&feed, "read", &(), PATIENCE).await.unwrap();
    assert_eq!(read.body, "1.0845");
    fs::remove_file(&file).unwrap();
    service.wait_for_line(|line| line.contains("the instance is unhealthy"), PATIENCE).await;
    fs::write(&file, "1.0846").unwrap();
    service.wait_for_line(|line| line.contains("the instance has recovered"), PATIENCE).await;
    ends_cleanly(&service).await;
    let log = service.lines();
    let stages = log.iter().filter_map(|line| Some(line.split_once("stage=")?.1.to_owned()));
    assert_eq!(stages.collect::<Vec<_>>(), ["Starting", "Running", "Draining", "Stopping"]);
}

pub(crate) async fn observability(server: NatsServer) {
    assert_eq!(
        said(program("observability", &server)).await,
        [
            "one trace through both: true",
            "NO_SYMBOL: name a symbol",
            "Serve quote: 2 calls, 1 failed: {\"NO_SYMBOL\": 1}",
            "Call prices.last: 2 calls, 1 failed: {\"NO_SYMBOL\": 1}",
            "Serve last: 2 calls, 1 failed: {\"NO_SYMBOL\": 1}",
        ]
    );
}

pub(crate) async fn testing(server: NatsServer) {
    assert_eq!(
        said(program("testing", &server)).await,
        [
            "an owner is told its term",
            "an order of nothing is refused: NOTHING_ORDERED",
            "the contract holds",
        ]
    );
}
