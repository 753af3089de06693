//! The types, held to the document of the API, so that neither changes alone.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::*;
use crate::Problem;
use crate::routes::{
    EventsQuery, InstancesFilter, LeadersFilter, LettersQuery, MetricsQuery, Moment, Paging, Retirement,
    ServicesQuery, Which, Window,
};

const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub(crate) fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

/// A field or a type without its prose and bounds: what it is, and nothing else. Both documents are brought to this form.
fn shape(schema: &Value, all: &Value) -> Value {
    let Some(schema) = schema.as_object() else { return json!("anything") };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let target = &all[name];
        // Enumerations and objects alike, wherever a document puts them.
        return shape(target, all);
    }
    for any in ["oneOf", "anyOf"] {
        if let Some(cases) = schema.get(any).and_then(Value::as_array) {
            // Either "null and something", or constants one by one.
            let constants: Vec<_> = cases.iter().filter_map(|case| case.get("const")).cloned().collect();
            if constants.len() == cases.len() {
                return json!({ "values": sorted(&constants) });
            }
            let cases: Vec<_> = cases.iter().filter(|case| case["type"] != "null").collect();
            // An enumeration whose values have descriptions: some in a list, some alone.
            let listed = cases.iter().flat_map(|case| {
                let listed = case["enum"].as_array().cloned().unwrap_or_default();
                listed.into_iter().chain(case.get("const").cloned())
            });
            let listed: Vec<_> = listed.collect();
            if !listed.is_empty() {
                return json!({ "values": sorted(&listed) });
            }
            return shape(cases[0], all);
        }
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return json!({ "values": sorted(values) });
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null").cloned(),
        Some(kind) => Some(kind.clone()),
        None => None,
    };
    match kind.as_ref().and_then(Value::as_str) {
        Some("array") => json!({ "items": shape(&schema["items"], all) }),
        Some("object") => match schema.get("properties") {
            Some(properties) => {
                let fields: BTreeMap<_, _> = properties.as_object().unwrap().iter().collect();
                let needed: Vec<_> =
                    schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
                let fields: BTreeMap<_, _> = fields
                    .into_iter()
                    .map(|(name, field)| {
                        let needed = needed.contains(&Value::from(name.as_str()));
                        (name, json!({ "is": shape(field, all), "needed": needed }))
                    })
                    .collect();
                json!({ "fields": fields })
            }
            None => json!({ "map": shape(&schema["additionalProperties"], all) }),
        },
        Some("string") if schema.get("format").is_some_and(|format| format == "date-time") => json!("time"),
        Some(kind) => json!(kind),
        None => json!("anything"),
    }
}

fn sorted(values: &[Value]) -> Vec<String> {
    let mut values: Vec<_> =
        values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect();
    values.sort();
    values
}

/// The shape of a type of this crate.
fn own<T: JsonSchema>() -> Value {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    let schema = schema.to_value();
    shape(&schema, &schema["$defs"])
}

