//! Commands on a real server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aegis_domain::{Actor, ErrorCode, ServiceName};
use aegis_legacy as legacy;
use aegis_sdk::codec::Codec;
use aegis_sdk::{
    CommandContext, CommandError, Commands, Fault, Priority, SendOptions, Service, ServiceConfig,
};
use aegis_testkit::{FaultProxy, wait_until};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::events::{PATIENCE, Stage};

fn reports() -> ServiceName {
    ServiceName::new("reports").unwrap()
}

fn config(stage: &Stage, instance: &str) -> ServiceConfig {
    ServiceConfig { service: reports(), ..stage.config(instance) }
}

/// A service that doubles numbers after telling of its progress.
async fn doubling(config: ServiceConfig) -> Service {
    Service::builder(config)
        .command("double", |context: CommandContext, number: u64| async move {
            context.progress(50.0, "half of it").await;
            Ok::<_, Fault>(number * 2)
        })
        .start()
        .await
        .unwrap()
}

async fn queued(stage: &Stage) -> u64 {
    stage.connection.jetstream().get_stream("COMMANDS").await.unwrap().cached_info().state.messages
}

async fn wait_for_empty_queue(stage: &Stage) {
    wait_until("an empty queue", PATIENCE, || async {
        match queued(stage).await {
            0 => Ok(()),
            left => Err(format!("{left} left")),
        }
    })
    .await;
}

async fn result<T: serde::de::DeserializeOwned>(
    handle: &mut aegis_sdk::CommandHandle,
) -> Result<T, CommandError> {
    tokio::time::timeout(PATIENCE, handle.result()).await.expect("a result in time")
}

