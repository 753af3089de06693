//! Leadership on a real server: hand-over, groups on demand, strict audit, health, drain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::{ElectionReason, LeadershipEvent};
use aegis_domain::wire::header;
use aegis_domain::{Actor, Aggregate, AggregateId, ErrorCode, GroupName, InstanceName, ServiceName, Term};
use aegis_sdk::provision::provision;
use aegis_sdk::{
    AuditMode, CallError, CallOptions, Client, ConnectOptions, Connection, Fault, Journal, Operator, Service,
    ServiceConfig, Target,
};
use aegis_testkit::{NatsServer, wait_until};
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::sync::{Semaphore, watch};

const PATIENCE: Duration = Duration::from_secs(10);
const SERVICE: &str = "desk";

struct Floor {
    server: NatsServer,
    connection: Connection,
    client: Client,
    /// Handlers of `hold` wait for a permit of it.
    gate: Arc<Semaphore>,
    /// How many calls of `hold` have begun.
    held: watch::Sender<usize>,
}

impl Floor {
    async fn open() -> Self {
        let server = NatsServer::start().await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "caller")).await.unwrap();
        let client = Client::new(&connection);
        Self { server, connection, client, gate: Arc::new(Semaphore::new(0)), held: watch::Sender::new(0) }
    }

    fn config(&self, name: &str, groups: &[&str]) -> ServiceConfig {
        let mut config = ServiceConfig::new(SERVICE, "1.0.0").unwrap();
        config.instance = Some(instance(name));
        config.nats_url = self.server.url();
        config.groups = groups.iter().map(|name| group(name)).collect();
        config.drain_ms = 3_000;
        config
    }

    async fn start(&self, config: ServiceConfig) -> Service {
        let me = config.instance.clone().unwrap().to_string();
        let (gate, held) = (Arc::clone(&self.gate), self.held.clone());
        let on_demand = config.groups.is_empty();
        let builder = Service::builder(config)
            .exclusive("who", move |call, (): ()| {
                let me = me.clone();
                async move { Ok::<_, Fault>((me, call.tenancy.unwrap().1.get())) }
            })
            .exclusive("hold", move |call, (): ()| {
                let (gate, held) = (Arc::clone(&gate), held.clone());
                async move {
                    held.send_modify(|held| *held += 1);
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Fault>(call.tenancy.unwrap().1.get())
                }
            });
        let builder =
            if on_demand { builder.on_demand(|group| group.as_str().starts_with("ACC-")) } else { builder };
        builder.start().await.unwrap()
    }

    async fn who(&self, name: &str) -> (String, u64) {
        self.ask_who(name, CallOptions::within(PATIENCE)).await
    }

    async fn ask_who(&self, name: &str, options: CallOptions) -> (String, u64) {
        self.client.call(&target(name), "who", &(), options).await.unwrap().body
    }

    /// Waits until all of these have a session: before that nobody can hand a group over to them.
    async fn members(&self, names: &[&str]) {
        let leases = self.connection.jetstream().get_key_value("aegis_leases").await.unwrap();
        wait_until("all members", PATIENCE, || async {
            for name in names {
                let session = leases.entry(format!("session.{SERVICE}.{name}")).await;
                let entry =
                    session.map_err(|e| e.to_string())?.ok_or_else(|| format!("{name} is missing"))?;
                let record: serde_json::Value =
                    serde_json::from_slice(&entry.value).map_err(|e| format!("{name}: {e}"))?;
                if record["standing"] != true {
                    return Err(format!("{name} does not stand"));
                }
            }
            Ok(())
        })
        .await;
    }

    /// The leadership events of a group, once this many terms have begun.
    async fn history(&self, name: &str, terms: usize) -> Vec<LeadershipEvent> {
        let journal = Journal::new(&self.connection);
        let id = AggregateId::Leadership(ServiceName::new(SERVICE).unwrap(), group(name));
        wait_until("the terms are in the log", PATIENCE, || async {
            let events = journal.events(&id).await.map_err(|e| e.to_string())?;
            let events: Vec<_> =
                events.iter().filter_map(|it| Leadership::event(&it.envelope.event).cloned()).collect();
            let begun = events.iter().filter(|it| matches!(it, LeadershipEvent::LeaderElected { .. }));
            if begun.count() == terms { Ok(events) } else { Err(format!("{events:?}")) }
        })
        .await
    }

    fn operator(&self) -> Operator {
        Operator::new(&self.connection, Actor::user("alice"))
    }
}

