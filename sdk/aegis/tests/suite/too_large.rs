//! What is larger than NATS takes comes to an end all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aegis_domain::{Actor, ErrorCode, ServiceName};
use aegis_sdk::{
    CommandContext, CommandError, Commands, EventContext, Fault, SendOptions, Service, ServiceConfig,
    Subscribe,
};
use aegis_testkit::wait_until;
use async_nats::HeaderMap;
use serde_json::Value;

use crate::events::{PATIENCE, Seen, Stage, tries};

fn reports() -> ServiceName {
    ServiceName::new("reports").unwrap()
}

#[tokio::test]
async fn a_command_whose_result_or_failure_is_too_large_ends_once() {
    let stage = Stage::start().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let service = Service::builder(ServiceConfig { service: reports(), ..stage.config("r-1") })
        .command("print", move |_context: CommandContext, (): ()| {
            counted.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, Fault>("x".repeat(1_200_000)) }
        })
        .command("report", |_context: CommandContext, (): ()| async {
            Err::<(), _>(Fault::never("y".repeat(2_400_000)))
        })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    for (command, code) in [("print", ErrorCode::PayloadTooLarge), ("report", ErrorCode::HandlerFailed)] {
        let mut handle = commands.send(&reports(), command, &(), SendOptions::default()).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, handle.result::<Value>()).await.expect("an end in time");
        let error = ended.unwrap_err();
        assert_eq!(error.code(), code.as_str());
        assert!(matches!(error, CommandError::Failed { .. }), "{error:?}");
    }
    wait_until("an empty queue", PATIENCE, || async {
        let stream = stage.connection.jetstream().get_stream("COMMANDS").await.map_err(|e| e.to_string())?;
        match stream.cached_info().state.messages {
            0 => Ok(()),
            left => Err(format!("{left} left")),
        }
    })
    .await;
    assert_eq!((runs.load(Ordering::SeqCst), stage.letters.count().await.unwrap()), (1, 2));
    let reason = stage.letters.get(1).await.unwrap().reason.unwrap();
    assert!(reason.starts_with("PAYLOAD_TOO_LARGE: it is done, and its result has 1200"), "{reason}");
    service.stop("done").await.unwrap();
}

/// A service that puts aside whatever is a text, and notes numbers.
async fn picky(stage: &Stage, seen: &Seen) -> Service {
    let seen = seen.clone();
    let subscribe = Subscribe::to("test.*").retry(tries(1));
    Service::builder(stage.config("r-1"))
        .on_event(subscribe, move |context: EventContext, body: Value| {
            let seen = seen.clone();
            async move {
                let Some(number) = body.as_u64() else {
                    return Err(Fault::never("no ".repeat(400)));
                };
                seen.note("r-1", &context.event.subject, number);
                Ok(())
            }
        })
        .start()
        .await
        .unwrap()
}

/// A text as an event, of so many bytes less than the server takes.
async fn publish(stage: &Stage, headers: HeaderMap, below: usize) {
    let client = stage.connection.client();
    let body = serde_json::to_vec(&"x".repeat(client.max_payload() - below - 2)).unwrap();
    let jetstream = stage.connection.jetstream();
    jetstream.publish_with_headers("events.test.one", headers, body.into()).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn an_event_that_has_no_room_for_what_a_dead_letter_says_is_put_aside_with_less() {
    let stage = Stage::start().await;
    let seen = Seen::default();
    let service = picky(&stage, &seen).await;
    let headers = || {
        let mut headers = HeaderMap::new();
        headers.insert("Aegis-Actor", "user:alice");
        headers.insert("X-Big", "z".repeat(3_000));
        headers
    };
    // Without the rest of its reason, without headers of others, and without its body.
    publish(&stage, HeaderMap::new(), 800).await;
    publish(&stage, headers(), 3_200).await;
    publish(&stage, HeaderMap::new(), 20).await;
    stage.publish("one", [7]).await;
    seen.wait(1).await;
    stage.wait_for_letters(3).await;
    let most = stage.connection.client().max_payload();
    let mut letters = Vec::new();
    for sequence in 1..=3 {
        let letter = stage.letters.get(sequence).await.unwrap();
        assert_eq!(letter.original_subject.as_deref(), Some("events.test.one"));
        assert_eq!(letter.original_stream.as_deref(), Some("EVENTS"));
        assert!(
            letter.reason.as_deref().unwrap().starts_with("HANDLER_FAILED: no no"),
            "{:?}",
            letter.reason
        );
        letters.push(letter);
    }
    let sizes: Vec<_> = letters.iter().map(|letter| (letter.original_sequence, letter.body.len())).collect();
    assert_eq!(sizes, [(Some(1), most - 800), (Some(2), most - 3_200), (Some(3), 0)]);
    assert!(letters[1].headers.iter().any(|(name, value)| name == "Aegis-Actor" && value == "user:alice"));
    assert!(!letters[1].headers.iter().any(|(name, _)| name == "X-Big"), "{:?}", letters[1].headers);
    let alice = Actor::user("alice");
    let error = stage.letters.redrive(3, "try", &alice).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DeadLetterStuck);
    assert!(error.to_string().contains("message 3 of EVENTS"), "{error}");
    stage.letters.redrive(1, "try", &alice).await.unwrap();
    stage.letters.discard(3, "no", &alice).await.unwrap();
    tokio::time::timeout(PATIENCE + Duration::from_secs(10), service.stop("done")).await.unwrap().unwrap();
}
