//! Commands for the owners of groups, and the time limits of commands.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aegis_domain::{ErrorCode, GroupName, ServiceName};
use aegis_sdk::{
    CommandContext, CommandError, CommandHandle, Commands, Fault, SendOptions, Service, ServiceConfig,
};
use aegis_testkit::{FaultProxy, wait_until};

use tokio::sync::Semaphore;

use crate::events::{PATIENCE, Stage};

fn accounts() -> ServiceName {
    ServiceName::new("accounts").unwrap()
}

fn group() -> GroupName {
    GroupName::new("ACC-1").unwrap()
}

fn config(stage: &Stage, instance: &str) -> ServiceConfig {
    ServiceConfig { service: accounts(), groups: vec![group()], drain_ms: 1_000, ..stage.config(instance) }
}

/// Who began which command in which term, in order.
type Story = Arc<Mutex<Vec<(String, String, u64)>>>;

/// A member that settles accounts: `slow` ones end when they are called off, or when their owner is gone.
async fn member(config: ServiceConfig, story: &Story) -> Service {
    let (me, story) = (config.instance.clone().unwrap().to_string(), Arc::clone(story));
    let builder =
        Service::builder(config).exclusive_command("settle", move |context: CommandContext, what: String| {
            let (me, story) = (me.clone(), Arc::clone(&story));
            async move {
                let (group, term) = context.exclusive()?;
                assert_eq!((group.as_str(), context.group.as_ref()), ("ACC-1", Some(group)));
                context.progress(50.0, "half of it").await;
                story.lock().unwrap().push((me.clone(), what.clone(), term.get()));
                match what.as_str() {
                    "slow on the first" if me == "a-1" => std::future::pending().await,
                    "never ends" => {
                        context.stopped().await;
                        story.lock().unwrap().push((me, "stopped".to_owned(), term.get()));
                        Err(Fault::new("STOPPED", "it was told to stop"))
                    }
                    "refused" => Err(Fault::new("NO_MONEY", "nothing is left").with_details(7).for_good()),
                    "fails twice" if context.attempt < 3 => Err(Fault::new("BUSY", "not now")),
                    _ => Ok(format!("{what} by {me} at try {}", context.attempt)),
                }
            }
        });
    builder.start().await.unwrap()
}

async fn owns(service: &Service) {
    wait_until("ownership", PATIENCE, async || match service.guard().serving().contains_key(&group()) {
        true => Ok(()),
        false => Err("none".to_owned()),
    })
    .await;
}

