//! The figures of single events and commands, as heartbeats tell them.

use std::time::Duration;

use aegis_domain::ServiceName;
use aegis_domain::wire::heartbeat::{Heartbeat, Measured, Role};
use aegis_sdk::{
    CommandContext, Commands, EventContext, Fault, SendOptions, Service, ServiceConfig, Subscribe,
};
use aegis_testkit::wait_until;

use crate::events::{PATIENCE, Stage, tries};

#[tokio::test]
async fn heartbeats_tell_how_often_and_how_well_each_event_and_command_was_published_and_handled() {
    let stage = Stage::start().await;
    let reports = ServiceName::new("reports").unwrap();
    let service = Service::builder(ServiceConfig { service: reports.clone(), ..stage.config("r-1") })
        .on_event(
            Subscribe::to("orders.>").retry(tries(2)),
            |context: EventContext, number: u64| async move {
                match (number, context.attempt) {
                    (2, 1) => Err(Fault::new("NO_PAPER", "the printer is empty")),
                    _ => Ok(()),
                }
            },
        )
        .command("build", |context: CommandContext, (): ()| async move {
            if context.attempt == 1 { Err(Fault::later(Duration::ZERO, "not yet")) } else { Ok(()) }
        })
        .start()
        .await
        .unwrap();
    service.events().publish("orders", "ACC-1.placed", &1).await.unwrap();
    service.events().publish("orders", "ACC-2.placed", &2).await.unwrap();
    service.events().publish("orders", "closed", &3).await.unwrap();
    let mut handle = service.commands().send(&reports, "build", &(), SendOptions::default()).await.unwrap();
    tokio::time::timeout(PATIENCE, handle.result::<()>()).await.unwrap().unwrap();
    // Those that others send are not its own.
    let commands = Commands::new(&stage.connection);
    commands.send(&reports, "build", &(), SendOptions::default()).await.unwrap();
    let records = stage.connection.jetstream().get_key_value("aegis_instances").await.unwrap();
    wait_until("the figures", PATIENCE, || async {
        let record = records.get("reports.r-1").await.map_err(|e| e.to_string())?.ok_or("no record")?;
        let beat: Heartbeat = serde_json::from_slice(&record).map_err(|e| e.to_string())?;
        let methods = beat.metrics.methods;
        let told = |role: Role, name: &str, count: u64, code: Option<(&str, u64)>| {
            let right = |it: &&Measured| {
                let codes: Vec<_> = it.codes.iter().map(|(code, count)| (code.as_str(), *count)).collect();
                it.count == count && it.in_flight == 0 && codes == code.into_iter().collect::<Vec<_>>()
            };
            methods.iter().filter(|it| it.role == role && it.name == name).find(right).is_some()
        };
        let all = told(Role::Consume, "events.orders.>", 4, Some(("NO_PAPER", 1)))
            && told(Role::Consume, "commands.reports.build", 4, Some(("HANDLER_FAILED", 2)))
            && told(Role::Publish, "events.orders.*.placed", 2, None)
            && told(Role::Publish, "events.orders.closed", 1, None)
            && told(Role::Publish, "commands.reports.build", 1, None);
        if all { Ok(()) } else { Err(format!("{methods:#?}")) }
    })
    .await;
    service.stop("done").await.unwrap();
}
