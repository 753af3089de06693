//! Maintenance: what an owner has lost is its own again, or nobody's, until the maintenance is over.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::plan::{Maintenance, Scope};
use aegis_domain::{Actor, ErrorCode, GroupName, ServiceName};
use aegis_sdk::leadership::pause::Pauses;
use aegis_sdk::{ConnectOptions, Connection, Fault, Operator, Service, ServiceConfig};
use aegis_testkit::{FaultProxy, NatsServer, wait_until};
use chrono::TimeDelta;

const PATIENCE: Duration = Duration::from_secs(20);

fn service() -> ServiceName {
    ServiceName::new("desk").unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

fn scope(name: Option<&str>) -> Scope {
    Scope { service: service(), group: name.map(group) }
}

async fn member(url: String, name: &str, groups: &[&str]) -> Service {
    let mut config = ServiceConfig::new("desk", "1.0.0").unwrap();
    config.instance = Some(name.parse().unwrap());
    config.nats_url = url;
    config.groups = groups.iter().copied().map(group).collect();
    let builder =
        Service::builder(config).exclusive("who", |_call, (): ()| async move { Ok::<_, Fault>(()) });
    builder.start().await.unwrap()
}

/// A server, an owner of all groups behind a line that can be cut, and another member.
struct Stage {
    _server: NatsServer,
    proxy: FaultProxy,
    owner: Service,
    other: Service,
    operator: Operator,
    connection: Connection,
}

impl Stage {
    async fn new(groups: &[&str]) -> Self {
        let server = NatsServer::start().await;
        let proxy = FaultProxy::start(&server.url()).await;
        let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
        let owner = member(proxy.url(), "d-1", groups).await;
        let operator = Operator::new(&connection, Actor::user("alice"));
        for group in groups {
            owned_by(&operator, group, "d-1").await;
        }
        let other = member(server.url(), "d-2", groups).await;
        Self { _server: server, proxy, owner, other, operator, connection }
    }

    async fn pause(&self, scope: Scope, seconds: i64) {
        let until = self.operator.server_time().await.unwrap() + TimeDelta::seconds(seconds);
        let reason = "a new switch".to_owned();
        self.operator.begin_maintenance(Maintenance { scope, until, reason }).await.unwrap();
    }
}

/// The term of the group, once this member owns it by a session that lives.
async fn owned_by(operator: &Operator, group: &str, member: &str) -> u64 {
    wait_until(&format!("{member} as the owner of {group}"), PATIENCE, || async {
        let told = owner(operator, group).await;
        match &told {
            Some((owner, term, true)) if owner == member => Ok(*term),
            Some(_) | None => Err(format!("{told:?}")),
        }
    })
    .await
}

/// The owner, its term, and whether its session lives.
async fn owner(operator: &Operator, group: &str) -> Option<(String, u64, bool)> {
    let leaders = operator.leaders(Some(&service())).await.unwrap().leaders;
    let leader = leaders.into_iter().find(|leader| leader.group.as_str() == group)?;
    let holder = leader.record.holder?;
    Some((holder.instance.to_string(), leader.record.term.get(), leader.lives))
}

#[tokio::test]
async fn a_group_in_maintenance_waits_for_its_end_and_others_do_not() {
    let stage = Stage::new(&["ACC-1", "ACC-2"]).await;
    stage.pause(scope(Some("ACC-1")), 3_600).await;
    stage.proxy.cut();
    // Both became vacant at once.
    owned_by(&stage.operator, "ACC-2", "d-2").await;
    let held = owner(&stage.operator, "ACC-1").await;
    assert_eq!(held, Some(("d-1".to_owned(), 1, false)), "taken over in a maintenance");
    let plans = stage.operator.plans().await.unwrap();
    assert_eq!(plans.maintenances.len(), 1);
    stage.operator.end_maintenance(scope(Some("ACC-1")), "done").await.unwrap();
    assert_eq!(owned_by(&stage.operator, "ACC-1", "d-2").await, 2);
    assert!(Pauses::new(&stage.connection).in_force().await.unwrap().is_empty());
    let gone = stage.operator.end_maintenance(scope(Some("ACC-1")), "done").await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::NotFound);
    stage.other.stop("done").await.unwrap();
}

#[tokio::test]
async fn a_maintenance_ends_by_itself() {
    let stage = Stage::new(&["ACC-1"]).await;
    let begun = Instant::now();
    stage.pause(scope(None), 4).await;
    stage.proxy.cut();
    assert_eq!(owned_by(&stage.operator, "ACC-1", "d-2").await, 2);
    assert!(begun.elapsed() >= Duration::from_millis(3_900), "taken over after {:?}", begun.elapsed());
    let in_force = Pauses::new(&stage.connection).in_force().await.unwrap();
    assert!(in_force.is_empty(), "{in_force:?}");
    stage.other.stop("done").await.unwrap();
}

#[tokio::test]
async fn in_a_maintenance_an_owner_comes_back_to_its_groups_and_hands_them_over() {
    let stage = Stage::new(&["ACC-1"]).await;
    stage.pause(scope(None), 3_600).await;
    stage.proxy.cut();
    wait_until("the loss", PATIENCE, || async {
        let held = owner(&stage.operator, "ACC-1").await;
        if held.as_ref().is_some_and(|held| !held.2) { Ok(()) } else { Err(format!("{held:?}")) }
    })
    .await;
    stage.proxy.pass();
    assert_eq!(owned_by(&stage.operator, "ACC-1", "d-1").await, 2);
    let to = stage.other.instance().clone();
    stage.operator.step_down(&service(), &group("ACC-1"), Some(&to), "as planned").await.unwrap();
    assert_eq!(owned_by(&stage.operator, "ACC-1", "d-2").await, 3);
    stage.other.stop("done").await.unwrap();
    assert_eq!(owned_by(&stage.operator, "ACC-1", "d-1").await, 4, "a clean stop hands over");
    stage.owner.stop("done").await.unwrap();
}
