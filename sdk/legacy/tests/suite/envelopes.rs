//! The envelopes of the Python SDK: each sample is read and written back to the same fields.

use aegis_domain::wire::command::Priority;
use aegis_legacy::{
    Command, Completion, Event, ExclusiveError, ExclusiveResponse, Head, Progress, RpcRequest, RpcResponse,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const REQUEST: &str = include_str!("../samples/envelope/rpc_request.json");
const RESPONSE: &str = include_str!("../samples/envelope/rpc_response.json");
const EXCLUSIVE: &str = include_str!("../samples/envelope/exclusive_response.json");
const EVENT: &str = include_str!("../samples/envelope/event.json");
const COMMAND: &str = include_str!("../samples/envelope/command.json");
const PROGRESS: &str = include_str!("../samples/envelope/progress.json");
const COMPLETION: &str = include_str!("../samples/envelope/completion.json");

/// Reads it, writes it back, finds the same fields, and sees that one more is refused.
fn round_trip<T: DeserializeOwned + Serialize>(sample: &str) -> T {
    let mut raw: Value = serde_json::from_str(sample).unwrap();
    let read: T = serde_json::from_str(sample).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), raw);
    raw.as_object_mut().unwrap().insert("extra".to_owned(), Value::Null);
    let refused = serde_json::from_value::<T>(raw).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(refused.contains("extra"), "an unknown field was taken: {refused}");
    read
}

#[test]
fn every_envelope_has_exactly_the_fields_of_the_wire() {
    let request: RpcRequest<Value> = round_trip(REQUEST);
    assert_eq!((request.method.as_str(), request.timeout), ("create", 5.0));
    let response: RpcResponse<Value> = round_trip(RESPONSE);
    assert!(response.success && response.error.is_none());
    let exclusive: ExclusiveResponse<()> = round_trip(EXCLUSIVE);
    assert_eq!(exclusive.error, Some(ExclusiveError::NotActive));
    let event: Event<Value> = round_trip(EVENT);
    assert_eq!((event.domain.as_str(), event.event_type.as_str()), ("order", "created"));
    let command: Command<Value> = round_trip(COMMAND);
    assert_eq!((command.priority, command.max_retries), (Priority::Critical, 3));
    let progress: Progress = round_trip(PROGRESS);
    assert!((progress.progress - 40.0).abs() < f64::EPSILON);
    let completion: Completion<Value> = round_trip(COMPLETION);
    assert_eq!(completion.status, Completion::<Value>::COMPLETED);
}

#[test]
fn an_answer_goes_back_to_where_the_question_came_from() {
    let request: RpcRequest<Value> = serde_json::from_str(REQUEST).unwrap();
    let answer: Head = request.head().answer("new".to_owned(), request.timestamp);
    assert_eq!(answer.correlation_id.as_deref(), Some(request.message_id.as_str()));
    assert_eq!(
        (answer.source.as_deref(), answer.target.as_deref()),
        (Some("order-service"), Some("monitor-1"))
    );
    assert_eq!(answer.trace_id, request.trace_id);
}

#[test]
fn times_are_read_as_python_writes_them() {
    for (text, micros) in [
        ("2025-10-09T08:53:20Z", 0),
        ("2025-10-09T08:53:20.5+00:00", 500_000),
        ("2025-10-09T10:53:20.5+02:00", 500_000),
        ("2025-10-09T08:53:20.000001", 1),
    ] {
        let sample = REQUEST.replace("2025-10-09T08:53:20.123456Z", text);
        let request: RpcRequest<Value> = serde_json::from_str(&sample).unwrap();
        assert_eq!(request.timestamp.timestamp_micros(), 1_760_000_000_000_000 + micros, "{text}");
    }
    let sample = REQUEST.replace("2025-10-09T08:53:20.123456Z", "yesterday");
    assert!(serde_json::from_str::<RpcRequest<Value>>(&sample).is_err());
}