#[tokio::test]
async fn a_command_is_done_and_its_sender_hears_of_progress_and_result() {
    let stage = Stage::start().await;
    let service = doubling(config(&stage, "r-1")).await;
    let commands = Commands::new(&stage.connection);
    let mut handle = commands.send(&reports(), "double", &21, SendOptions::default()).await.unwrap();
    let told: Vec<_> =
        handle.progress().map(|told| (told.percent, told.message, told.attempt)).collect().await;
    assert_eq!(told, [(50.0, "half of it".to_owned(), 1)]);
    assert_eq!(result::<u64>(&mut handle).await.unwrap(), 42);
    // Whoever comes later finds it, too; and the same id does the same thing once.
    let mut late = commands.attach(&reports(), handle.id()).await.unwrap();
    assert_eq!(result::<u64>(&mut late).await.unwrap(), 42);
    let same = SendOptions { id: Some(handle.id().to_owned()), ..SendOptions::default() };
    let mut again = commands.send(&reports(), "double", &99, same).await.unwrap();
    assert!(again.is_duplicate());
    assert_eq!(result::<u64>(&mut again).await.unwrap(), 42);
    wait_for_empty_queue(&stage).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_thousand_commands_with_retries_are_done_once_each_and_no_progress_lands_in_the_queue() {
    let stage = Stage::start().await;
    let tries: Arc<Mutex<BTreeMap<u64, u32>>> = Arc::default();
    let done = Arc::new(AtomicU64::new(0));
    let mut services = Vec::new();
    for instance in ["r-1", "r-2"] {
        let (tries, done) = (Arc::clone(&tries), Arc::clone(&done));
        let service = Service::builder(config(&stage, instance))
            .command("work", move |context: CommandContext, number: u64| {
                let (tries, done) = (Arc::clone(&tries), Arc::clone(&done));
                async move {
                    context.progress(10.0, "begun").await;
                    *tries.lock().unwrap().entry(number).or_default() += 1;
                    // Every third fails at first, some with a panic.
                    if number.is_multiple_of(3) && context.attempt == 1 {
                        assert!(!number.is_multiple_of(9), "number {number} panics at first");
                        return Err(Fault::later(Duration::from_millis(20), "not yet"));
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                    context.progress(90.0, "nearly done").await;
                    Ok(number + 1)
                }
            })
            .start()
            .await
            .unwrap();
        services.push(service);
    }
    let commands = Commands::new(&stage.connection);
    let sent = (0..1_000_u64).map(|number| {
        let commands = commands.clone();
        async move {
            let mut handle =
                commands.send(&reports(), "work", &number, SendOptions::default()).await.unwrap();
            let told = handle.progress().count().await;
            assert!(told >= 2, "{number} told {told}");
            assert_eq!(result::<u64>(&mut handle).await.unwrap(), number + 1);
        }
    });
    futures_util::future::join_all(sent.map(tokio::spawn)).await.into_iter().for_each(Result::unwrap);
    assert_eq!(done.load(Ordering::SeqCst), 1_000);
    for (number, tries) in tries.lock().unwrap().iter() {
        assert_eq!(*tries, if number % 3 == 0 { 2 } else { 1 }, "{number}");
    }
    wait_for_empty_queue(&stage).await;
    assert_eq!(stage.letters.count().await.unwrap(), 0);
    for service in services {
        service.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn the_most_urgent_come_first_whichever_way_they_were_sent() {
    let stage = Stage::start().await;
    doubling(config(&stage, "r-0")).await.stop("the queue is there now").await.unwrap();
    let commands = Commands::new(&stage.connection);
    let client = stage.connection.jetstream();
    for number in 0..20_u64 {
        // As any NATS client sends it, and as the Python SDK does.
        let ack = client.publish("commands.reports.note", number.to_string().into()).await.unwrap();
        ack.await.unwrap();
        let low = SendOptions::priority(Priority::Low);
        commands.send(&reports(), "note", &(100 + number), low).await.unwrap();
    }
    let legacy =
        legacy::Command::new(legacy::Head::from_source(None), "note".to_owned(), 300, Priority::High, 3, 5.0);
    let body = Codec::MessagePack.encode(&legacy).unwrap();
    client.publish("commands.reports.note", body).await.unwrap().await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Aegis-Priority", "critical");
    client.publish_with_headers("commands.reports.note", headers, "400".into()).await.unwrap().await.unwrap();
    commands.send(&reports(), "note", &401, SendOptions::priority(Priority::Critical)).await.unwrap();
    let (seen, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let (notes, open) = (Arc::clone(&seen), Arc::clone(&gate));
    let service = Service::builder(config(&stage, "r-1"))
        .command_concurrency(1)
        .command("note", move |_context, number: u64| {
            notes.lock().unwrap().push(number);
            let open = Arc::clone(&open);
            async move {
                // The first holds the place until the others are in their lanes.
                open.acquire().await.unwrap().forget();
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    wait_until("the plain ones in their lanes", PATIENCE, || async {
        let stream = client.get_stream("COMMANDS").await.map_err(|e| e.to_string())?;
        let plain: async_nats::jetstream::consumer::PullConsumer =
            stream.get_consumer("reports-plain").await.map_err(|e| e.to_string())?;
        let info = plain.cached_info();
        let left = info.num_pending + info.num_ack_pending as u64;
        if left == 0 && seen.lock().unwrap().len() == 1 { Ok(()) } else { Err(format!("{left} left")) }
    })
    .await;
    gate.add_permits(1_000);
    wait_until("all of them", PATIENCE, || async {
        let count = seen.lock().unwrap().len();
        if count == 43 { Ok(()) } else { Err(format!("{count}")) }
    })
    .await;
    let seen = seen.lock().unwrap().clone();
    let place = |number: u64| seen.iter().position(|it| *it == number).unwrap();
    for urgent in [300, 400, 401] {
        assert!(place(urgent) <= 3, "{urgent} came at {} of {seen:?}", place(urgent));
    }
    let normal: usize = (0..20).map(place).sum();
    let low: usize = (100..120).map(place).sum();
    assert!(normal + 100 < low, "normal ones before low ones: {seen:?}");
    assert!((100..120).any(|number| place(number) < 38), "low ones have their share: {seen:?}");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn one_that_fails_for_good_is_told_becomes_a_dead_letter_and_can_be_sent_back() {
    let stage = Stage::start().await;
    let (tries, fixed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (count, is_fixed) = (Arc::clone(&tries), Arc::clone(&fixed));
    let service = Service::builder(config(&stage, "r-1"))
        .command("flaky", move |_context, number: u64| {
            count.fetch_add(1, Ordering::SeqCst);
            let fixed = is_fixed.load(Ordering::SeqCst) == 1;
            async move {
                if fixed {
                    Ok::<_, Fault>(number)
                } else {
                    Err(Fault::new("NO_PAPER", "the printer is empty"))
                }
            }
        })
        .command("poison", |_context, _number: u64| async move { Ok::<_, Fault>(()) })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let options = SendOptions { max_retries: 2, ..SendOptions::default() };
    let mut handle = commands.send(&reports(), "flaky", &7, options).await.unwrap();
    let error = result::<u64>(&mut handle).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), ("NO_PAPER", "NO_PAPER: the printer is empty"));
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    let letter = stage.letters.get(1).await.unwrap();
    assert_eq!(letter.kind, "command");
    assert_eq!(letter.reason.as_deref(), Some("NO_PAPER: the printer is empty (3 tries)"));
    assert_eq!(letter.original_subject.as_deref(), Some("commands.reports.flaky.normal"));
    fixed.store(1, Ordering::SeqCst);
    stage.letters.redrive(1, "paper is in", &Actor::user("alice")).await.unwrap();
    wait_until("the better end", PATIENCE, || async {
        let mut late = commands.attach(&reports(), handle.id()).await.map_err(|e| e.to_string())?;
        result::<u64>(&mut late).await.map(|_done| ()).map_err(|e| e.to_string())
    })
    .await;
    for (command, params, code) in
        [("poison", json!("no number"), "INVALID_INPUT"), ("unknown", json!(1), "METHOD_NOT_FOUND")]
    {
        let mut handle = commands.send(&reports(), command, &params, SendOptions::default()).await.unwrap();
        assert_eq!(result::<Value>(&mut handle).await.unwrap_err().code(), code);
    }
    assert_eq!(stage.letters.count().await.unwrap(), 2);
    wait_for_empty_queue(&stage).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_try_that_takes_too_long_is_stopped_and_counts_as_failed() {
    let stage = Stage::start().await;
    let stopped = Arc::new(AtomicU32::new(0));
    let noted = Arc::clone(&stopped);
    let service = Service::builder(config(&stage, "r-1"))
        .command("slow", move |context: CommandContext, (): ()| {
            let noted = Arc::clone(&noted);
            async move {
                context.stopped().await;
                noted.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
                Ok::<_, Fault>(())
            }
        })
        .start()
        .await
        .unwrap();
    let options =
        SendOptions { max_retries: 1, timeout: Duration::from_millis(100), ..SendOptions::default() };
    let commands = Commands::new(&stage.connection);
    let mut handle = commands.send(&reports(), "slow", &(), options).await.unwrap();
    let error = result::<()>(&mut handle).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::CommandTimedOut.as_str());
    assert_eq!((stopped.load(Ordering::SeqCst), stage.letters.count().await.unwrap()), (2, 1));
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn one_that_runs_and_one_that_waits_are_called_off() {
    let stage = Stage::start().await;
    let begun = Arc::new(Semaphore::new(0));
    let (count, signal) = (Arc::new(AtomicU32::new(0)), Arc::clone(&begun));
    let counted = Arc::clone(&count);
    let service = Service::builder(config(&stage, "r-1"))
        .command_concurrency(1)
        .command("long", move |_context, (): ()| {
            counted.fetch_add(1, Ordering::SeqCst);
            signal.add_permits(1);
            std::future::pending::<Result<(), Fault>>()
        })
        .command("short", |_context, (): ()| async move { Ok::<_, Fault>(()) })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let mut running = commands.send(&reports(), "long", &(), SendOptions::default()).await.unwrap();
    let mut waiting = commands.send(&reports(), "long", &(), SendOptions::default()).await.unwrap();
    let mut planned = commands.send(&reports(), "long", &(), SendOptions::after(PATIENCE)).await.unwrap();
    let mut last = commands.send(&reports(), "short", &(), SendOptions::default()).await.unwrap();
    begun.acquire().await.unwrap().forget();
    for handle in [&mut planned, &mut waiting, &mut running] {
        assert!(handle.cancel("no longer needed").await.unwrap());
        let error = result::<()>(handle).await.unwrap_err();
        assert_eq!(error.to_string(), "the command was called off: no longer needed");
        assert_eq!(error.code(), ErrorCode::Cancelled.as_str());
    }
    let called_off = Instant::now();
    result::<()>(&mut last).await.unwrap();
    // The worker is told; it asks by itself only every five seconds.
    assert!(called_off.elapsed() < Duration::from_secs(3), "{:?}", called_off.elapsed());
    assert_eq!(count.load(Ordering::SeqCst), 1, "the one that waited was begun");
    assert!(!last.cancel("too late").await.unwrap());
    wait_for_empty_queue(&stage).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn one_that_was_called_off_is_no_dead_letter_whatever_its_handler_says_then() {
    let stage = Stage::start().await;
    let begun = Arc::new(Semaphore::new(0));
    let signal = Arc::clone(&begun);
    let service = Service::builder(config(&stage, "r-1"))
        .command_concurrency(12)
        .command("long", move |context: CommandContext, n: u32| {
            signal.add_permits(1);
            async move {
                context.stopped().await;
                if n.is_multiple_of(2) { Err(Fault::never("it was stopped")) } else { Ok(()) }
            }
        })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let mut handles = Vec::new();
    for n in 0..12_u32 {
        handles.push(commands.send(&reports(), "long", &n, SendOptions::default()).await.unwrap());
    }
    begun.acquire_many(12).await.unwrap().forget();
    for handle in &mut handles {
        assert!(handle.cancel("no longer needed").await.unwrap());
        assert_eq!(result::<()>(handle).await.unwrap_err().code(), ErrorCode::Cancelled.as_str());
    }
    wait_for_empty_queue(&stage).await;
    service.stop("done").await.unwrap();
    assert_eq!(stage.letters.count().await.unwrap(), 0);
}

#[tokio::test]
async fn the_letter_of_one_that_has_ended_since_is_not_sent_back() {
    let stage = Stage::start().await;
    let fails = Arc::new(AtomicU32::new(1));
    let failing = Arc::clone(&fails);
    let service = Service::builder(config(&stage, "r-1"))
        .command("once", move |_context, (): ()| {
            let fails = failing.swap(0, Ordering::SeqCst) > 0;
            async move { if fails { Err(Fault::never("not now")) } else { Ok(()) } }
        })
        .start()
        .await
        .unwrap();
    let commands = Commands::new(&stage.connection);
    let options = SendOptions { id: Some("a".into()), ..SendOptions::default() };
    let mut handle = commands.send(&reports(), "once", &(), options).await.unwrap();
    result::<()>(&mut handle).await.unwrap_err();
    // A copy of the letter, as of a failure that was told late.
    let jetstream = stage.connection.jetstream();
    let letters = jetstream.get_stream("AEGIS_DEAD_LETTERS").await.unwrap();
    let letter = letters.get_raw_message(1).await.unwrap();
    let subject = stage.connection.namespace().dead_letter_subject("command", "other", 1, 1);
    let mut headers = async_nats::HeaderMap::new();
    for (name, values) in letter.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-")) {
        values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
    }
    let copied = jetstream.publish_with_headers(subject, headers, letter.payload).await.unwrap().await;
    let (copy, by) = (copied.unwrap().sequence, Actor::user("alice"));
    stage.letters.redrive(1, "again", &by).await.unwrap();
    wait_until("the command to be completed", PATIENCE, || async {
        let mut again = commands.attach(&reports(), "a").await.map_err(|error| error.to_string())?;
        result::<()>(&mut again).await.map_err(|error| error.to_string())
    })
    .await;
    let error = stage.letters.redrive(copy, "again", &by).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DeadLetterStuck);
    assert!(error.to_string().contains("the command a was completed meanwhile"), "{error}");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn one_that_is_planned_comes_at_its_time_and_not_before() {
    let stage = Stage::start().await;
    let service = doubling(config(&stage, "r-1")).await;
    let commands = Commands::new(&stage.connection);
    let begun = Instant::now();
    let mut handle =
        commands.send(&reports(), "double", &4, SendOptions::after(Duration::from_secs(2))).await.unwrap();
    assert_eq!(queued(&stage).await, 1);
    assert_eq!(result::<u64>(&mut handle).await.unwrap(), 8);
    let took = begun.elapsed();
    assert!((Duration::from_millis(1_900)..Duration::from_secs(5)).contains(&took), "took {took:?}");
    wait_for_empty_queue(&stage).await;
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_worker_that_is_cut_off_over_a_command_is_replaced_and_the_end_counts_once() {
    let stage = Stage::start().await;
    let proxy = FaultProxy::start(&stage.server.url()).await;
    let (count, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let mut services = Vec::new();
    for (instance, url) in [("r-1", proxy.url()), ("r-2", stage.server.url())] {
        let (count, gate) = (Arc::clone(&count), Arc::clone(&gate));
        let cut = ServiceConfig { nats_url: url, drain_ms: 1_000, ..config(&stage, instance) };
        let service = Service::builder(cut)
            .command("who", move |_context, (): ()| {
                count.fetch_add(1, Ordering::SeqCst);
                let gate = Arc::clone(&gate);
                async move {
                    if instance == "r-1" {
                        gate.acquire().await.unwrap().forget();
                    }
                    Ok::<_, Fault>(instance)
                }
            })
            .start();
        services.push(service);
    }
    let mut services = services.into_iter();
    let first = services.next().unwrap().await.unwrap();
    let commands = Commands::new(&stage.connection);
    let mut handle = commands.send(&reports(), "who", &(), SendOptions::default()).await.unwrap();
    wait_until("the first to begin", PATIENCE, || async {
        if count.load(Ordering::SeqCst) == 1 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    proxy.cut();
    let second = services.next().unwrap().await.unwrap();
    let done = tokio::time::timeout(PATIENCE * 2, handle.result::<String>()).await.unwrap().unwrap();
    assert_eq!(done, "r-2");
    // The first comes back, and is done as well: that changes nothing any more.
    gate.add_permits(1);
    proxy.pass();
    wait_for_empty_queue(&stage).await;
    first.stop("done").await.unwrap();
    let mut late = commands.attach(&reports(), handle.id()).await.unwrap();
    assert_eq!(result::<String>(&mut late).await.unwrap(), "r-2");
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn the_python_sdk_sends_and_takes_commands() {
    let stage = Stage::start().await;
    // As its own queue is made, with what it told of progress still in it.
    let config_of_python = async_nats::jetstream::stream::Config {
        name: "COMMANDS".to_owned(),
        subjects: vec!["commands.>".to_owned()],
        retention: async_nats::jetstream::stream::RetentionPolicy::WorkQueue,
        ..Default::default()
    };
    stage.connection.jetstream().create_stream(config_of_python).await.unwrap();
    let client = stage.connection.client();
    client.publish("commands.progress.old", "noise".into()).await.unwrap();
    let waiting = stage.connection.jetstream().publish("commands.other.wait", "{}".into()).await.unwrap();
    waiting.await.unwrap();
    let service = doubling(config(&stage, "r-1")).await;
    let stream = stage.connection.jetstream().get_stream("COMMANDS").await.unwrap();
    let mut subjects = stream.cached_info().config.subjects.clone();
    subjects.sort_unstable();
    assert_eq!(subjects, ["commands.other.>", "commands.reports.>"]);
    assert_eq!(queued(&stage).await, 1, "what waits is kept, and noise is not");
    let mut head = legacy::Head::from_source(Some("python"));
    head.message_id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301".to_owned();
    let mut told = client.subscribe(legacy::progress_subject(&head.message_id)).await.unwrap();
    let mut done = client.subscribe(legacy::callback_subject(&head.message_id)).await.unwrap();
    let sent = legacy::Command::new(head, "double".to_owned(), 21_u64, Priority::Normal, 3, 5.0);
    let body = Codec::MessagePack.encode(&sent).unwrap();
    stage.connection.jetstream().publish("commands.reports.double", body).await.unwrap().await.unwrap();
    let told = tokio::time::timeout(PATIENCE, told.next()).await.unwrap().unwrap();
    let told: legacy::Progress = Codec::MessagePack.decode(&told.payload).unwrap();
    assert_eq!((told.progress, told.status.as_str()), (50.0, "half of it"));
    let done = tokio::time::timeout(PATIENCE, done.next()).await.unwrap().unwrap();
    let done: legacy::Completion<u64> = Codec::MessagePack.decode(&done.payload).unwrap();
    assert_eq!((done.status.as_str(), done.result), ("completed", 42));
    // The other way round: a worker in Python.
    let python = ServiceName::new("python").unwrap();
    let commands = Commands::new(&stage.connection);
    let native = commands.send(&python, "run", &json!({}), SendOptions::default()).await.unwrap_err();
    assert_eq!(native.code(), ErrorCode::NoResponders.as_str());
    let options = SendOptions { legacy: true, ..SendOptions::default() };
    let mut handle = commands.send(&python, "run", &json!({"n": 1}), options).await.unwrap();
    let stored = stream.get_last_raw_message_by_subject("commands.python.run").await.unwrap();
    let envelope: legacy::Command<Value> = Codec::MessagePack.decode(&stored.payload).unwrap();
    assert_eq!((envelope.command.as_str(), envelope.payload), ("run", json!({"n": 1})));
    let done = legacy::Completion::new(handle.id().to_owned(), json!({"ok": true}));
    let subject = legacy::callback_subject(handle.id());
    client.publish(subject, Codec::MessagePack.encode(&done).unwrap()).await.unwrap();
    assert_eq!(result::<Value>(&mut handle).await.unwrap(), json!({"ok": true}));
    assert_eq!(queued(&stage).await, 2, "the two that wait for workers of other services");
    service.stop("done").await.unwrap();
}

#[tokio::test]
async fn services_that_start_at_once_are_all_admitted_to_the_queue() {
    let stage = Stage::start().await;
    let names: Vec<_> = (0..12).map(|n| ServiceName::new(format!("service-{n}")).unwrap()).collect();
    let commands = Commands::new(&stage.connection);
    let admitted = names.iter().map(|name| commands.admit(name));
    futures_util::future::join_all(admitted).await.into_iter().for_each(Result::unwrap);
    let stream = stage.connection.jetstream().get_stream("COMMANDS").await.unwrap();
    let subjects = &stream.cached_info().config.subjects;
    for name in &names {
        assert!(subjects.contains(&format!("commands.{name}.>")), "{name} in {subjects:?}");
    }
    let reserved = ServiceName::new("progress").unwrap();
    assert!(commands.admit(&reserved).await.is_err());
    let error = commands.send(&reports(), "do it", &(), SendOptions::default()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidInput.as_str());
}
