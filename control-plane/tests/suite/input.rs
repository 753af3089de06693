//! Texts and filters from outside: what is refused, and how.

use aegis_testkit::NatsServer;
use serde_json::{Value, json};

use crate::support::{ControlPlane, PATIENCE, aegis};

async fn start() -> (NatsServer, tempfile::TempDir, ControlPlane) {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    (nats, folder, control)
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn texts_for_the_record_are_one_line_that_can_be_seen() {
    let (nats, _folder, control) = start().await;
    let service = json!({ "service": "orders", "owner": "desk", "description": "d", "version": "1.0.0" });
    const DEFINE: &str = "mutation($input: DefineInput!) { define(input: $input) { __typename ... on Rejected { code message } } }";
    let defined = control.query(DEFINE, json!({ "input": service })).await;
    assert_eq!(defined["define"]["__typename"], "DefinitionChanged", "{defined}");
    for bad in ["a\nINFO forged", "\u{1b}[2J", "a\0b", "\u{202e}evil", "\u{200b}", &"x".repeat(501), ""] {
        for (field, service) in [("owner", "a-1"), ("description", "a-2"), ("reason", "a-3")] {
            let mut input =
                json!({ "service": service, "owner": "o", "description": "d", "version": "1.0.0" });
            input[field] = json!(bad);
            let answer = control.query(DEFINE, json!({ "input": input })).await;
            assert_eq!(answer["define"]["code"], "INVALID_INPUT", "{field} {bad:?}: {answer}");
            assert!(answer["define"]["message"].as_str().unwrap().starts_with(field), "{answer}");
        }
        let labels = json!({ "service": "a-4", "owner": "o", "description": "d", "version": "1.0.0", "labels": { "k": bad } });
        let answer = control.query(DEFINE, json!({ "input": labels })).await;
        assert_eq!(answer["define"]["code"] == "INVALID_INPUT", !bad.is_empty(), "{bad:?}: {answer}");
        for (mutation, input) in [
            ("retire", json!({ "service": "orders", "expectedRevision": 1, "reason": bad })),
            ("forgetInstance", json!({ "service": "orders", "instance": "orders-1", "reason": bad })),
        ] {
            let kind = format!(
                "{}{}Input",
                mutation[..1].to_uppercase(),
                mutation.trim_end_matches("Instance")[1..].to_owned()
            );
            let query = format!(
                "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ __typename ... on Rejected {{ code }} }} }}"
            );
            let answer = control.query(&query, json!({ "input": input })).await;
            assert_eq!(answer[mutation]["__typename"], "Rejected", "{bad:?}: {answer}");
        }
        let refused = aegis()
            .args(["drain", "orders", "orders-1", "--reason", &bad.replace('\0', "\n")])
            .env("NATS_URL", nats.url())
            .spawn();
        assert!(!refused.wait_exit(PATIENCE).await.success());
    }
}

#[tokio::test]
async fn a_filter_of_any_size_is_refused_in_words_and_not_as_a_failure() {
    let (_nats, _folder, control) = start().await;
    let query = "query($filter: EventFilter) { events(last: 1, filter: $filter) { asOfSequence } }";
    let types: Vec<_> = (0..9_000).map(|i| format!("t{i}")).collect();
    for filter in [
        json!({ "types": types }),
        json!({ "kinds": vec!["INSTANCE"; 10_000] }),
        json!({ "types": ["x".repeat(10_000)] }),
        json!({ "text": "%".repeat(100_000) }),
        json!({ "service": "x".repeat(100_000) }),
    ] {
        let answer = control.ask(query, json!({ "filter": filter })).await;
        assert_eq!(code(&answer), "INVALID_INPUT", "{answer}");
    }
    let fits = json!({ "types": &types[..100], "text": "x" });
    assert_eq!(control.ask(query, json!({ "filter": fits })).await.get("errors"), None);
}
