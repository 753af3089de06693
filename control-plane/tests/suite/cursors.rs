//! Malformed cursors, expired ones, and those that are not there yet are told apart; no event is skipped silently.

use aegis_testkit::{NatsServer, wait_until};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};

use crate::serve::Serve;
use crate::support::{ControlPlane, PATIENCE};

const DEFINE: &str = "mutation($input: DefineInput!) { define(input: $input) { __typename } }";
const AMEND: &str = "mutation($input: AmendInput!) { amend(input: $input) { __typename } }";

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn what_is_no_cursor_of_a_list_is_refused() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    for (list, cursor, fits) in [
        ("services", "orders", true),
        ("services", "a/b", false),
        ("definitions", "", false),
        ("instances", "1/orders/orders-1", true),
        ("instances", "orders", false),
        ("instances", "1/orders/orders-1/x", false),
        ("leaders", "0/orders/A", true),
        ("leaders", "x/orders/A", false),
        ("deadLetters", "x", false),
    ] {
        let query = format!("query($after: String) {{ {list}(first: 10, after: $after) {{ totalCount }} }}");
        let answer = control.ask(&query, json!({ "after": cursor })).await;
        if fits {
            assert_eq!(answer.get("errors"), None, "{list} {cursor}: {answer}");
        } else {
            assert_eq!(code(&answer), "INVALID_INPUT", "{list} {cursor}");
        }
    }
    for (arguments, expected) in [
        ("first: 5, after: \"x\"", "INVALID_INPUT"),
        ("first: 5, after: \"-1\"", "INVALID_INPUT"),
        ("first: 5, after: \"1000\"", "HISTORY_REPLACED"),
        ("last: 5, before: \"1000\"", "HISTORY_REPLACED"),
    ] {
        let answer = control.ask(&format!("{{ events({arguments}) {{ asOfSequence }} }}"), json!({})).await;
        assert_eq!(code(&answer), expected, "{arguments}: {answer}");
    }
}

/// More events than an index of the smallest size keeps.
pub(crate) async fn revisions(serve: &Serve) {
    let ask = |query: String, variables: Value| {
        let request = serve.http.post(format!("http://{}/graphql", serve.address)).bearer_auth(&serve.token);
        let request = request.json(&json!({ "query": query, "variables": variables }));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    // Few definitions with many revisions, since snapshots of the registry keep a distance that grows with it.
    let revise = async |n: u32| {
        let service = format!("s-{n}");
        let input = json!({ "service": service, "owner": "o", "description": "d", "version": "1.0.0" });
        let mut answers = vec![ask(DEFINE.to_owned(), json!({ "input": input })).await];
        for revision in 1..65 {
            let input =
                json!({ "service": service, "expectedRevision": revision, "owner": revision.to_string() });
            answers.push(ask(AMEND.to_owned(), json!({ "input": input })).await);
        }
        for answer in answers {
            assert!(answer.to_string().contains("DefinitionChanged"), "{answer}");
        }
    };
    stream::iter(0..20).for_each_concurrent(None, revise).await;
}

#[tokio::test]
async fn a_cursor_before_the_index_is_an_error_and_not_a_silent_gap() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let tables = "[projection]\nkeep_events = 1000\nsnapshot_every = 100";
    let serve = Serve::start_with(&nats.url(), folder.path(), tables).await;
    serve.ready().await;
    let ask = |query: String, variables: Value| {
        let request = serve.http.post(format!("http://{}/graphql", serve.address)).bearer_auth(&serve.token);
        let request = request.json(&json!({ "query": query, "variables": variables }));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    revisions(&serve).await;
    let at =
        |arguments: String| ask(format!("{{ events({arguments}) {{ edges {{ cursor }} }} }}"), json!({}));
    // While events are still applied, it may begin later each time.
    wait_until("an index that begins later", PATIENCE, || async {
        let gone = at("first: 1, after: \"1\"".to_owned()).await;
        let error = gone["errors"][0].clone();
        if error["extensions"]["code"] != "CURSOR_EXPIRED" {
            return Err(gone.to_string());
        }
        let text = error["message"].as_str().unwrap().trim_start_matches("the index begins at ");
        let oldest: u64 = text.split_once(',').unwrap().0.parse().unwrap();
        let next = at(format!("first: 1, after: \"{}\"", oldest - 1)).await;
        if next["data"]["events"]["edges"][0]["cursor"].as_str() != Some(&*oldest.to_string()) {
            return Err(next.to_string());
        }
        for before in [0, oldest - 2] {
            let gone = at(format!("first: 1, after: \"{before}\"")).await;
            assert_eq!(code(&gone), "CURSOR_EXPIRED", "{before}: {gone}");
        }
        // Without a cursor, the oldest that there is.
        let oldest_there = at("first: 1".to_owned()).await;
        assert!(oldest_there["data"]["events"]["edges"][0]["cursor"].is_string(), "{oldest_there}");
        assert_eq!(code(&at(format!("last: 1, before: \"{}\"", oldest - 1)).await), "CURSOR_EXPIRED");
        Ok(())
    })
    .await;
}
