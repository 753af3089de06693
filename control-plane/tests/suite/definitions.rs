//! Definitions as a file: planned, applied, exported; straight to NATS.

use std::path::Path;

use aegis_testkit::{NatsServer, Proc};
use serde_json::{Value, json};

use crate::fleet::connection;
use crate::support::{ControlPlane, PATIENCE, aegis};
use aegis_sdk::provision::provision;
use aegis_testkit::wait_until;

const TWO: &str = "definitions:
- service: echo
  owner: desk
  description: Says it again
  version: 1.0.0
- service: trading-service
  owner: Equities desk
  description: Sends orders
  version: 1.4.0
  minInstances: 2
  maxInstances: 4
  failover:
    leaseMs: 500
  registration: enforce
  labels:
    desk: equities
";

/// Runs `aegis definitions` to its end: exit code and lines.
async fn run(nats: &NatsServer, args: &[&str]) -> (i32, Vec<String>) {
    let process: Proc =
        aegis().arg("definitions").args(args).env("NATS_URL", nats.url()).env("USER", "alice").spawn();
    let status = process.wait_exit(PATIENCE).await;
    (status.code().unwrap(), process.lines())
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.display().to_string()
}

async fn installation() -> (NatsServer, tempfile::TempDir) {
    let nats = NatsServer::start().await;
    provision(&connection(&nats).await).await.unwrap();
    (nats, tempfile::tempdir().unwrap())
}

fn has(lines: &[String], wanted: &str) -> bool {
    lines.iter().any(|line| line.contains(wanted))
}

#[tokio::test]
async fn a_file_is_applied_once_and_then_there_is_nothing_to_do() {
    let (nats, folder) = installation().await;
    let file = write(&folder.path().join("a.yaml"), TWO);
    let (code, lines) = run(&nats, &["apply", "-f", &file]).await;
    assert_eq!(code, 1, "nobody is there to be asked: {lines:?}");
    assert!(has(&lines, "+ echo  define") && has(&lines, "--yes"), "the plan comes first: {lines:?}");
    let (code, lines) = run(&nats, &["apply", "-f", &file, "--dry-run"]).await;
    assert!(code == 0 && has(&lines, "dry run"), "{lines:?}");
    assert_eq!(run(&nats, &["diff", "-f", &file]).await.0, 1);
    let (code, lines) = run(&nats, &["apply", "-f", &file, "--yes", "--reason", "first"]).await;
    assert!(code == 0 && has(&lines, "defined trading-service: revision 1"), "{lines:?}");
    let (code, lines) = run(&nats, &["apply", "-f", &file]).await;
    assert!(code == 0 && has(&lines, "nothing to do") && has(&lines, "= echo  unchanged"), "{lines:?}");
    assert_eq!(run(&nats, &["diff", "-f", &file, "--prune"]).await.0, 0);
    let exported = folder.path().join("b.yaml").display().to_string();
    assert_eq!(run(&nats, &["export", "-o", &exported]).await.0, 0);
    assert_eq!(run(&nats, &["diff", "-f", &exported, "--prune"]).await.0, 0, "what is exported is unchanged");
    let (_, lines) = run(&nats, &["history", "trading-service"]).await;
    assert!(
        lines[0].starts_with("revision 1") && lines[0].ends_with("user:alice  defined: first"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_differs_is_shown_field_by_field_and_what_is_missing_goes_with_prune() {
    let (nats, folder) = installation().await;
    let file = write(&folder.path().join("a.yaml"), TWO);
    assert_eq!(run(&nats, &["apply", "-f", &file, "--yes"]).await.0, 0);
    let without_range =
        TWO.replace("  minInstances: 2\n  maxInstances: 4\n", "").replace("Equities", "Night");
    let trading = without_range.find("- service: trading").unwrap();
    let only_trading = format!("definitions:\n{}", &without_range[trading..]);
    let file = write(&folder.path().join("b.yaml"), &only_trading);
    let (code, lines) = run(&nats, &["diff", "-f", &file, "--prune"]).await;
    assert_eq!(code, 1);
    let expected = [
        "- echo  retire",
        "~ trading-service  amend",
        "    owner: Equities desk -> Night desk",
        "    minInstances: 2 -> (none)",
        "    maxInstances: 4 -> (none)",
    ];
    assert_eq!(lines, expected);
    let (_, lines) = run(&nats, &["diff", "-f", &file, "--format", "json"]).await;
    let step: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&step["action"], &step["changes"][1]["after"]), (&json!("amend"), &Value::Null));
    assert_eq!(run(&nats, &["apply", "-f", &file, "--yes", "--prune"]).await.0, 0);
    let (_, lines) = run(&nats, &["list", "--all", "--format", "json"]).await;
    let listed: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&listed[0]["status"], &listed[1]["revision"]), (&json!("retired"), &json!(2)));
    // What is in the file again comes back.
    let file = write(&folder.path().join("c.yaml"), &TWO.replace("owner: desk", "owner: morning"));
    let (code, lines) = run(&nats, &["apply", "-f", &file, "--yes"]).await;
    assert!(code == 0 && has(&lines, "^ echo  reinstate"), "{lines:?}");
    assert!(has(&lines, "reinstated echo: revision 4"), "{lines:?}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_line_and_nothing_is_done() {
    let (nats, folder) = installation().await;
    let misspelt = write(&folder.path().join("a.yaml"), &TWO.replace("maxInstances", "maxInstance"));
    let (code, lines) = run(&nats, &["diff", "-f", &misspelt]).await;
    assert!(code == 2 && has(&lines, "maxInstance") && has(&lines, "line 11"), "{lines:?}");
    let (code, lines) = run(&nats, &["apply", "-f", &misspelt, "--yes"]).await;
    assert!(code == 1 && has(&lines, "line 11"), "{lines:?}");
    let backwards = write(&folder.path().join("b.yaml"), &TWO.replace("maxInstances: 4", "maxInstances: 1"));
    let (code, lines) = run(&nats, &["apply", "-f", &backwards, "--yes"]).await;
    assert!(code == 1 && has(&lines, "trading-service: minInstances: at most maxInstances"), "{lines:?}");
    assert_eq!(run(&nats, &["list", "--format", "json"]).await, (0, vec![]), "echo was not defined, either");
}

