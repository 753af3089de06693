//! Handlers without a service around them, and contracts.

use std::time::Duration;

use aegis_sdk::domain::Term;
use aegis_sdk::testing::{ContractError, TestCall, command, contract, event, owned};
use aegis_sdk::{
    Call, CommandContext, ConnectOptions, Connection, EventContext, Fault, Owned, Released, Service,
    ServiceConfig,
};
use aegis_testkit::NatsServer;

struct Desk;

impl Desk {
    async fn place(&self, call: Call, shares: u64) -> Result<(String, u64, u64), Fault> {
        let (account, term) = call.exclusive()?;
        assert!(call.remaining() <= Duration::from_secs(5) && !call.is_cancelled());
        Ok((format!("{account} {}", call.request_id()), term.get(), shares))
    }

    async fn heard(&self, context: EventContext, shares: u64) -> Result<(), Fault> {
        assert_eq!((context.event.decode::<u64>()?, context.attempt), (shares, 1));
        context.event.id().map(|_id| ()).ok_or(Fault::new("NO_ID", "each event has one"))
    }

    async fn close(&self, context: CommandContext, day: u32) -> Result<String, Fault> {
        context.progress(50.0, "half of it").await;
        Ok(format!("{} {day}", context.id))
    }
}

#[tokio::test]
async fn handlers_are_called_with_contexts_of_tests() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let call = TestCall::new(&connection, "desk").unwrap().owner("ACC-1", Term(3)).unwrap();
    let call = call.within(Duration::from_secs(5)).request_id("r-1").build();
    assert_eq!(Desk.place(call, 7).await.unwrap(), ("ACC-1 r-1".to_owned(), 3, 7));
    let balanced = TestCall::new(&connection, "desk").unwrap().within(Duration::from_secs(5)).build();
    assert_eq!(Desk.place(balanced, 7).await.unwrap_err().code(), "INTERNAL");
    Desk.heard(event(&connection, "desk", "orders.ACC-1.placed", &7).unwrap(), 7).await.unwrap();
    let closed = Desk.close(command(&connection, "desk", "close", "c-1").unwrap(), 9).await;
    assert_eq!(closed.unwrap(), "c-1 9");
}

#[tokio::test]
async fn the_time_of_contexts_is_that_of_a_paused_clock() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let call = TestCall::new(&connection, "desk").unwrap().within(Duration::from_secs(30)).build();
    let closing = command(&connection, "desk", "close", "c-1").unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    assert!(!call.is_cancelled() && call.remaining() <= Duration::from_secs(1));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(call.is_cancelled() && call.remaining().is_zero());
    call.cancelled().await;
    assert!(closing.deadline > tokio::time::Instant::now());
    tokio::time::advance(Duration::from_secs(300)).await;
    assert!(closing.deadline <= tokio::time::Instant::now());
}

#[tokio::test]
async fn hooks_of_groups_are_called_with_what_a_test_says_is_owned() {
    let server = NatsServer::start().await;
    let connection = Connection::open(ConnectOptions::new(server.url(), "test")).await.unwrap();
    let mut account = owned(&connection, "desk", "ACC-1", Term(3)).unwrap();
    let tell = async |owned: Owned| {
        format!("{} {} {} {:?}", owned.service(), owned.group, owned.term, owned.released)
    };
    assert_eq!(tell(account.clone()).await, "desk ACC-1 3 None");
    account.released = Some(Released::Lost);
    assert_eq!(tell(account).await, "desk ACC-1 3 Some(Lost)");
    // What goes wrong goes through `?` of programs, whose error is any.
    let refused =
        || -> Result<(), Box<dyn std::error::Error>> { Err(Fault::new("NO_MONEY", "nothing is left"))? };
    assert_eq!(refused().unwrap_err().to_string(), "NO_MONEY: nothing is left");
}

#[test]
fn a_contract_that_has_changed_is_refused_at_the_place_of_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contract.json");
    let builder = || {
        Service::builder(ServiceConfig::new("desk", "1.0.0").unwrap())
            .state(async |_| Ok::<_, Fault>(Desk))
            .exclusive("place", Desk::place)
            .on_event("orders.*.placed", Desk::heard)
            .command("close", Desk::close)
    };
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/testing.json");
    contract(&builder(), golden).unwrap();
    assert!(matches!(contract(&builder(), &file), Err(ContractError::File { .. })));
    let changed = builder().rpc("quote", |_: &Desk, _: Call, (): ()| async { Ok::<_, Fault>(1.5) });
    let error = contract(&changed, golden).unwrap_err();
    assert!(error.to_string().contains("/methods/quote: look whether callers bear the change"), "{error}");
}
