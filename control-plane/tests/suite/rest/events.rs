//! The log: pages, lines, and live.

use aegis_testkit::NatsServer;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{get, post, send, start};
use crate::cursors::revisions;
use crate::serve::Serve;
use crate::support::{ControlPlane, PATIENCE};

async fn define(control: &ControlPlane, service: &str) -> u64 {
    let new = json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" });
    let answer = post(control, "/api/services", &new).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["sequence"].as_u64().unwrap()
}

/// The live log, as it comes.
struct Live {
    response: Response,
    read: String,
}

/// One message of it: its id, its kind, and its data.
#[derive(Debug)]
struct Message {
    id: Option<String>,
    event: String,
    data: Value,
}

impl Live {
    async fn open(control: &ControlPlane, query: &str, last: Option<&str>) -> Self {
        Self::at(&control.http, &control.url, &control.token, query, last).await
    }

    async fn at(http: &reqwest::Client, url: &str, token: &str, query: &str, last: Option<&str>) -> Self {
        let request = http.get(format!("{url}/api/events{query}")).bearer_auth(token);
        let mut request = request.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, read: String::new() }
    }

    /// The next message; none at the end.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
                    line.map(|value| value.trim_start().to_owned())
                };
                let message = field("data").map(|data| Message {
                    id: field("id"),
                    event: field("event").unwrap(),
                    data: serde_json::from_str(&data).unwrap(),
                });
                self.read = rest.to_owned();
                if message.is_some() {
                    return message;
                }
                continue;
            }
            let piece = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap().unwrap()?;
            self.read += std::str::from_utf8(&piece).unwrap();
        }
    }
}

#[tokio::test]
async fn pages_go_both_ways_and_the_same_page_comes_in_lines() {
    let (_nats, _folder, control) = start().await;
    let mut sequences = Vec::new();
    for service in ["one", "two", "three"] {
        sequences.push(define(&control, service).await);
    }
    let path = "/api/events?kinds=DEFINITION&last=2";
    let page = aegis_testkit::wait_until("the index", PATIENCE, || async {
        let page = get(&control, path).await;
        let newest = page.body["items"][1]["sequence"].as_u64();
        if newest == Some(sequences[2]) { Ok(page) } else { Err(page.body.to_string()) }
    })
    .await;
    assert_eq!(page.body["items"][0]["data"]["owner"], "desk", "{}", page.body);
    let link = page.header("link");
    assert!(link.ends_with("; rel=\"prev\""), "{link}");
    let previous = get(&control, link.split(['<', '>']).nth(1).unwrap()).await;
    assert_eq!(previous.body["items"][0]["sequence"], sequences[0]);
    let forth = get(&control, "/api/events?kinds=DEFINITION&types=aegis.definition.defined.v1&first=1").await;
    assert_eq!(forth.body["items"][0]["sequence"], sequences[0]);
    let link = forth.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(get(&control, &link).await.body["items"][0]["sequence"], sequences[1]);
    let lines = send(&control, Method::GET, path, &[("accept", "application/x-ndjson")], None).await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let events: Vec<Value> =
        lines.body.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(events), page.body["items"]);
    let ahead = get(&control, "/api/events?after=999999&first=1").await;
    assert_eq!((ahead.status, &ahead.body["code"]), (410, &json!("HISTORY_REPLACED")), "{}", ahead.body);
}

#[tokio::test]
async fn the_live_log_goes_on_where_the_client_left_it() {
    let (_nats, _folder, control) = start().await;
    let first = define(&control, "one").await;
    let mut live = Live::open(&control, "?kinds=DEFINITION", None).await;
    let seen = live.next().await.unwrap();
    assert_eq!((seen.event.as_str(), &seen.data["sequence"]), ("event", &json!(first)));
    let second = define(&control, "two").await;
    assert_eq!(live.next().await.unwrap().data["sequence"], second);
    drop(live);
    let third = define(&control, "three").await;
    let mut live = Live::open(&control, "?kinds=DEFINITION", seen.id.as_deref()).await;
    assert_eq!(live.next().await.unwrap().data["sequence"], second);
    assert_eq!(live.next().await.unwrap().data["sequence"], third);
}