#[test]
fn every_type_has_the_fields_that_the_document_gives_it() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let own = [
        ("AggregateKind", own::<AggregateKind>()),
        ("BackgroundTask", own::<BackgroundTask>()),
        ("BeginMaintenance", own::<BeginMaintenance>()),
        ("Change", own::<Change>()),
        ("Configuration", own::<Configuration>()),
        ("ConsumerDeleted", own::<ConsumerDeleted>()),
        ("ConsumerLag", own::<ConsumerLag>()),
        ("Content", own::<Content>()),
        ("DeadLetter", own::<DeadLetter>()),
        ("DeadLetterDone", own::<DeadLetterDone>()),
        ("Decision", own::<Decision>()),
        ("Definition", own::<Definition>()),
        ("DefinitionAction", own::<DefinitionAction>()),
        ("DefinitionRevision", own::<DefinitionRevision>()),
        ("DefinitionStatus", own::<DefinitionStatus>()),
        ("DeleteConsumer", own::<DeleteConsumer>()),
        ("EndMaintenance", own::<EndMaintenance>()),
        ("Event", own::<Event>()),
        ("EventPage", own::<EventPage>()),
        ("Failover", own::<Failover>()),
        ("FailoverInput", own::<FailoverInput>()),
        ("FailoverPolicy", own::<FailoverPolicy>()),
        ("FieldChange", own::<FieldChange>()),
        ("Figures", own::<Figures>()),
        ("HandedOver", own::<HandedOver>()),
        ("Header", own::<Header>()),
        ("Instance", own::<Instance>()),
        ("InstanceMetrics", own::<InstanceMetrics>()),
        ("InstanceOrderField", own::<InstanceOrderField>()),
        ("InstanceStatus", own::<InstanceStatus>()),
        ("Leader", own::<Leader>()),
        ("LedGroup", own::<LedGroup>()),
        ("LiveInstance", own::<LiveInstance>()),
        ("LogSet", own::<LogSet>()),
        ("Maintenance", own::<Maintenance>()),
        ("MessageCounts", own::<MessageCounts>()),
        ("MetricsPoint", own::<MetricsPoint>()),
        ("Missing", own::<Missing>()),
        ("Named", own::<Named>()),
        ("New", own::<New>()),
        ("Page_DeadLetter", own::<Page<DeadLetter>>()),
        ("Page_Definition", own::<Page<Definition>>()),
        ("Page_DefinitionRevision", own::<Page<DefinitionRevision>>()),
        ("Page_Instance", own::<Page<Instance>>()),
        ("Page_Leader", own::<Page<Leader>>()),
        ("Page_LiveInstance", own::<Page<LiveInstance>>()),
        ("PlanRecorded", own::<PlanRecorded>()),
        ("Plans", own::<Plans>()),
        ("Problem", own::<Problem>()),
        ("Reason", own::<Reason>()),
        ("Rebuilt", own::<Rebuilt>()),
        ("RegistrationPolicy", own::<RegistrationPolicy>()),
        ("Registry", own::<Registry>()),
        ("ReplicaProblem", own::<ReplicaProblem>()),
        ("Role", own::<Role>()),
        ("ScheduleSwitchover", own::<ScheduleSwitchover>()),
        ("SelfPreservation", own::<SelfPreservation>()),
        ("Series", own::<Series>()),
        ("SetLog", own::<SetLog>()),
        ("StepDown", own::<StepDown>()),
        ("Switchover", own::<Switchover>()),
        ("System", own::<System>()),
        ("Verification", own::<Verification>()),
        ("VerificationFinding", own::<VerificationFinding>()),
        ("VerificationStatus", own::<VerificationStatus>()),
        ("Viewer", own::<Viewer>()),
    ];
    let names: Vec<_> = own.iter().map(|(name, _)| *name).collect();
    let documented: Vec<_> = schemas.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, documented, "every schema of the document is a type here");
    for (name, own) in own {
        let documented = shape(&schemas[name], schemas);
        // The whole difference in one look.
        assert_eq!(
            serde_json::to_string_pretty(&own).unwrap(),
            serde_json::to_string_pretty(&documented).unwrap(),
            "{name}"
        );
    }
}

/// The parameters that a type of this crate can send.
fn sent<T: JsonSchema>() -> Vec<String> {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let mut names: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn every_parameter_of_a_query_can_be_sent_and_no_other() {
    let document = document();
    let queries = [
        ("/api/services", "get", sent::<ServicesQuery>()),
        ("/api/services/{service}", "delete", sent::<Retirement>()),
        ("/api/services/{service}/history", "get", sent::<Paging>()),
        ("/api/services/{service}/instances", "get", sent::<Paging>()),
        ("/api/instances", "get", with_page(sent::<InstancesFilter>())),
        ("/api/instances/{service}/{instance}/metrics", "get", sent::<Window>()),
        ("/api/metrics", "get", sent::<MetricsQuery>()),
        ("/api/metrics/live", "get", sent::<Paging>()),
        ("/api/leaders", "get", with_page(sent::<LeadersFilter>())),
        ("/api/events", "get", sent::<EventsQuery>()),
        ("/api/registry", "get", sent::<Moment>()),
        ("/api/dead-letters", "get", sent::<LettersQuery>()),
        ("/api/dead-letters/{sequence}", "get", sent::<Which>()),
    ];
    let mut routes = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
            let mut names: Vec<_> = in_query.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            let known = queries.iter().find(|(of, by, _)| of == path && by == method);
            let sent = known.map(|(_, _, sent)| sent.clone()).unwrap_or_default();
            assert_eq!(sent, names, "{method} {path}");
            routes += usize::from(!names.is_empty());
        }
    }
    assert_eq!(routes, queries.len(), "each of them is a route of the document");
}

fn with_page(names: Vec<String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().chain(sent::<Paging>()).collect();
    names.sort();
    names
}

#[test]
fn what_a_newer_replica_adds_is_passed_over() {
    let newer = json!({ "name": "alice", "role": "OWNER", "since": 5 });
    let viewer: Viewer = serde_json::from_value(newer).unwrap();
    assert_eq!(viewer, Viewer { name: "alice".to_owned(), role: Role::Unknown });
}