fn instance(name: &str) -> InstanceName {
    InstanceName::new(name).unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

fn target(group: &str) -> Target {
    Target::owner(SERVICE, group).unwrap()
}

fn service() -> ServiceName {
    ServiceName::new(SERVICE).unwrap()
}

#[tokio::test]
async fn a_group_is_handed_to_a_named_member_without_a_failed_call() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    assert_eq!(floor.who("ACC-1").await, ("d-1".to_owned(), 1));
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    let third = floor.start(floor.config("d-3", &["ACC-1"])).await;
    floor.members(&["d-2", "d-3"]).await;
    let (stop, stopped) = watch::channel(false);
    let callers = join_all((0..8).map(|_| {
        let (client, stopped) = (floor.client.clone(), stopped.clone());
        async move {
            let (mut answers, mut last, mut gap) = (vec![], Instant::now(), Duration::ZERO);
            while !*stopped.borrow() {
                let answer = client.call::<_, (String, u64)>(&target("ACC-1"), "who", &(), PATIENCE).await;
                answers.push(answer.unwrap().body);
                gap = gap.max(last.elapsed());
                last = Instant::now();
            }
            (answers, gap)
        }
    }));
    let callers = tokio::spawn(callers);
    let owner = first.step_down(&group("ACC-1"), Some(&instance("d-3")), "rebalance").await.unwrap();
    assert_eq!((owner.instance.as_str(), owner.term), ("d-3", Term(2)));
    assert_eq!(floor.who("ACC-1").await, ("d-3".to_owned(), 2));
    let operator = floor.operator();
    let owner = operator.step_down(&service(), &group("ACC-1"), None, "again").await.unwrap();
    assert_ne!(owner.instance, instance("d-3"));
    assert_eq!(floor.who("ACC-1").await, (owner.instance.to_string(), 3));
    stop.send(true).unwrap();
    for (answers, gap) in callers.await.unwrap() {
        assert!(answers.is_sorted_by_key(|(_, term)| *term), "the term went back");
        assert!(gap < Duration::from_millis(250), "a caller waited for {gap:?}");
    }
    let history = floor.history("ACC-1", 3).await;
    let resigned = |term, name: &str, reason: &str| LeadershipEvent::LeaderResigned {
        term: Term(term),
        instance: instance(name),
        reason: reason.to_owned(),
    };
    assert!(matches!(&history[0], LeadershipEvent::LeaderElected { reason: ElectionReason::First, .. }));
    assert_eq!(history[1], resigned(1, "d-1", "rebalance"));
    assert!(matches!(
        &history[2],
        LeadershipEvent::LeaderElected { term: Term(2), reason: ElectionReason::OwnerResigned, .. }
    ));
    let asked = LeadershipEvent::StepDownRequested { term: Term(2), to: None, reason: "again".to_owned() };
    assert_eq!(history[3..5], [asked, resigned(2, "d-3", "again")]);
    assert_eq!(history.len(), 6, "{history:?}");
    for it in [first, second, third] {
        it.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_refused_with_the_reason_and_served_as_before() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    assert_eq!(floor.who("ACC-1").await.0, "d-1");
    let alone = first.step_down(&group("ACC-1"), None, "alone").await.unwrap_err();
    assert_eq!(alone.code(), ErrorCode::MemberNotFound.as_str());
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    floor.members(&["d-2"]).await;
    let operator = floor.operator();
    let code = |name: &'static str, to: Option<&'static str>| {
        let (operator, to) = (operator.clone(), to.map(instance));
        async move { operator.step_down(&service(), &group(name), to.as_ref(), "test").await.unwrap_err().code }
    };
    assert_eq!(code("ACC-1", Some("d-9")).await, ErrorCode::MemberNotFound);
    assert_eq!(code("ACC-1", Some("d-1")).await, ErrorCode::InvalidInput, "the owner itself");
    assert_eq!(code("ACC-9", None).await, ErrorCode::NotActive);
    let not_mine = second.step_down(&group("ACC-1"), None, "test").await.unwrap_err();
    assert_eq!(not_mine.code(), ErrorCode::NotActive.as_str());
    assert!(not_mine.message().contains("d-1 does, in term 1"), "{not_mine}");
    assert_eq!(floor.who("ACC-1").await, ("d-1".to_owned(), 1));
    let leaders = operator.leaders(None).await.unwrap().leaders;
    let holder = leaders[0].record.holder.clone().unwrap();
    assert_eq!((leaders.len(), holder.instance, leaders[0].lives), (1, instance("d-1"), true));
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
    let leaders = operator.leaders(Some(&service())).await.unwrap().leaders;
    assert_eq!((leaders[0].record.holder.clone(), leaders[0].lives), (None, false));
}

#[tokio::test]
async fn calls_in_flight_end_before_a_hand_over_and_later_ones_go_to_the_successor() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    floor.who("ACC-1").await;
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    floor.members(&["d-2"]).await;
    let call = |method: &'static str| {
        let client = floor.client.clone();
        tokio::spawn(async move {
            client.call::<_, serde_json::Value>(&target("ACC-1"), method, &(), PATIENCE).await
        })
    };
    let running = call("hold");
    let mut held = floor.held.subscribe();
    tokio::time::timeout(PATIENCE, held.wait_for(|held| *held == 1)).await.unwrap().unwrap();
    let acc = group("ACC-1");
    let mut changes = first.guard().changes();
    let hand_over = first.step_down(&acc, None, "rebalance");
    let others = async {
        // No call is admitted from here on, and the one that runs keeps the group here.
        while first.guard().admit(&acc).is_some() {
            changes.changed().await.unwrap();
        }
        let later = call("who");
        assert!(first.guard().still_holds(&acc, Term(1)));
        floor.gate.add_permits(1);
        later.await.unwrap().unwrap()
    };
    let (owner, later) = tokio::join!(hand_over, others);
    assert_eq!(owner.unwrap().instance, instance("d-2"));
    assert_eq!(running.await.unwrap().unwrap().body, 1, "it ended under its term");
    assert_eq!(later.body, serde_json::json!(["d-2", 2]));
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_former_owner_tells_who_owns_the_group() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    floor.who("ACC-1").await;
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    floor.members(&["d-2"]).await;
    let client = floor.connection.client();
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.unwrap();
    let acc = group("ACC-1");
    // Calls without a pause, so that some come in between.
    let calls = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        loop {
            ticks.tick().await;
            client.publish_with_reply("rpc.desk.ACC-1.who", inbox.clone(), "".into()).await.unwrap();
        }
    };
    let refusal = async {
        first.step_down(&acc, None, "rebalance").await.unwrap();
        loop {
            let headers = replies.next().await.unwrap().headers;
            let refusal = headers.filter(|headers| headers.get(header::OWNER).is_some());
            if let Some(refusal) = refusal {
                return refusal;
            }
        }
    };
    let refusal = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            refusal = refusal => refusal,
            () = calls => unreachable!("the calls never end"),
        }
    })
    .await
    .unwrap();
    let header = |name| refusal.get(name).unwrap().as_str();
    assert_eq!(header(header::ERROR_CODE), ErrorCode::NotActive.as_str());
    assert_eq!((header(header::OWNER), header(header::TERM)), ("d-2", "2"));
    assert!(header(header::RETRY_AFTER_MS).parse::<u64>().is_ok());
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn groups_on_demand_are_owned_once_spread_and_moved_only_with_cause() {
    let floor = Floor::open().await;
    let names = ["d-1", "d-2", "d-3"];
    let mut members: Vec<_> = join_all(names.map(|name| floor.start(floor.config(name, &[])))).await;
    floor.members(&names).await;
    let accounts: Vec<_> = (0..60).map(|n| format!("ACC-{n}")).collect();
    let (floor, accounts) = (&floor, &accounts);
    let once = CallOptions::within(PATIENCE);
    // Several callers of each account at once.
    let ask = |options| async move {
        let calls = accounts.iter().flat_map(|account| {
            (0..3)
                .map(|_| async { (account.clone(), floor.ask_who(account, options).await) })
                .collect::<Vec<_>>()
        });
        let answers: BTreeSet<_> = join_all(calls).await.into_iter().collect();
        assert_eq!(answers.len(), accounts.len(), "two owners of one account: {answers:?}");
        answers.into_iter().collect::<BTreeMap<_, _>>()
    };
    let owners = ask(once).await;
    assert!(owners.values().all(|(_, term)| *term == 1));
    for name in names {
        let share = owners.values().filter(|(owner, _)| owner == name).count();
        assert!((8..=34).contains(&share), "{name} owns {share} of 60");
    }
    let fourth = floor.start(floor.config("d-4", &[])).await;
    floor.members(&["d-4"]).await;
    assert_eq!(ask(once).await, owners, "a newcomer takes nothing");
    let refused = floor.client.call::<_, ()>(&target("desk"), "who", &(), PATIENCE).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::GroupNotServed.as_str());
    // Dropped like a crash; the others take over what it had, and nothing else. What the one that
    // crashes still takes in is never answered: only whoever may repeat it goes on.
    drop(members.remove(0));
    for (account, (owner, term)) in ask(once.idempotent()).await {
        let before = &owners[&account];
        if before.0 == "d-1" {
            assert!(owner != "d-1" && term == 2, "{account} is {owner}'s in term {term}");
        } else {
            assert_eq!((&owner, term), (&before.0, before.1), "{account} moved without cause");
        }
    }
    for it in members.into_iter().chain([fourth]) {
        it.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn a_service_takes_no_more_groups_than_it_is_told_to() {
    let floor = Floor::open().await;
    let config = ServiceConfig { max_groups: 2, ..floor.config("d-1", &[]) };
    let only = floor.start(config).await;
    // All at once, and twice each.
    let accounts = (0..20).map(|n| format!("ACC-{}", n % 10));
    let calls = accounts.map(|account| {
        let client = floor.client.clone();
        async move { client.call::<_, (String, u64)>(&target(&account), "who", &(), PATIENCE).await }
    });
    let (served, refused): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!((served.len(), only.guard().serving().len()), (4, 2));
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Overloaded.as_str());
        assert!(refused.to_string().contains("max_groups"), "{refused}");
    }
    only.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_member_passes_on_a_group_that_it_does_not_stand_for() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    assert_eq!(floor.who("ACC-1").await.0, "d-1");
    let other = floor.start(floor.config("d-2", &["ACC-2"])).await;
    let third = floor.start(floor.config("d-3", &["ACC-1"])).await;
    floor.members(&["d-2", "d-3"]).await;
    first.step_down(&group("ACC-1"), Some(&instance("d-2")), "by mistake").await.unwrap();
    wait_until("somebody who stands for it", PATIENCE, || async {
        let (owner, term) = floor.who("ACC-1").await;
        if term == 3 && owner != "d-2" { Ok(()) } else { Err(format!("{owner} in term {term}")) }
    })
    .await;
    for it in [first, other, third] {
        it.stop("done").await.unwrap();
    }
}

