//! What outlasts a process: events, commands, streams, the journal.

use aegis_testkit::NatsServer;

use crate::program::{program, said};

pub(crate) async fn events(server: NatsServer) {
    let said = said(program("events", &server)).await;
    let tries = |account: &str| {
        let of = said.iter().filter(|line| line.starts_with(&format!("events.orders.{account}.placed try ")));
        of.map(|line| line.split_once("number: ").unwrap().1[..1].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tries("ACC-1"), ["1", "3", "5"]);
    assert_eq!(tries("ACC-2"), ["2", "2", "4", "6"]);
    let last = &said[said.len() - 2..];
    assert!(last[0].starts_with("dead letter 1: ") && last[0].contains("without a volume"), "{last:#?}");
    assert_eq!(last[1], "6 events replayed");
}

pub(crate) async fn commands(server: NatsServer) {
    let said = said(program("commands", &server)).await;
    assert!(said.contains(&"100 % page 5 of 5".to_owned()), "{said:#?}");
    let ends = &said[said.len() - 3..];
    assert_eq!(ends[0], "a report of 5 pages");
    assert!(
        ends[1].starts_with("CANCELLED: ") && ends[1].contains("nobody reads a million pages"),
        "{ends:#?}"
    );
    assert_eq!(ends[2], "two seconds later: a report of 1 pages");
}

pub(crate) async fn streams(server: NatsServer) {
    let said = said(program("streams", &server)).await;
    let prices = said.iter().filter(|line| line.starts_with("turn "));
    let sequences: Vec<u32> =
        prices.map(|line| line.split([',', ':']).nth(1).unwrap().trim().parse().unwrap()).collect();
    assert_eq!(sequences, (1..=10).collect::<Vec<_>>());
    let committed: Vec<_> = said.iter().filter(|line| line.starts_with("committed ")).collect();
    assert_eq!(
        committed,
        ["committed Some(4) in epoch 1", "committed Some(8) in epoch 2", "committed Some(10) in epoch 3"]
    );
}

pub(crate) async fn ledger(server: NatsServer) {
    let first = said(program("ledger", &server)).await;
    assert_eq!(
        first[..4],
        [
            "Deposit(10000): booked",
            "Withdraw(2550): booked",
            "Withdraw(1000000000): the balance is 7450 cents, and 1000000000 were asked for",
            "balance: 7450",
        ]
    );
    assert_eq!(first.len(), 6, "{first:#?}");
    let again = said(program("ledger", &server)).await;
    assert_eq!((again[3].as_str(), again.len()), ("balance: 14900", 8), "{again:#?}");
}
