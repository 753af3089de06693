//! What operators do.

use aegis_testkit::wait_until;
use serde_json::json;

use super::{get, post, start};
use crate::dead_letters::put_aside;
use crate::operate::members;
use crate::support::PATIENCE;

#[tokio::test]
async fn a_group_is_moved_and_an_instance_drained() {
    let (nats, _folder, control) = start().await;
    let [first, second] = members(&nats).await;
    let step_down = async |group: &str, to: &str| {
        let path = format!("/api/leaders/desk/{group}/step-down");
        post(&control, &path, &json!({ "to": to, "reason": "rebalance" })).await
    };
    let moved = step_down("ACC-1", "desk-2").await;
    let sequence = moved.body["sequence"].clone();
    let expected =
        json!({ "service": "desk", "group": "ACC-1", "instance": "desk-2", "term": 2, "sequence": sequence });
    assert_eq!((moved.status, moved.body), (200, expected));
    let absent = step_down("ACC-1", "desk-9").await;
    assert_eq!((absent.status, &absent.body["code"]), (409, &json!("MEMBER_NOT_FOUND")), "{}", absent.body);
    for reason in ["", " ", "two\nlines"] {
        let empty = post(&control, "/api/leaders/desk/ACC-1/step-down", &json!({ "reason": reason })).await;
        assert_eq!((empty.status, &empty.body["code"]), (400, &json!("INVALID_INPUT")), "{}", empty.body);
    }
    let unowned = step_down("ACC-9", "desk-2").await;
    assert_eq!((unowned.status, &unowned.body["code"]), (409, &json!("NOT_ACTIVE")), "{}", unowned.body);
    wait_until("the leader", PATIENCE, || async {
        let leaders = get(&control, "/api/leaders?service=desk").await.body;
        let leads = leaders["items"][0]["instance"] == "desk-2";
        if leads { Ok(()) } else { Err(leaders.to_string()) }
    })
    .await;
    let log = async |instance: &str, filter: &str| {
        let path = format!("/api/instances/desk/{instance}/log");
        post(&control, &path, &json!({ "filter": filter })).await
    };
    let set = log("desk-1", "error,aegis_sdk=warn").await;
    let told = json!({ "service": "desk", "instance": "desk-1", "filter": "error,aegis_sdk=warn" });
    assert_eq!((set.status, set.body), (200, told));
    wait_until("the record of it", PATIENCE, || async {
        let told = get(&control, "/api/instances/desk/desk-1/configuration").await.body;
        let logs = told["configuration"]["log"] == "error,aegis_sdk=warn";
        if logs { Ok(()) } else { Err(told.to_string()) }
    })
    .await;
    let unread = log("desk-1", "=loud=").await;
    assert_eq!((unread.status, &unread.body["code"]), (400, &json!("INVALID_INPUT")), "{}", unread.body);
    let absent = log("desk-9", "info").await;
    assert_eq!((absent.status, &absent.body["code"]), (404, &json!("INSTANCE_NOT_FOUND")), "{}", absent.body);
    let drained = post(&control, "/api/instances/desk/desk-2/drain", &json!({ "reason": "old" })).await;
    let sequence = drained.body["sequence"].clone();
    let asked = json!({ "service": "desk", "instance": "desk-2", "sequence": sequence });
    assert_eq!((drained.status, drained.body), (202, asked));
    assert!(sequence.is_u64(), "{sequence}");
    let missing = post(&control, "/api/instances/desk/desk-9/drain", &json!({ "reason": "old" })).await;
    assert_eq!(
        (missing.status, &missing.body["code"]),
        (404, &json!("INSTANCE_NOT_FOUND")),
        "{}",
        missing.body
    );
    let empty = post(&control, "/api/instances/desk/desk-1/drain", &json!({ "reason": " " })).await;
    assert_eq!((empty.status, &empty.body["code"]), (400, &json!("INVALID_INPUT")), "{}", empty.body);
    let living = post(&control, "/api/instances/desk/desk-1/forget", &json!({ "reason": "old" })).await;
    assert!((400..500).contains(&living.status), "{}", living.body);
    drop((first, second));
}

#[tokio::test]
async fn dead_letters_are_read_and_decided_on() {
    let (nats, _folder, control) = start().await;
    for body in [&b"{\"id\":1}"[..], b"second", b"third"] {
        put_aside(&nats, body).await;
    }
    let page = get(&control, "/api/dead-letters?first=2").await;
    assert_eq!((&page.body["totalCount"], &page.body["items"][0]["sequence"]), (&json!(3), &json!(3)));
    let next = page.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(get(&control, &next).await.body["items"][0]["text"], "{\"id\":1}");
    let letter = get(&control, "/api/dead-letters/1").await.body;
    let decision = json!({ "at": letter["at"], "reason": "fixed" });
    let redriven = post(&control, "/api/dead-letters/1/redrive", &decision).await;
    assert_eq!(
        (redriven.status, &redriven.body["subject"]),
        (200, &json!("events.trade.booked")),
        "{}",
        redriven.body
    );
    let again = post(&control, "/api/dead-letters/1/redrive", &decision).await;
    assert_eq!((again.status, &again.body["code"]), (404, &json!("DEAD_LETTER_NOT_FOUND")));
    let discarded = post(&control, "/api/dead-letters/2/discard", &json!({ "reason": "a test" })).await;
    assert_eq!((discarded.status, &discarded.body["deadLetter"]), (200, &json!(2)));
    // A stream has no message 0, and none is not an outage.
    for path in ["/api/dead-letters/2", "/api/dead-letters/0", "/api/dead-letters/18446744073709551615"] {
        let gone = get(&control, path).await;
        assert_eq!((gone.status, &gone.body["code"]), (404, &json!("DEAD_LETTER_NOT_FOUND")), "{path}");
    }
    for what in ["redrive", "discard"] {
        let path = format!("/api/dead-letters/0/{what}");
        assert_eq!(post(&control, &path, &json!({ "reason": "a test" })).await.status, 404, "{path}");
    }
}