#[tokio::test]
async fn with_a_strict_audit_no_call_is_served_before_the_log_has_the_term() {
    let floor = Floor::open().await;
    let strict = ServiceConfig { audit: AuditMode::Strict, ..floor.config("d-1", &[]) };
    let only = floor.start(strict).await;
    assert_eq!(floor.who("ACC-1").await.1, 1);
    // A log that takes nothing more, as with a full disk. One that is removed comes back by itself.
    let mut log = floor.connection.jetstream().get_stream("AEGIS_EVENTS").await.unwrap();
    let state = log.info().await.unwrap();
    let (room, messages) = (state.config.clone(), state.state.messages);
    let full = Config { max_messages: i64::try_from(messages).unwrap(), ..room.clone() };
    let full = Config { discard: DiscardPolicy::New, ..full };
    floor.connection.jetstream().update_stream(full).await.unwrap();
    let short = Duration::from_millis(1_500);
    let early = floor.client.call::<_, (String, u64)>(&target("ACC-2"), "who", &(), short).await.unwrap_err();
    assert!(matches!(early, CallError::NoResponders { .. } | CallError::NotActive { .. }), "{early:?}");
    let leases = floor.connection.jetstream().get_key_value("aegis_leases").await.unwrap();
    assert!(leases.get("owner.desk.ACC-2").await.unwrap().is_some(), "it is owned all the same");
    floor.connection.jetstream().update_stream(room).await.unwrap();
    assert_eq!(floor.who("ACC-2").await, ("d-1".to_owned(), 1));
    assert_eq!(floor.history("ACC-2", 1).await.len(), 1);
    drop(only);
}

