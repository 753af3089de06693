//! The client by itself: each route of a real replica is asked, and its answer read.

use aegis_api_client::types::{Content, Decision, DefinitionStatus, DeleteConsumer, New, Role, StepDown};
use aegis_api_client::{
    At, Basis, EventWindow, EventsFilter, IdempotencyKey, InstancesFilter, LeadersFilter, Moment, Paging,
    Window,
};
use aegis_testkit::wait_until;

use super::client;
use crate::consumers::without_reader;
use crate::dead_letters::put_aside;
use crate::fleet::{Member, connection};
use crate::forget::end;
use crate::operate::members;
use crate::rest::start;
use crate::support::PATIENCE;

fn content(owner: &str) -> Content {
    Content {
        owner: owner.to_owned(),
        description: "Sends orders".to_owned(),
        version: "1.0.0".to_owned(),
        min_instances: None,
        max_instances: None,
        p99_limit_ms: None,
        error_limit_percent: None,
        failover: None,
        registration: None,
        labels: None,
        reason: None,
    }
}

#[tokio::test]
async fn definitions_live_by_their_revisions() {
    let (_nats, _folder, control) = start().await;
    let client = client(&control);
    let key = IdempotencyKey::random();
    let new = New { service: "orders".to_owned(), content: content("desk") };
    let defined = client.define(&new, Some(&key)).await.unwrap();
    assert_eq!(client.define(&new, Some(&key)).await.unwrap(), defined, "the same key, the same answer");
    let exists = client.create("orders", &content("desk")).await.unwrap_err();
    assert_eq!((exists.code(), exists.status()), (Some("DEFINITION_EXISTS"), Some(412)));
    let change = client.replace("orders", Basis::Revision(1), &content("night")).await.unwrap();
    assert_eq!(change.revision, 2);
    let stale = client.replace("orders", Basis::Revision(1), &content("day")).await.unwrap_err();
    let problem = stale.problem().unwrap();
    assert_eq!(
        (problem.status, problem.code.as_str(), problem.retryable),
        (412, "DEFINITION_CONFLICT", false)
    );
    assert_eq!(problem.current_revision, Some(2));
    assert!(!problem.request_id.is_empty() && !stale.is_outcome_unknown(), "{problem:?}");
    let definition = wait_until("the change", PATIENCE, || async {
        let definition = client.definition("orders").await.map_err(|e| e.to_string())?;
        if definition.revision == 2 { Ok(definition) } else { Err(format!("{definition:?}")) }
    })
    .await;
    assert_eq!((definition.owner.as_str(), definition.status), ("night", DefinitionStatus::Active));
    assert_eq!(client.definition_unless("orders", 2).await.unwrap(), None);
    assert!(client.definition_unless("orders", 1).await.unwrap().is_some());
    assert_eq!(client.retire("orders", Basis::Any, "replaced").await.unwrap().revision, 3);
    assert_eq!(client.reinstate("orders", Basis::Revision(3), "back", None).await.unwrap().revision, 4);
    let page = wait_until("the history", PATIENCE, || async {
        let page =
            client.definition_history("orders", &Paging::default()).await.map_err(|e| e.to_string())?;
        if page.items.len() == 4 { Ok(page) } else { Err(format!("{page:?}")) }
    })
    .await;
    assert_eq!(page.items[0].reason.as_deref(), Some("back"));
    assert_eq!(client.definitions(true, &Paging::default()).await.unwrap().total_count, 1);
    let missing = client.definition("nobody").await.unwrap_err();
    assert_eq!((missing.code(), missing.status()), (Some("DEFINITION_NOT_FOUND"), Some(404)));
}

