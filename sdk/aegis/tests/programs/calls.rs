//! Calls, and the choice of whom to call.

use aegis_testkit::{NatsServer, Proc};

use crate::program::{PATIENCE, ends_cleanly, program, said};

pub(crate) async fn handlers(server: NatsServer) {
    let said = said(program("handlers", &server)).await;
    let (book, orders) = said.split_last().unwrap();
    assert_eq!(
        orders,
        [
            "5: 5 ordered so far",
            "500: LIMIT_EXCEEDED, 500 shares are over the limit of 100, {\"limit\":100,\"shares\":500}",
            "7: 12 ordered so far",
        ]
    );
    assert!(book.starts_with("book: HANDLER_FAILED: ") && !book.contains("cannot be read"), "{book}");
}

async fn an_echo(server: &NatsServer) -> Proc {
    let echo = program("echo", server).spawn();
    echo.wait_for_line(|line| line.contains("started"), PATIENCE).await;
    echo
}

pub(crate) async fn echo(server: NatsServer) {
    let echo = an_echo(&server).await;
    let asked = "echo say {\"text\": \"hi\"}\nstream echo words {\"text\": \"one two\"}\n";
    let said = said(program("client", &server).input(asked)).await.join("\n");
    for text in ["{\"text\":\"hi\"}", "{\"text\":\"one\"}", "{\"text\":\"two\"}"] {
        assert!(said.contains(text), "{text} is not in {said}");
    }
    ends_cleanly(&echo).await;
}

pub(crate) async fn client(server: NatsServer) {
    let echo = an_echo(&server).await;
    let asked = "echo\n\npython echo say {\"text\": \"hi\"}\necho say 5\n";
    let said = said(program("client", &server).input(asked)).await.join("\n");
    for text in ["say: [stream | python] <service> <method> [JSON]", "{\"text\":\"hi\"}", "INVALID_INPUT"] {
        assert!(said.contains(text), "{text} is not in {said}");
    }
    ends_cleanly(&echo).await;
}

pub(crate) async fn balanced(server: NatsServer) {
    let said = said(program("balanced", &server)).await;
    let answered = said.iter().map(|line| {
        let (instance, calls) = line.split_once(" answered ").unwrap();
        (instance, calls.strip_suffix(" calls").unwrap().parse::<u32>().unwrap())
    });
    let (instances, calls): (Vec<_>, Vec<_>) = answered.unzip();
    assert_eq!(instances, ["adder-1", "adder-2", "adder-3"]);
    assert_eq!(calls.iter().sum::<u32>(), 3_000);
}

pub(crate) async fn load(server: NatsServer) {
    let echo = an_echo(&server).await;
    let load = program("load", &server).args(["echo", "say", "{\"text\": \"hi\"}", "4", "2"]);
    let said = said(load).await;
    assert!(!said.is_empty() && said.iter().all(|line| line.contains(" calls/s, p50 ")), "{said:#?}");
    assert!(said.iter().all(|line| line.ends_with(" 0 failed")), "{said:#?}");
    ends_cleanly(&echo).await;
}

pub(crate) async fn discovery(server: NatsServer) {
    let said = said(program("discovery", &server)).await;
    assert_eq!(said.len(), 4, "{said:#?}");
    let evenly = "RoundRobin: {\"pricing-1\": 10, \"pricing-2\": 10, \"pricing-3\": 10}";
    assert_eq!(said[0], evenly);
    let sticky = said.iter().find(|line| line.starts_with("StickyPreferred")).unwrap();
    assert!(sticky.ends_with(": 30}"), "{sticky}");
}

pub(crate) async fn resilience(server: NatsServer) {
    let said = said(program("resilience", &server)).await;
    let (refused, after) = said.split_first().unwrap();
    assert_eq!(refused, "{\"OUTCOME_UNKNOWN\": 8, \"OVERLOADED\": 4}");
    assert_eq!(after.first().unwrap(), "the breaker is open");
    assert_eq!(after.last().unwrap(), "EURUSD at 1.0845");
}
