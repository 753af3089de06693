//! What is said of a change that the log refused, and of one of which no word came.

use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use serde_json::{Value, json};

use super::{get, post, start};
use crate::dead_letters::put_aside;
use crate::fleet::{Member, connection};
use crate::forget::end;
use crate::operate::members;
use crate::support::{ControlPlane, PATIENCE};

/// Sets the log up anew; what it was is returned.
async fn log(nats: &NatsServer, change: impl FnOnce(Config, u64) -> Config) -> Config {
    let jetstream = async_nats::jetstream::new(nats.client().await);
    let info = jetstream.get_stream("AEGIS_EVENTS").await.unwrap().cached_info().clone();
    jetstream.update_stream(change(info.config.clone(), info.state.messages)).await.unwrap();
    info.config
}

async fn back(nats: &NatsServer, before: Config) {
    async_nats::jetstream::new(nats.client().await).update_stream(before).await.unwrap();
}

fn definition(service: &str) -> Value {
    json!({ "service": service, "owner": "desk", "description": "d", "version": "1.0.0" })
}

/// A group that has an owner, an instance that has ended, and a dead letter.
async fn something_to_change(nats: &NatsServer, control: &ControlPlane) -> impl Drop + use<> {
    let desk = members(nats).await;
    let connection = connection(nats).await;
    let gone = Member::start(&connection, "echo-1").await;
    gone.stop();
    end(&connection, "echo-1").await;
    put_aside(nats, b"first").await;
    wait_until("the registry", PATIENCE, || async {
        let leaders = get(control, "/api/leaders?service=desk").await.body;
        let ended = get(control, "/api/instances?statuses=STOPPED").await.body;
        if leaders["totalCount"] == 1 && ended["totalCount"] == 1 { Ok(()) } else { Err(leaders.to_string()) }
    })
    .await;
    Vec::from(desk)
}

/// Each change that is written to the log, once, all at the same time; with status and code of each.
async fn changes(control: &ControlPlane) -> Vec<(&'static str, u16, Value)> {
    let because = json!({ "reason": "a test" });
    let all = [
        ("/api/services", definition("late")),
        ("/api/instances/echo/echo-1/forget", because.clone()),
        ("/api/instances/desk/desk-1/drain", because.clone()),
        ("/api/leaders/desk/ACC-1/step-down", because.clone()),
        ("/api/dead-letters/1/discard", because),
    ];
    let asked = all.into_iter().map(async |(path, body)| {
        let answer = post(control, path, &body).await;
        (path, answer.status, answer.body)
    });
    futures_util::future::join_all(asked).await
}

#[tokio::test]
async fn a_log_that_is_full_is_told_from_one_that_is_away_and_takes_changes_again_when_it_has_room() {
    let (nats, _folder, control) = start().await;
    let _these = Box::pin(something_to_change(&nats, &control)).await;
    let full = |config, messages| Config {
        max_messages: i64::try_from(messages).unwrap(),
        discard: DiscardPolicy::New,
        ..config
    };
    let before = log(&nats, full).await;
    for (path, status, body) in changes(&control).await {
        assert_eq!((status, &body["code"]), (502, &json!("STREAM_REFUSED")), "{path}: {body}");
    }
    back(&nats, before).await;
    let made = post(&control, "/api/services", &definition("late")).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn a_change_without_an_acknowledgement_is_reported_as_outcome_unknown() {
    let (nats, _folder, control) = start().await;
    let _these = Box::pin(something_to_change(&nats, &control)).await;
    // The log keeps what it is given, and says nothing of it.
    let before = log(&nats, |config, _| Config { no_ack: true, ..config }).await;
    for (path, status, body) in changes(&control).await {
        assert_eq!((status, &body["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{path}: {body}");
    }
    back(&nats, before).await;
    // It was recorded, in fact.
    assert_eq!(post(&control, "/api/services", &definition("late")).await.status, 409);
}
