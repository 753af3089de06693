//! graphql-transport-ws: what one client may say, what it has under way, and how it is answered.

use std::future::pending;
use std::sync::Arc;

use aegis_graphql::write_response;
use async_graphql::http::ClientMessage;
use async_graphql::{Data, Request, Response, Value};
use axum::extract::ws::Message;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::Deserialize;
use serde_json::json;
use tokio_stream::StreamMap;

use super::MESSAGE_MAX;
use crate::auth::Grant;
use crate::http::body::is_object;
use crate::http::places::Place;
use crate::http::request_id::RequestId;
use crate::http::{App, Core};

/// The most operations on one connection at a time.
const OPERATIONS: usize = 32;

/// Why the conversation has to end, with the code that graphql-transport-ws gives it.
pub(super) type Reason = (u16, &'static str);

/// How a conversation ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client is told.
    Told(Reason),
    /// The client has ended it.
    Gone,
}

pub(super) const UNAUTHENTICATED: Reason = (4401, "Unauthenticated");
pub(super) const SUBPROTOCOL: Reason = (4406, "Subprotocol not acceptable: use graphql-transport-ws");
pub(super) const SLOW_READER: Reason = (4408, "Messages were not taken in time");
pub(super) const GOING_AWAY: Reason = (1001, "The server is stopping");
pub(super) const SILENT: Reason = (3008, "Nothing was heard for too long");
pub(super) const NO_PROTOCOL: Reason = (1002, "Not a frame of a websocket");
pub(super) const NO_TEXT: Reason = (1007, "A text is not UTF-8");
const MALFORMED: Reason = (4400, "Not a message of graphql-transport-ws");
const DUPLICATE: Reason = (4409, "An operation with this id is under way");
const INTRODUCED_TWICE: Reason = (4429, "Too many initialisation requests");
const OPERATIONS_EXCEEDED: Reason = (4429, "Too many operations on one connection");
const SUBSCRIPTIONS_EXCEEDED: Reason = (4429, "Too many subscriptions of one principal");
const SOCKETS_EXCEEDED: Reason = (4429, "Too many connections of one principal");
pub(super) const TOO_BIG: Reason = (1009, "A message is too large");

/// One client.
pub(super) struct Client<'a> {
    app: &'a App,
    core: &'a Core,
    /// As whom it came, before it introduces itself.
    came: Option<Grant>,
    id: RequestId,
    introduced: Option<Introduced>,
    operations: StreamMap<String, Operation>,
}

struct Introduced {
    grant: Grant,
    /// In the context of each operation.
    data: Arc<Data>,
    _place: Place<String>,
}

/// The answers of an operation, and none at its end. It holds its place among those of its principal.
type Operation = BoxStream<'static, Option<Response>>;

/// What a client may say when it introduces itself.
#[derive(Deserialize)]
struct Introduction {
    token: Option<String>,
}

impl<'a> Client<'a> {
    pub(super) fn new(app: &'a App, core: &'a Core, came: Option<Grant>, id: RequestId) -> Self {
        Self { app, core, came, id, introduced: None, operations: StreamMap::new() }
    }

    /// Whether it has introduced itself, and until when it may stay.
    pub(super) fn standing(&self) -> (bool, Option<DateTime<Utc>>) {
        let grant = self.introduced.as_ref().map(|introduced| &introduced.grant);
        (grant.is_some(), grant.and_then(|grant| grant.expires))
    }

    /// Takes what the client says; tells what it is answered at once.
    pub(super) fn hear(&mut self, message: Message) -> Result<Option<String>, End> {
        let text = match message {
            Message::Text(text) => text,
            // Answered by the library, and nothing to the protocol above it.
            Message::Ping(_) | Message::Pong(_) => return Ok(None),
            Message::Binary(_) => return Err(End::Told(MALFORMED)),
            Message::Close(_) => return Err(End::Gone),
        };
        if text.len() > MESSAGE_MAX {
            return Err(End::Told(TOO_BIG));
        }
        let message: Result<ClientMessage, _> = serde_json::from_str(&text);
        match message.ok().filter(|_| is_object(text.as_bytes())).ok_or(End::Told(MALFORMED))? {
            ClientMessage::ConnectionInit { payload } => {
                self.introduce(payload.unwrap_or_default()).map_err(End::Told)?;
                Ok(Some(json!({ "type": "connection_ack" }).to_string()))
            }
            ClientMessage::Start { id, payload } => {
                self.begin(id, payload).map_err(End::Told)?;
                Ok(None)
            }
            ClientMessage::Stop { id } => {
                self.operations.remove(&id);
                Ok(None)
            }
            ClientMessage::Ping { .. } => Ok(Some(json!({ "type": "pong" }).to_string())),
            ClientMessage::Pong { .. } => Ok(None),
            ClientMessage::ConnectionTerminate => Err(End::Gone),
        }
    }

