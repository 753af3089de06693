//! The three programs on a real server, with an owner killed while orders are placed.

use std::time::Duration;

use aegis_desk::account::{Account, AccountId, Accounts};
use aegis_sdk::domain::Actor;
use aegis_sdk::{ConnectOptions, Connection, Journal, Operator};
use aegis_testkit::{NatsServer, Proc, bin, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
const ACCOUNTS: [&str; 3] = ["ACC-1", "ACC-2", "ACC-3"];
const ORDERS: u64 = 60;
/// Of which those of more than 500 shares are refused: the limit of `config/risk.toml`.
const WITHIN_LIMIT: u64 = 50;

fn program(name: &str, config: &str, instance: &str, server: &NatsServer) -> Proc {
    let config = format!("{}/config/{config}.toml", env!("CARGO_MANIFEST_DIR"));
    Proc::builder(bin(name))
        .env("AEGIS_CONFIG", &config)
        .env("AEGIS_INSTANCE", instance)
        .env("AEGIS_NATS_URL", server.url())
        .spawn()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_booked_once_or_refused_although_an_owner_is_killed() {
    let server = NatsServer::start().await;
    let _risk = program("desk-risk", "risk", "risk-1", &server);
    let orders = ["orders-1", "orders-2"].map(|instance| program("desk-orders", "orders", instance, &server));
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let operator = Operator::new(&connection, Actor::user("tester"));
    let desk = program("desk", "desk", "desk-1", &server);
    desk.wait_for_line(|line| line.starts_with("booked 4 of ACC-1"), PATIENCE).await;
    let owner = operator.leaders(None).await.unwrap().leaders.into_iter().next().unwrap();
    let holder = owner.record.holder.unwrap().instance;
    let killed = if holder.as_str() == "orders-1" { &orders[0] } else { &orders[1] };
    let survivor = if holder.as_str() == "orders-1" { &orders[1] } else { &orders[0] };
    killed.kill();
    desk.wait_for_line(|line| line.starts_with("booked="), PATIENCE).await;
    let refused = ORDERS - WITHIN_LIMIT;
    let summary = format!("booked={WITHIN_LIMIT} refused={refused} unknown=0");
    assert!(desk.lines().contains(&summary), "{summary} is not in {:?}", desk.lines().last());
    assert!(
        desk.lines().iter().any(|line| line.starts_with("refused by LIMIT_EXCEEDED: 510 shares are over"))
    );
    let journal = Journal::<Accounts>::of(&connection);
    let (mut booked, mut shares) = (0, 0);
    for account in ACCOUNTS {
        let state = journal.load::<Account>(&AccountId(account.parse().unwrap())).await.unwrap().state;
        booked += state.orders;
        shares += state.shares;
    }
    assert_eq!((booked, shares), (WITHIN_LIMIT, (1..=WITHIN_LIMIT).map(|number| number * 10).sum()));
    // An owner that was killed between the booking and its event leaves none, unless its successor answers the repetition.
    wait_until("all are heard of", PATIENCE, || async {
        match desk.lines().iter().filter(|line| line.starts_with("heard ")).count() {
            heard if heard >= 50 => Ok(()),
            heard => Err(format!("{heard}")),
        }
    })
    .await;
    survivor.terminate();
    assert!(survivor.wait_exit(PATIENCE).await.success());
    let log = survivor.lines();
    for (told, times) in
        [("started", 1), ("draining", 1), ("stopped", 1), ("leads the group", ACCOUNTS.len())]
    {
        let lines = log.iter().filter(|line| line.contains(told)).count();
        assert_eq!(lines, times, "{told} in {log:#?}");
    }
    let noise = log.iter().find(|line| line.contains('\u{1b}') || line.contains("async_nats"));
    assert_eq!(noise, None, "{log:#?}");
}