async fn result(handle: &mut CommandHandle) -> Result<String, CommandError> {
    tokio::time::timeout(PATIENCE, handle.result()).await.expect("a result in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_does_them_whoever_takes_them_from_the_queue() {
    let (stage, story) = (Stage::start().await, Story::default());
    let owner = member(config(&stage, "a-1"), &story).await;
    owns(&owner).await;
    let other = member(config(&stage, "a-2"), &story).await;
    let commands = owner.commands();
    let mut handles = Vec::new();
    for number in 0..24 {
        let options = SendOptions::to_owner(group());
        handles.push(commands.send(&accounts(), "settle", &number.to_string(), options).await.unwrap());
    }
    for (number, mut handle) in handles.into_iter().enumerate() {
        let told = handle.next_progress().await.expect("its owner tells of it");
        assert_eq!((told.percent, told.attempt), (50.0, 1));
        assert_eq!(result(&mut handle).await.unwrap(), format!("{number} by a-1 at try 1"));
    }
    // Tries and ends are those of any command.
    let send = async |what: &str| {
        let options = SendOptions::to_owner(group());
        commands.send(&accounts(), "settle", &what, options).await.unwrap()
    };
    assert_eq!(result(&mut send("fails twice").await).await.unwrap(), "fails twice by a-1 at try 3");
    match result(&mut send("refused").await).await {
        Err(CommandError::Failed { code, message, details }) => {
            assert_eq!((code.as_str(), message.as_str()), ("NO_MONEY", "nothing is left"));
            assert_eq!(details, Some(7.into()));
        }
        other => panic!("{other:?}"),
    }
    // Calling off reaches the owner.
    let mut handle = send("never ends").await;
    let begun = |what: &str| {
        let (story, what) = (Arc::clone(&story), what.to_owned());
        async move {
            wait_until(&what, PATIENCE, async || {
                let told = story.lock().unwrap();
                told.iter().any(|(_, told, _)| *told == what).then_some(()).ok_or_else(|| format!("{told:?}"))
            })
            .await;
        }
    };
    begun("never ends").await;
    assert!(handle.cancel("enough").await.unwrap());
    begun("stopped").await;
    Box::pin(other.stop("the test ends")).await.unwrap();
    Box::pin(owner.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_owner_is_lost_is_done_by_the_next_one_and_counts_as_one_try() {
    let (stage, story) = (Stage::start().await, Story::default());
    let proxy = FaultProxy::start(&stage.server.url()).await;
    let cut = ServiceConfig { nats_url: proxy.url(), ..config(&stage, "a-1") };
    let owner = member(cut, &story).await;
    owns(&owner).await;
    let other = member(config(&stage, "a-2"), &story).await;
    let options = SendOptions::to_owner(group()).with_retries(0);
    let sent = other.commands().send(&accounts(), "settle", &"slow on the first", options).await;
    let mut handle = sent.unwrap();
    wait_until("the first try", PATIENCE, async || match story.lock().unwrap().first() {
        Some(_) => Ok(()),
        None => Err("not yet".to_owned()),
    })
    .await;
    proxy.cut();
    assert_eq!(result(&mut handle).await.unwrap(), "slow on the first by a-2 at try 1");
    let terms: Vec<_> = story.lock().unwrap().iter().map(|(who, _, term)| (who.clone(), *term)).collect();
    assert_eq!(terms, [("a-1".to_owned(), 1), ("a-2".to_owned(), 2)]);
    proxy.pass();
    Box::pin(owner.stop("the test ends")).await.unwrap();
    Box::pin(other.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_group_after_the_other_where_that_is_said() {
    let stage = Stage::start().await;
    let (at_work, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (working, seen) = (Arc::clone(&at_work), Arc::clone(&most));
    let builder = Service::builder(config(&stage, "a-1")).exclusive_command(
        "settle",
        move |context: CommandContext, (): ()| {
            let (working, seen) = (Arc::clone(&working), Arc::clone(&seen));
            async move {
                seen.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                context.progress(1.0, "at work").await;
                tokio::task::yield_now().await;
                working.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, Fault>("done".to_owned())
            }
        },
    );
    let service = builder.one_at_a_time().start().await.unwrap();
    let commands = service.commands();
    let mut handles = Vec::new();
    for _ in 0..20 {
        let options = SendOptions::to_owner(group());
        handles.push(commands.send(&accounts(), "settle", &(), options).await.unwrap());
    }
    for mut handle in handles {
        assert_eq!(result(&mut handle).await.unwrap(), "done");
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    Box::pin(service.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_where_none_belongs_and_none_where_one_belongs_are_refused_for_good() {
    let (stage, story) = (Stage::start().await, Story::default());
    let service = member(config(&stage, "a-1"), &story).await;
    let any =
        Service::builder(ServiceConfig { service: "reports".parse().unwrap(), ..config(&stage, "r-1") })
            .command("build", async |_: CommandContext, (): ()| Ok::<_, Fault>(()))
            .start()
            .await
            .unwrap();
    let commands = service.commands();
    let mut without = commands.send(&accounts(), "settle", &"x", SendOptions::default()).await.unwrap();
    let reports = "reports".parse().unwrap();
    let mut with = commands.send(&reports, "build", &(), SendOptions::to_owner(group())).await.unwrap();
    for (handle, hint) in [(&mut without, "send it with one"), (&mut with, "send it without a group")] {
        let error = result(handle).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput.as_str());
        assert!(error.to_string().contains(hint), "{error}");
    }
    assert!(story.lock().unwrap().is_empty());
    Box::pin(service.stop("the test ends")).await.unwrap();
    Box::pin(any.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tries_together_have_so_long_and_a_handler_that_hangs_is_noticed_by_its_silence() {
    let stage = Stage::start().await;
    let hangs = |context: CommandContext, how: String| async move {
        match how.as_str() {
            "fails" => return Err(Fault::new("BUSY", "not now").after(Duration::from_millis(50))),
            "beats" => {
                // For longer than it may be silent.
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(600) {
                    context.heartbeat();
                    tokio::task::yield_now().await;
                }
                return Ok("it went on".to_owned());
            }
            _ => {}
        }
        std::future::pending().await
    };
    let builder = Service::builder(config(&stage, "a-1")).command("run", hangs);
    let service = builder.exclusive_command("run_owned", hangs).start().await.unwrap();
    let commands = service.commands();
    let limited = |options: SendOptions| options.with_retries(1_000).within(Duration::from_millis(700));
    let beating = |options: SendOptions| options.with_retries(0).with_heartbeat(Duration::from_millis(400));
    let owner = || SendOptions::to_owner(group());
    for (command, how, options, hint) in [
        ("run", "fails", limited(SendOptions::default()), "BUSY"),
        ("run", "hangs", limited(SendOptions::default()), "took longer than"),
        ("run_owned", "hangs", limited(owner()), "took longer than"),
        ("run", "hangs", beating(SendOptions::default()), "nothing was heard of it for 400ms"),
        ("run_owned", "hangs", beating(owner()), "nothing was heard of it for 400ms"),
    ] {
        let begun = Instant::now();
        let error = result(&mut commands.send(&accounts(), command, &how, options).await.unwrap()).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(hint), "{command} {how}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{command} {how}: {:?}", begun.elapsed());
    }
    for (command, options) in [("run", beating(SendOptions::default())), ("run_owned", beating(owner()))] {
        let mut handle = commands.send(&accounts(), command, &"beats", options).await.unwrap();
        assert_eq!(result(&mut handle).await.unwrap(), "it went on");
    }
    Box::pin(service.stop("the test ends")).await.unwrap();
}

/// A member with room for one command at a time, whose handler ends when it is given leave; it answers the try and the term.
async fn patient(config: ServiceConfig, leave: &Arc<Semaphore>, begun: &Arc<AtomicU32>) -> Service {
    let (leave, begun) = (Arc::clone(leave), Arc::clone(begun));
    let builder =
        Service::builder(config).exclusive_command("settle", move |context: CommandContext, (): ()| {
            let (leave, begun) = (Arc::clone(&leave), Arc::clone(&begun));
            async move {
                let (_, term) = context.exclusive()?;
                begun.fetch_add(1, Ordering::SeqCst);
                leave.acquire().await?.forget();
                Ok::<_, Fault>(format!("try {} in term {term}", context.attempt))
            }
        });
    builder.command_concurrency(1).start().await.unwrap()
}

async fn reaches(begun: &AtomicU32, count: u32) {
    wait_until("the tries", PATIENCE, async || match begun.load(Ordering::SeqCst) {
        found if found >= count => Ok(()),
        found => Err(format!("{found} of {count}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_cuts_its_try_off_and_the_next_one_begins_it_anew_as_the_same_try() {
    let stage = Stage::start().await;
    let (leave, begun) = (Arc::new(Semaphore::new(0)), Arc::default());
    let owner = patient(config(&stage, "a-1"), &leave, &begun).await;
    owns(&owner).await;
    let other = patient(config(&stage, "a-2"), &leave, &begun).await;
    // One for each of the two workers; the owner does both.
    let mut handles = Vec::new();
    for _ in 0..2 {
        let options = SendOptions::to_owner(group()).with_retries(0);
        handles.push(owner.commands().send(&accounts(), "settle", &(), options).await.unwrap());
    }
    reaches(&begun, 2).await;
    Box::pin(other.stop("a new version")).await.unwrap();
    // One of them may go to the try that was cut off, which has a moment to end.
    leave.add_permits(3);
    for mut handle in handles {
        assert_eq!(result(&mut handle).await.unwrap(), "try 1 in term 1");
    }
    assert_eq!(begun.load(Ordering::SeqCst), 3);
    Box::pin(owner.stop("the test ends")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_has_its_group_again_begins_the_try_anew() {
    let stage = Stage::start().await;
    let (leave, begun) = (Arc::new(Semaphore::new(0)), Arc::default());
    let owner = patient(config(&stage, "a-1"), &leave, &begun).await;
    owns(&owner).await;
    let options = SendOptions::to_owner(group()).with_retries(0);
    let commands = Commands::new(&stage.connection);
    let mut handle = commands.send(&accounts(), "settle", &(), options).await.unwrap();
    reaches(&begun, 1).await;
    // Its session is ended by somebody, and it begins another: nobody else is there.
    let leases = stage.connection.jetstream().get_key_value("aegis_leases").await.unwrap();
    leases.delete("session.accounts.a-1").await.unwrap();
    reaches(&begun, 2).await;
    leave.add_permits(2);
    assert_eq!(result(&mut handle).await.unwrap(), "try 1 in term 2");
    Box::pin(owner.stop("the test ends")).await.unwrap();
}
