//! One active instance for each group.

use aegis_sdk::{CallOptions, Target};
use aegis_testkit::NatsServer;

use crate::program::{PATIENCE, client, ends_cleanly, program};

pub(crate) async fn single_active(server: NatsServer) {
    let start = || program("single_active", &server).spawn();
    let (one, other) = (start(), start());
    for member in [&one, &other] {
        member.wait_for_line(|line| line.contains("started"), PATIENCE).await;
    }
    let client = client(&server).await;
    let account = Target::owner("desk", "ACC-1").unwrap();
    let sell = async || {
        let options = CallOptions::within(PATIENCE).idempotent();
        client.call::<_, String>(&account, "sell", &5, options).await.unwrap().body
    };
    let sold = sell().await;
    assert!(sold.ends_with("sold 5 for ACC-1 in term 1"), "{sold}");
    let owner = sold.split(' ').next().unwrap();
    let owns = |lines: Vec<String>| lines.iter().any(|line| line.contains("started") && line.contains(owner));
    let (owner, successor) = if owns(one.lines()) { (one, other) } else { (other, one) };
    owner.kill();
    let sold = sell().await;
    assert!(sold.ends_with("sold 5 for ACC-1 in term 2"), "{sold}");
    ends_cleanly(&successor).await;
}