#[tokio::test]
async fn a_position_of_a_history_that_is_gone_ends_the_live_log_and_is_taken_from_the_client() {
    let (_nats, _folder, control) = start().await;
    let sequence = define(&control, "one").await;
    aegis_testkit::wait_until("the index", PATIENCE, || async {
        let page = get(&control, &format!("/api/events?first=1&after={}", sequence - 1)).await;
        if page.body["items"][0].is_object() { Ok(()) } else { Err(page.body.to_string()) }
    })
    .await;
    for last in ["999999", &format!("{sequence}:another")] {
        let mut live = Live::open(&control, "", Some(last)).await;
        let end = live.next().await.unwrap();
        assert_eq!((end.event.as_str(), &end.data["code"]), ("problem", &json!("HISTORY_REPLACED")));
        assert_eq!(end.id.as_deref(), Some(""), "a browser begins anew");
        assert!(live.next().await.is_none(), "it has ended");
    }
    let wrong = [("accept", "text/event-stream"), ("last-event-id", "x")];
    assert_eq!(send(&control, Method::GET, "/api/events", &wrong, None).await.status, 400);
}

#[tokio::test]
async fn a_stop_ends_the_live_log_with_a_word() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let control = ControlPlane::start(&nats, folder.path()).await;
    let mut live = Live::open(&control, "?kinds=DEFINITION", None).await;
    let sequence = define(&control, "one").await;
    assert_eq!(live.next().await.unwrap().data["sequence"], sequence);
    control.process.terminate();
    let end = live.next().await.unwrap();
    assert_eq!((end.event.as_str(), &end.data["code"]), ("problem", &json!("UNAVAILABLE")));
    assert!(control.process.wait_exit(PATIENCE).await.success());
}

#[tokio::test]
async fn a_position_before_the_index_ends_the_live_log_and_is_taken_from_the_client() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let tables = "[projection]\nkeep_events = 1000\nsnapshot_every = 100";
    let serve = Serve::start_with(&nats.url(), folder.path(), tables).await;
    serve.ready().await;
    revisions(&serve).await;
    let url = format!("http://{}", serve.address);
    aegis_testkit::wait_until("an index that begins later", PATIENCE, || async {
        for (query, last) in
            [("?after=0", None), ("?after=1", None), ("", Some("1")), ("", Some("1:an-event-of-then"))]
        {
            let mut live = Live::at(&serve.http, &url, &serve.token, query, last).await;
            let first = live.next().await.ok_or("it has ended")?;
            if first.event != "problem" {
                return Err(format!("{first:?}"));
            }
            assert_eq!(first.data["code"], "CURSOR_EXPIRED");
            assert_eq!(first.id.as_deref(), Some(""), "a browser begins anew");
            assert!(live.next().await.is_none(), "it has ended");
        }
        Ok(())
    })
    .await;
    let mut anew = Live::at(&serve.http, &url, &serve.token, "?last=1", None).await;
    assert_eq!(anew.next().await.unwrap().event, "event");
}

#[tokio::test]
async fn beyond_its_places_a_principal_gets_no_live_log_until_one_is_given_back() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start_with(&nats.url(), folder.path(), "[limits]\nsubscriptions = 2").await;
    serve.ready().await;
    let url = format!("http://{}", serve.address);
    let mut held = vec![];
    for _ in 0..2 {
        held.push(Live::at(&serve.http, &url, &serve.token, "", None).await);
    }
    let ask = || serve.http.get(format!("{url}/api/events")).bearer_auth(&serve.token);
    let live = || ask().header("accept", "text/event-stream").send();
    let refused = live().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["retryable"]), (&json!("RATE_LIMITED"), &json!(true)));
    assert_eq!(ask().send().await.unwrap().status(), 200, "a page takes no place");
    held.pop();
    aegis_testkit::wait_until("the place", PATIENCE, || async {
        let status = live().await.unwrap().status();
        if status == 200 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}