#[tokio::test]
async fn a_message_that_is_no_event_keeps_no_group_from_its_owner_nor_its_terms_from_going_on() {
    let floor = Floor::open().await;
    provision(&floor.connection).await.unwrap();
    let junk = async || {
        let bad = AggregateId::Leadership(service(), group("ACC-1"));
        let subject = floor.connection.namespace().event_subject(&bad);
        floor.connection.jetstream().publish(subject, "junk".into()).await.unwrap().await.unwrap();
    };
    junk().await;
    let strict = || ServiceConfig { audit: AuditMode::Strict, ..floor.config("d-1", &["ACC-1"]) };
    let first = floor.start(strict()).await;
    assert_eq!(floor.who("ACC-1").await.1, 1);
    // As the last message of the group, where the next life looks for the terms that were given out.
    junk().await;
    first.stop("done").await.unwrap();
    junk().await;
    let second = floor.start(strict()).await;
    assert_eq!(floor.who("ACC-1").await.1, 2);
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn without_a_log_an_eventual_audit_serves_all_the_same_and_records_the_term_later() {
    let floor = Floor::open().await;
    let only = floor.start(floor.config("d-1", &[])).await;
    assert_eq!(floor.who("ACC-1").await.1, 1);
    floor.connection.jetstream().delete_stream("AEGIS_EVENTS").await.unwrap();
    assert_eq!(floor.who("ACC-2").await, ("d-1".to_owned(), 1));
    provision(&floor.connection).await.unwrap();
    assert_eq!(floor.history("ACC-2", 1).await.len(), 1);
    drop(only);
}

#[tokio::test]
async fn an_unhealthy_owner_gives_its_groups_up_and_takes_none_until_it_is_healthy() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1", "ACC-2"])).await;
    floor.who("ACC-1").await;
    floor.who("ACC-2").await;
    let second = floor.start(floor.config("d-2", &["ACC-1", "ACC-2"])).await;
    floor.members(&["d-2"]).await;
    first.health().unhealthy("the feed is stale");
    let owned_by = |name: &'static str, term: u64| {
        let floor = &floor;
        wait_until("both groups move", PATIENCE, move || async move {
            let owners = (floor.who("ACC-1").await, floor.who("ACC-2").await);
            let expected = (name.to_owned(), term);
            if owners == (expected.clone(), expected) { Ok(()) } else { Err(format!("{owners:?}")) }
        })
    };
    owned_by("d-2", 2).await;
    let resigned = LeadershipEvent::LeaderResigned {
        term: Term(1),
        instance: instance("d-1"),
        reason: "unhealthy: the feed is stale".to_owned(),
    };
    assert_eq!(floor.history("ACC-1", 2).await[1], resigned);
    // Nobody is left who would take them.
    second.health().unhealthy("no route to the exchange");
    let short = Duration::from_millis(500);
    wait_until("nobody serves", PATIENCE, || async {
        match floor.client.call::<_, (String, u64)>(&target("ACC-1"), "who", &(), short).await {
            Err(CallError::NoResponders { .. } | CallError::NotActive { .. }) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    first.health().healthy();
    owned_by("d-1", 3).await;
    second.health().healthy();
    floor.members(&["d-1", "d-2"]).await;
    assert_eq!(floor.who("ACC-1").await, ("d-1".to_owned(), 3), "it takes nothing back by itself");
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_instance_that_stops_takes_no_group_although_it_is_healthy() {
    let floor = Floor::open().await;
    let service = Service::builder(floor.config("d-1", &["ACC-1"]))
        .rpc("hold", {
            let (gate, held) = (Arc::clone(&floor.gate), floor.held.clone());
            move |_, (): ()| {
                let (gate, held) = (Arc::clone(&gate), held.clone());
                async move {
                    held.send_modify(|held| *held += 1);
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Fault>(())
                }
            }
        })
        .exclusive("who", |_, (): ()| async { Ok::<_, Fault>(()) })
        .start()
        .await
        .unwrap();
    floor.client.call::<_, ()>(&target("ACC-1"), "who", &(), PATIENCE).await.unwrap();
    let (health, guard) = (service.health(), service.guard().clone());
    // A call that keeps it from ending.
    let any = Target::any(SERVICE).unwrap();
    let client = floor.client.clone();
    let running = tokio::spawn(async move { client.call::<_, ()>(&any, "hold", &(), PATIENCE).await });
    floor.held.subscribe().wait_for(|held| *held == 1).await.unwrap();
    let stopping = tokio::spawn(service.stop("done"));
    let leases = floor.connection.jetstream().get_key_value("aegis_leases").await.unwrap();
    let session = || async {
        let entry = leases.entry("session.desk.d-1").await.map_err(|e| e.to_string())?.ok_or("none")?;
        serde_json::from_slice::<serde_json::Value>(&entry.value)
            .map(|record| (record["standing"] == true, entry.revision))
            .map_err(|e| e.to_string())
    };
    wait_until("it has given its group up", PATIENCE, || async {
        let (standing, _) = session().await?;
        if guard.serving().is_empty() && !standing { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    let (_, before) = session().await.unwrap();
    health.healthy();
    // Two renewals, the second of which was begun after that.
    let mut changes = leases.watch("session.desk.d-1").await.unwrap();
    for _ in 0..2 {
        let entry = tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap().unwrap();
        assert!(entry.revision > before);
        let record: serde_json::Value = serde_json::from_slice(&entry.value).unwrap();
        assert_eq!(record["standing"], false);
    }
    assert!(guard.serving().is_empty());
    floor.gate.add_permits(1);
    running.await.unwrap().unwrap();
    stopping.await.unwrap().unwrap();
    floor.history("ACC-1", 1).await;
}

#[tokio::test]
async fn an_instance_that_is_asked_to_drain_hands_over_and_ends() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    floor.who("ACC-1").await;
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    floor.members(&["d-2"]).await;
    let running = tokio::spawn(first.run_until_signal());
    floor.operator().drain(&service(), &instance("d-1"), "maintenance").await.unwrap();
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    assert_eq!(floor.who("ACC-1").await, ("d-2".to_owned(), 2));
    let resigned = LeadershipEvent::LeaderResigned {
        term: Term(1),
        instance: instance("d-1"),
        reason: "drain: maintenance".to_owned(),
    };
    assert_eq!(floor.history("ACC-1", 2).await[1], resigned);
    let gone = floor.operator().drain(&service(), &instance("d-1"), "again").await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::InstanceNotFound);
    second.stop("done").await.unwrap();
}

#[tokio::test]
async fn an_owner_key_that_somebody_removes_is_claimed_again_under_a_higher_term() {
    let floor = Floor::open().await;
    let first = floor.start(floor.config("d-1", &["ACC-1"])).await;
    assert_eq!(floor.who("ACC-1").await, ("d-1".to_owned(), 1));
    let second = floor.start(floor.config("d-2", &["ACC-1"])).await;
    floor.members(&["d-2"]).await;
    // The owner may hear of the other member a moment later than the store does.
    let group = group("ACC-1");
    let owner = wait_until("the hand-over", PATIENCE, || async {
        first.step_down(&group, None, "once").await.map_err(|fault| format!("{fault:?}"))
    })
    .await;
    assert_eq!(owner.term, Term(2));
    let leases = floor.connection.jetstream().get_key_value("aegis_leases").await.unwrap();
    leases.delete("owner.desk.ACC-1").await.unwrap();
    // A call that the owner runs while it learns of the loss has an unknown outcome: ask again.
    let options = CallOptions::within(PATIENCE).idempotent();
    wait_until("a term beyond those that were", PATIENCE, || async {
        let (_, term) = floor.ask_who("ACC-1", options).await;
        if term == 3 { Ok(()) } else { Err(format!("term {term}")) }
    })
    .await;
    first.stop("done").await.unwrap();
    second.stop("done").await.unwrap();
}