#[tokio::test]
async fn every_other_route_is_asked_and_its_answer_read() {
    let (nats, _folder, control) = start().await;
    let client = client(&control);
    let [first, second] = members(&nats).await;
    let connection = connection(&nats).await;
    let gone = Member::start(&connection, "echo-1").await;
    gone.stop();
    end(&connection, "echo-1").await;
    for body in [b"first", b"other"] {
        put_aside(&nats, body).await;
    }
    let filter = InstancesFilter { service: Some("desk".to_owned()), ..InstancesFilter::default() };
    let page = Paging { first: Some(1), after: None };
    let instances = wait_until("the registry", PATIENCE, || async {
        let instances = client.instances(&filter, &page).await.map_err(|e| e.to_string())?;
        let has_figures = instances.items.first().is_some_and(|instance| instance.metrics.is_some());
        if instances.total_count == 2 && has_figures { Ok(instances) } else { Err(format!("{instances:?}")) }
    })
    .await;
    let next = Paging { first: Some(1), after: instances.next_cursor };
    let rest = client.instances(&filter, &next).await.unwrap();
    assert_eq!((rest.items.len(), rest.next_cursor), (1, None));
    assert_eq!(client.service_instances("desk", &Paging::default()).await.unwrap().items.len(), 2);
    assert_eq!(client.instance("desk", "desk-1").await.unwrap().id, "desk/desk-1");
    assert!(client.configuration("desk", "desk-1").await.unwrap().configuration.is_object());
    client
        .instance_metrics("desk", "desk-1", &Window { points: Some(60), ..Window::default() })
        .await
        .unwrap();
    client.metrics("desk", None, &Window::default()).await.unwrap();
    client.live_metrics(&Paging::default()).await.unwrap();
    let leaders = wait_until("the leader", PATIENCE, || async {
        let leaders = client.leaders(&LeadersFilter::default(), &Paging::default()).await;
        let leaders = leaders.map_err(|e| e.to_string())?;
        if leaders.items.len() == 1 { Ok(leaders) } else { Err(format!("{leaders:?}")) }
    })
    .await;
    assert_eq!(leaders.items[0].instance.as_deref(), Some("desk-1"));
    let how = StepDown { to: Some("desk-2".to_owned()), reason: "rebalance".to_owned() };
    assert_eq!(client.step_down("desk", "ACC-1", &how, None).await.unwrap().term, 2);
    let events = client.events(&EventsFilter::default(), EventWindow::Last(2, None)).await.unwrap();
    assert_eq!(events.items.len(), 2);
    let older = EventWindow::Last(1, Some(events.items[0].sequence));
    assert!(client.events(&EventsFilter::default(), older).await.unwrap().next_cursor.is_some());
    let moment = Moment {
        at: At::Sequence(1),
        id: None,
        first: None,
        after_definition: None,
        after_instance: None,
        after_leader: None,
    };
    assert_eq!(client.registry(&moment).await.unwrap().as_of_sequence, 1);
    let letters = client.dead_letters(None, &Paging::default()).await.unwrap();
    assert_eq!(letters.total_count, 2);
    let letter = client.dead_letter(1, Some(letters.items[1].at)).await.unwrap();
    let decision = Decision { at: Some(letter.at), reason: "fixed".to_owned() };
    assert_eq!(client.redrive(1, &decision, None).await.unwrap().dead_letter, 1);
    let other = client.discard(2, &decision, None).await.unwrap_err();
    assert_eq!(other.code(), Some("HISTORY_REPLACED"), "it was put aside at another time");
    let decision = Decision { at: None, reason: "a test".to_owned() };
    assert_eq!(client.discard(2, &decision, None).await.unwrap().dead_letter, 2);
    without_reader(&connection, "booking-trades").await;
    let asked = DeleteConsumer { reason: "the service is gone".to_owned(), force: false };
    let deleted = client.delete_consumer("EVENTS", "booking-trades", &asked, None).await.unwrap();
    // What went back to its subject above.
    assert_eq!((deleted.consumer.as_str(), deleted.pending), ("booking-trades", 1));
    let absent = client.delete_consumer("EVENTS", "booking-trades", &asked, None).await.unwrap_err();
    assert_eq!(absent.code(), Some("NOT_FOUND"));
    assert_eq!(client.viewer().await.unwrap().role, Role::Admin);
    assert!(client.system().await.unwrap().nats_connected);
    client.rebuild(None).await.unwrap();
    assert_eq!(client.document().await.unwrap()["openapi"], "3.1.0");
    let set = client.set_log("desk", "desk-1", "error,aegis_sdk=warn", None).await.unwrap();
    assert_eq!((set.instance.as_str(), set.filter.as_str()), ("desk-1", "error,aegis_sdk=warn"));
    assert_eq!(client.drain("desk", "desk-2", "old", None).await.unwrap().instance, "desk-2");
    client.forget("echo", "echo-1", "cleared", None).await.unwrap();
    drop((first, second));
}

#[tokio::test]
async fn a_budget_that_is_spent_is_waited_for() {
    let (_nats, _folder, control) = start().await;
    let client = client(&control);
    let moment = Moment {
        at: At::Sequence(0),
        id: None,
        first: Some(200),
        after_definition: None,
        after_instance: None,
        after_leader: None,
    };
    // Each costs some thousands of the 200,000 that may be spent at once.
    let ask = async |_| client.registry(&moment).await.map(drop);
    let answers = futures_util::future::join_all((0..40).map(ask)).await;
    for answer in answers {
        answer.unwrap();
    }
}