    /// What the client is told next of what it has under way. Nothing is lost when this is not waited for to its end.
    pub(super) async fn next(&mut self) -> String {
        if self.operations.is_empty() {
            return pending().await;
        }
        match self.operations.next().await {
            Some((id, told)) => {
                let (text, ends) = told_of(&id, told);
                if ends {
                    self.operations.remove(&id);
                }
                text
            }
            None => pending().await,
        }
    }

    fn introduce(&mut self, payload: serde_json::Value) -> Result<(), Reason> {
        if self.introduced.is_some() {
            return Err(INTRODUCED_TWICE);
        }
        let token = serde_json::from_value::<Introduction>(payload).ok().and_then(|said| said.token);
        let grant = match token {
            Some(token) => self.app.auth.identify(&token),
            None => self.came.take(),
        };
        let grant = grant.ok_or(UNAUTHENTICATED)?;
        let place = self.app.limits.sockets.take(&grant.principal.name).ok_or(SOCKETS_EXCEEDED)?;
        let mut data = Data::default();
        data.insert(grant.principal.clone());
        data.insert(aegis_graphql::RequestId(self.id.as_str().to_owned()));
        self.introduced = Some(Introduced { grant, data: Arc::new(data), _place: place });
        Ok(())
    }

    fn begin(&mut self, id: String, request: Request) -> Result<(), Reason> {
        let Introduced { grant, data, .. } = self.introduced.as_ref().ok_or(UNAUTHENTICATED)?;
        if self.operations.len() >= OPERATIONS {
            return Err(OPERATIONS_EXCEEDED);
        }
        if self.operations.contains_key(&id) {
            return Err(DUPLICATE);
        }
        let subscriptions = &self.app.limits.subscriptions;
        let place = subscriptions.take(&grant.principal.name).ok_or(SUBSCRIPTIONS_EXCEEDED)?;
        let answers = self.core.schema.execute_stream_with_session_data(request, Arc::clone(data));
        let operation = answers.map(Some).chain(stream::iter([None])).map(move |told| {
            let _held = &place;
            told
        });
        self.operations.insert(id, operation.boxed());
        Ok(())
    }
}

/// What is sent for an answer of an operation, or for its end; and whether nothing follows. An operation that was not run ends
/// with `error`, as the protocol has it, and then has no `complete`.
fn told_of(id: &str, told: Option<Response>) -> (String, bool) {
    match told {
        None => (json!({ "type": "complete", "id": id }).to_string(), true),
        Some(response) if is_refusal(&response) => {
            (json!({ "type": "error", "id": id, "payload": response.errors }).to_string(), true)
        }
        Some(response) => {
            let mut text = br#"{"type":"next","id":"#.to_vec();
            text.extend_from_slice(json!(id).to_string().as_bytes());
            text.extend_from_slice(br#","payload":"#);
            write_response(&response, &mut text);
            text.push(b'}');
            (String::from_utf8(text).expect("JSON is UTF-8"), false)
        }
    }
}

/// Whether an answer says that its document was not run.
fn is_refusal(Response { data, errors, .. }: &Response) -> bool {
    *data == Value::Null && !errors.is_empty() && errors.iter().all(|error| error.path.is_empty())
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, ServerError};

    use super::*;

    #[test]
    fn what_was_not_run_ends_with_an_error_and_without_a_complete() {
        let refused = Response::from_errors(vec![ServerError::new("no", None)]);
        let (text, ends) = told_of("1", Some(refused));
        let error: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&error["type"], &error["payload"][0]["message"]), (&"error".into(), &"no".into()));
        assert!(ends);
        let failed =
            ServerError { path: vec![PathSegment::Field("a".to_owned())], ..ServerError::new("no", None) };
        let (text, ends) = told_of("\"2", Some(Response::from_errors(vec![failed])));
        let next: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&next["type"], &next["id"]), (&"next".into(), &"\"2".into()));
        assert_eq!(next["payload"]["data"], serde_json::Value::Null);
        assert!(!ends);
        assert_eq!(told_of("2", None), (r#"{"id":"2","type":"complete"}"#.to_owned(), true));
    }
}
