//! What counts as a try of a command or an event, and what does not.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_sdk::{
    CommandContext, CommandHandle, Commands, EventContext, Fault, Mode, SendOptions, Service, ServiceConfig,
    Start, Subscribe,
};
use aegis_testkit::wait_until;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;

use crate::events::{PATIENCE, Seen, Stage, tries};

/// The attempts that handlers were told.
type Attempts = Arc<Mutex<Vec<u32>>>;

fn reports() -> ServiceName {
    ServiceName::new("reports").unwrap()
}

async fn consumer(stage: &Stage, stream: &str, consumer: &str) -> PullConsumer {
    stage.connection.jetstream().get_consumer_from_stream(consumer, stream).await.unwrap()
}

/// As readers do that are stopped again and again before they come to it.
async fn give_back(stage: &Stage, (stream, name): (&str, &str), messages: usize, times: usize) {
    let consumer = consumer(stage, stream, name).await;
    for _ in 0..times {
        // No more is asked for than is given back: nothing is delivered to nobody, and counted as a try. A `fetch`
        // would end early while the server has not yet dealt with what was given back.
        let batch = consumer.batch().max_messages(messages).expires(PATIENCE).messages().await.unwrap();
        let given: Vec<_> = batch.map(Result::unwrap).collect().await;
        assert_eq!(given.len(), messages);
        for message in given {
            message.ack_with(AckKind::Nak(None)).await.unwrap();
        }
    }
    stage.connection.client().flush().await.unwrap();
}

/// A worker whose commands fail until this try.
async fn worker(stage: &Stage, instance: &str, good: u32, delay: Duration, attempts: &Attempts) -> Service {
    let attempts = Arc::clone(attempts);
    let config = ServiceConfig { service: reports(), ..stage.config(instance) };
    Service::builder(config)
        .command("work", move |context: CommandContext, (): ()| {
            attempts.lock().unwrap().push(context.attempt);
            async move {
                if context.attempt < good { Err(Fault::later(delay, "not yet")) } else { Ok(context.attempt) }
            }
        })
        .start()
        .await
        .unwrap()
}

/// The queue and its consumers, without anybody who reads them.
async fn idle_queue(stage: &Stage) {
    worker(stage, "r-0", 1, Duration::ZERO, &Attempts::default())
        .await
        .stop("the queue is there")
        .await
        .unwrap();
}

async fn send(stage: &Stage, max_retries: u32) -> CommandHandle {
    let options = SendOptions { max_retries, ..SendOptions::default() };
    Commands::new(&stage.connection).send(&reports(), "work", &(), options).await.unwrap()
}