#[tokio::test]
async fn the_history_with_its_differences_and_every_mutation_are_in_the_api() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let change = async |mutation: &str, kind: &str, input: Value| {
        let fields =
            "__typename ... on DefinitionChanged { revision sequence } ... on Rejected { code field }";
        let query =
            format!("mutation($input: {kind}!) {{ result: {mutation}(input: $input) {{ {fields} }} }}");
        control.query(&query, json!({ "input": input })).await["result"].clone()
    };
    let define = json!({ "service": "echo", "owner": "desk", "description": "d", "version": "1.0.0",
        "minInstances": 2, "failover": { "policy": "CUSTOM", "leaseMs": 500 }, "registration": "ENFORCE",
        "labels": { "tier": "1" }, "reason": "new" });
    assert_eq!(change("define", "DefineInput", define.clone()).await["revision"], 1);
    for failover in [
        json!({ "policy": "CUSTOM" }),
        json!({ "policy": "BALANCED", "leaseMs": 500 }),
        json!({ "policy": "CUSTOM", "leaseMs": 149 }),
    ] {
        let amend = json!({ "service": "echo", "expectedRevision": 1, "failover": failover });
        assert_eq!(change("amend", "AmendInput", amend).await["field"], "failover");
    }
    // Null takes away, absence leaves alone.
    let amend = json!({ "service": "echo", "expectedRevision": 1, "minInstances": null, "failover": null });
    assert_eq!(change("amend", "AmendInput", amend).await["revision"], 2);
    let same = json!({ "service": "echo", "expectedRevision": 2, "owner": "desk" });
    assert_eq!(change("amend", "AmendInput", same).await["revision"], 2);
    let retire = json!({ "service": "echo", "expectedRevision": 2, "reason": "replaced" });
    assert_eq!(change("retire", "RetireInput", retire).await["revision"], 3);
    let reinstate = json!({ "service": "echo", "expectedRevision": 3, "reason": "sorry" });
    assert_eq!(change("reinstate", "ReinstateInput", reinstate.clone()).await["revision"], 4);
    assert_eq!(change("reinstate", "ReinstateInput", reinstate).await["code"], "DEFINITION_NOT_FOUND");
    let query = "query($after: String) { definition(service: \"echo\") {
        revision status minInstances registration failover { policy leaseMs }
        history(first: 3, after: $after) { totalCount pageInfo { hasNextPage endCursor }
            nodes { revision by action reason changes { field before after } } } } }";
    let shown = wait_until("the history", PATIENCE, || async {
        let shown = control.query(query, json!({})).await["definition"].clone();
        // The registry in memory follows the file, from which the history is read, a moment later.
        let all = shown["history"]["totalCount"] == 4 && shown["revision"] == 4;
        if all { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await;
    assert_eq!((&shown["status"], &shown["registration"]), (&json!("ACTIVE"), &json!("ENFORCE")));
    assert_eq!((&shown["minInstances"], &shown["failover"]), (&Value::Null, &Value::Null));
    let nodes = &shown["history"]["nodes"];
    assert_eq!(
        nodes[0],
        json!({ "revision": 4, "by": "user:admin", "action": "REINSTATED", "reason": "sorry",
            "changes": [{ "field": "status", "before": "retired", "after": "active" }] })
    );
    assert_eq!(
        nodes[2]["changes"],
        json!([
            { "field": "minInstances", "before": "2", "after": null },
            { "field": "failover", "before": "custom, lease 500 ms", "after": null },
        ])
    );
    assert_eq!(shown["history"]["pageInfo"]["hasNextPage"], true);
    let after = shown["history"]["pageInfo"]["endCursor"].clone();
    let last =
        control.query(query, json!({ "after": after })).await["definition"]["history"]["nodes"].clone();
    assert_eq!((&last[0]["revision"], &last[0]["reason"]), (&json!(1), &json!("new")));
    assert_eq!(last.as_array().unwrap().len(), 1);
}
