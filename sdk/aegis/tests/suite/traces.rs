//! One trace, from a call over an event and a command to the calls that they lead to.

use std::sync::{Arc, Mutex};

use aegis_domain::ServiceName;
use aegis_domain::wire::TraceParent;
use aegis_sdk::{Call, CommandContext, EventContext, Fault, SendOptions, Service, ServiceConfig, Target};
use aegis_testkit::wait_until;

use crate::events::{PATIENCE, Stage};

#[tokio::test]
async fn a_trace_goes_on_over_events_and_commands() {
    let stage = Stage::start().await;
    let seen = Arc::new(Mutex::new(Vec::<(&str, String)>::new()));
    let noted = Arc::clone(&seen);
    let note = move |what: &'static str, id: &str| noted.lock().unwrap().push((what, id.to_owned()));
    let (ordered, told) = (note.clone(), note.clone());
    let reports = ServiceName::new("reports").unwrap();
    let any = Target::any("reports").unwrap();
    let by_event = any.clone();
    let by_command = any.clone();
    let service = Service::builder(ServiceConfig { service: reports.clone(), ..stage.config("r-1") })
        .rpc("order", move |call: Call, (): ()| {
            ordered("order", call.trace().trace_id());
            async move {
                call.events().publish("orders", "placed", &1).await?;
                Ok::<_, Fault>(())
            }
        })
        .rpc("note", move |call: Call, what: String| {
            let what = if what == "event" { "a call by an event" } else { "a call by a command" };
            told(what, call.trace().trace_id());
            async { Ok::<_, Fault>(()) }
        })
        .on_event("orders.placed", move |context: EventContext, _number: u64| {
            let any = by_event.clone();
            async move {
                context.client().call::<_, ()>(&any, "note", &"event", PATIENCE).await?;
                context.events().publish("orders", "noted", &1).await?;
                Ok::<_, Fault>(())
            }
        })
        .on_event("orders.noted", {
            let reports = reports.clone();
            let note = note.clone();
            move |context: EventContext, _number: u64| {
                note("an event by an event", context.trace().trace_id());
                let reports = reports.clone();
                async move {
                    context.commands().send(&reports, "build", &(), SendOptions::default()).await?;
                    Ok::<_, Fault>(())
                }
            }
        })
        .command("build", move |context: CommandContext, (): ()| {
            let any = by_command.clone();
            async move {
                context.client().call::<_, ()>(&any, "note", &"command", PATIENCE).await?;
                context.events().publish("orders", "built", &1).await?;
                Ok::<_, Fault>(())
            }
        })
        .on_event("orders.built", move |context: EventContext, _number: u64| {
            let id = context.event.traceparent().and_then(TraceParent::parse);
            note("an event by a command", id.as_ref().map_or("none", TraceParent::trace_id));
            async { Ok::<_, Fault>(()) }
        })
        .start()
        .await
        .unwrap();
    service.client().call::<_, ()>(&any, "order", &(), PATIENCE).await.unwrap();
    wait_until("the end of the chain", PATIENCE, || async {
        let seen = seen.lock().unwrap();
        if seen.len() == 5 { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    service.stop("done").await.unwrap();
    let seen = seen.lock().unwrap();
    let what: Vec<_> = seen.iter().map(|(what, _)| *what).collect();
    let chain = [
        "order",
        "a call by an event",
        "an event by an event",
        "a call by a command",
        "an event by a command",
    ];
    assert_eq!(what, chain);
    assert!(seen.iter().all(|(_, id)| *id == seen[0].1), "{seen:#?}");
}