async fn result(handle: &mut CommandHandle) -> Result<u32, String> {
    let ended = tokio::time::timeout(PATIENCE, handle.result()).await.expect("a result in time");
    ended.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_command_that_was_given_back_untried_is_tried() {
    let stage = Stage::start().await;
    idle_queue(&stage).await;
    let mut handle = send(&stage, 0).await;
    give_back(&stage, ("COMMANDS", "reports-normal"), 1, 6).await;
    let attempts = Attempts::default();
    let service = worker(&stage, "r-1", 1, Duration::ZERO, &attempts).await;
    assert_eq!(result(&mut handle).await, Ok(1));
    assert_eq!(stage.letters.count().await.unwrap(), 0);
    assert_eq!(attempts.lock().unwrap().as_slice(), [1]);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn tries_of_a_command_count_on_whichever_instance_they_failed() {
    let stage = Stage::start().await;
    idle_queue(&stage).await;
    let mut handle = send(&stage, 1).await;
    let attempts = Attempts::default();
    let first = worker(&stage, "r-1", 9, Duration::from_secs(1), &attempts).await;
    wait_until("the first try", PATIENCE, || async {
        let tried = attempts.lock().unwrap().clone();
        if tried == [1] { Ok(()) } else { Err(format!("{tried:?}")) }
    })
    .await;
    first.stop("rolled").await.unwrap();
    give_back(&stage, ("COMMANDS", "reports-normal"), 1, 3).await;
    let second = worker(&stage, "r-2", 9, Duration::from_secs(1), &attempts).await;
    assert_eq!(result(&mut handle).await, Err("HANDLER_FAILED: not yet".to_owned()));
    assert_eq!(attempts.lock().unwrap().as_slice(), [1, 2]);
    let letter = stage.letters.get(1).await.unwrap();
    assert_eq!(letter.reason.as_deref(), Some("HANDLER_FAILED: not yet (2 tries)"));
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_register_that_somebody_removes_is_made_again_and_costs_a_command_no_try() {
    let stage = Stage::start().await;
    let attempts = Attempts::default();
    let service = worker(&stage, "r-1", 1, Duration::ZERO, &attempts).await;
    assert_eq!(result(&mut send(&stage, 0).await).await, Ok(1));
    let jetstream = stage.connection.jetstream();
    jetstream.delete_stream("KV_aegis_commands").await.unwrap();
    let handle = send(&stage, 0).await;
    let mut late = Commands::new(&stage.connection).attach(&reports(), handle.id()).await;
    wait_until("the register is back", PATIENCE, || async {
        jetstream.get_stream("KV_aegis_commands").await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    if late.is_err() {
        late = Commands::new(&stage.connection).attach(&reports(), handle.id()).await;
    }
    assert_eq!(result(&mut late.unwrap()).await, Ok(1));
    assert_eq!(stage.letters.count().await.unwrap(), 0);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_command_that_comes_far_too_often_is_given_up() {
    let stage = Stage::start().await;
    idle_queue(&stage).await;
    let mut handle = send(&stage, 1).await;
    give_back(&stage, ("COMMANDS", "reports-normal"), 1, 22).await;
    let attempts = Attempts::default();
    let service = worker(&stage, "r-1", 1, Duration::ZERO, &attempts).await;
    let error = result(&mut handle).await.unwrap_err();
    assert!(error.contains("it came 23 times"), "{error}");
    assert_eq!(stage.letters.count().await.unwrap(), 1);
    assert_eq!(attempts.lock().unwrap().len(), 0);
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_event_that_was_given_back_untried_has_all_its_tries() {
    let stage = Stage::start().await;
    let subscribe = Subscribe::to("test.*").mode(Mode::Spread).from(Start::Beginning).retry(tries(2));
    drop(stage.subscribe("r-0", subscribe.clone()).await);
    stage.publish("one", [1]).await;
    give_back(&stage, ("EVENTS", "reader-test_any"), 1, 6).await;
    let attempts = Attempts::default();
    let noted = Arc::clone(&attempts);
    let service =
        Service::builder(stage.config("r-1"))
            .on_event(subscribe, move |context: EventContext, _number: u64| {
                noted.lock().unwrap().push(context.attempt);
                async move {
                    if context.attempt == 1 { Err(Fault::later(Duration::ZERO, "not yet")) } else { Ok(()) }
                }
            })
            .start()
            .await
            .unwrap();
    wait_until("both tries", PATIENCE, || async {
        let tried = attempts.lock().unwrap().clone();
        if tried == [1, 2] { Ok(()) } else { Err(format!("{tried:?}")) }
    })
    .await;
    service.stop("done").await.unwrap();
    assert_eq!(stage.letters.count().await.unwrap(), 0);
}

#[tokio::test]
async fn an_event_that_comes_far_too_often_is_given_up_and_those_behind_it_are_tried() {
    let stage = Stage::start().await;
    let subscribe = Subscribe::to("test.*").mode(Mode::Broadcast).from(Start::Beginning).retry(tries(1));
    stage.subscribe("r-1", subscribe.clone()).await.close(PATIENCE).await.unwrap();
    stage.publish("one", 1..=3).await;
    give_back(&stage, ("EVENTS", "reader=test_any=r-1"), 3, 23).await;
    let (seen, count) = (Seen::default(), Arc::new(AtomicU32::new(0)));
    let (notes, counted) = (seen.clone(), Arc::clone(&count));
    let service = Service::builder(stage.config("r-1"))
        .on_event(subscribe, move |context: EventContext, number: u64| {
            counted.fetch_add(1, Ordering::SeqCst);
            notes.note("r-1", &context.event.subject, number);
            async { Ok::<_, Fault>(()) }
        })
        .start()
        .await
        .unwrap();
    seen.wait(2).await;
    stage.wait_for_letters(1).await;
    let reason = stage.letters.get(1).await.unwrap().reason.unwrap();
    assert!(reason.contains("it came 24 times"), "{reason}");
    service.stop("done").await.unwrap();
    assert_eq!((seen.on("one"), count.load(Ordering::SeqCst)), (vec![2, 3], 2));
}
