//! What one client of graphql-transport-ws has under way, what it may say, and how it is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_graphql::Principal;
use async_graphql::http::ClientMessage;
use axum::extract::ws::Message;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{Limits, MESSAGE_MAX};
use crate::auth::Grant;
use crate::http::places::Place;

/// The most operations on one connection at a time.
const OPERATIONS: usize = 32;

/// Why the conversation has to end, with the code that graphql-transport-ws gives it.
pub(super) type Reason = (u16, &'static str);

pub(super) const UNAUTHENTICATED: Reason = (4401, "Unauthenticated");
pub(super) const SUBPROTOCOL: Reason = (4406, "Subprotocol not acceptable: use graphql-transport-ws");
pub(super) const SLOW_READER: Reason = (4408, "Messages were not taken in time");
pub(super) const GOING_AWAY: Reason = (1001, "The server is stopping");
const MALFORMED: Reason = (4400, "Not a message of graphql-transport-ws");
const DUPLICATE: Reason = (4409, "An operation with this id is under way");
const OPERATIONS_EXCEEDED: Reason = (4429, "Too many operations on one connection");
const SUBSCRIPTIONS_EXCEEDED: Reason = (4429, "Too many subscriptions of one principal");
const SOCKETS_EXCEEDED: Reason = (4429, "Too many connections of one principal");
const TOO_BIG: Reason = (1009, "A message is too large");

/// One client. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client(Arc<Mutex<State>>);

struct State {
    limits: Limits,
    /// Absent until it has introduced itself as somebody.
    grant: Option<Grant>,
    verdict: Option<Reason>,
    socket: Option<Place<String>>,
    /// The operations under way, with the subscription that each takes of its principal's.
    running: HashMap<String, Place<String>>,
}

impl Client {
    pub(super) fn new(limits: Limits) -> Self {
        let running = HashMap::new();
        Self(Arc::new(Mutex::new(State { limits, grant: None, verdict: None, socket: None, running })))
    }

    /// Takes what it introduced itself with, and tells as whom; none ends the conversation.
    pub(super) fn introduce(&self, grant: Option<Grant>) -> Option<Principal> {
        let mut state = self.state();
        let Some(grant) = grant else { return state.end(UNAUTHENTICATED) };
        let Some(place) = state.limits.sockets.take(&grant.principal.name) else {
            return state.end(SOCKETS_EXCEEDED);
        };
        let principal = grant.principal.clone();
        (state.socket, state.grant) = (Some(place), Some(grant));
        Some(principal)
    }

    /// Whether it has introduced itself, and until when it may stay.
    pub(super) fn standing(&self) -> (bool, Option<DateTime<Utc>>) {
        let state = self.state();
        (state.grant.is_some(), state.grant.as_ref().and_then(|grant| grant.expires))
    }

    /// Why the conversation has to end, once it has to.
    pub(super) fn verdict(&self) -> Option<Reason> {
        self.state().verdict
    }

    /// Reads one message; none ends the conversation.
    pub(super) fn read(&self, message: &Message) -> Option<ClientMessage> {
        let text = match message {
            Message::Text(text) => text,
            // Answered by the library, and nothing to the protocol above it. A blank keeps the stream going.
            Message::Ping(_) | Message::Pong(_) => return Some(ClientMessage::Pong { payload: None }),
            Message::Binary(_) => return self.state().end(MALFORMED),
            Message::Close(_) => return None,
        };
        if text.len() > MESSAGE_MAX {
            return self.state().end(TOO_BIG);
        }
        let Ok(message) = serde_json::from_str::<ClientMessage>(text) else {
            return self.state().end(MALFORMED);
        };
        match &message {
            ClientMessage::Start { id, .. } => {
                if let Err(reason) = self.begin(id) {
                    return self.state().end(reason);
                }
            }
            ClientMessage::Stop { id } => {
                self.state().running.remove(id);
            }
            ClientMessage::ConnectionInit { .. }
            | ClientMessage::ConnectionTerminate
            | ClientMessage::Ping { .. }
            | ClientMessage::Pong { .. } => {}
        }
        Some(message)
    }

    fn begin(&self, id: &str) -> Result<(), Reason> {
        let mut state = self.state();
        let principal = state.grant.as_ref().map(|grant| grant.principal.name.clone());
        let principal = principal.ok_or(UNAUTHENTICATED)?;
        if state.running.len() >= OPERATIONS {
            return Err(OPERATIONS_EXCEEDED);
        }
        if state.running.contains_key(id) {
            return Err(DUPLICATE);
        }
        let place = state.limits.subscriptions.take(&principal).ok_or(SUBSCRIPTIONS_EXCEEDED)?;
        state.running.insert(id.to_owned(), place);
        Ok(())
    }

    /// What is sent for a message of the library: an operation that was not run ends with `error`, as the protocol has
    /// it, and then has no `complete`. One that has ended frees its id.
    pub(super) fn answer(&self, text: String) -> Option<String> {
        #[derive(Deserialize)]
        struct Sent<'a> {
            #[serde(rename = "type")]
            kind: &'a str,
            #[serde(borrow)]
            id: Option<std::borrow::Cow<'a, str>>,
        }
        let Ok(Sent { kind, id: Some(id) }) = serde_json::from_str::<Sent<'_>>(&text) else {
            return Some(text);
        };
        match kind {
            "complete" | "error" => self.state().running.remove(&*id).map(|_ended| text),
            "next" if is_refusal(&text) => {
                self.state().running.remove(&*id);
                let mut sent: Value = serde_json::from_str(&text).unwrap_or_default();
                let errors = sent["payload"]["errors"].take();
                Some(serde_json::json!({ "type": "error", "id": id, "payload": errors }).to_string())
            }
            _ => Some(text),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end<T>(&mut self, reason: Reason) -> Option<T> {
        self.verdict = Some(reason);
        None
    }
}

/// Whether an answer says that its document was not run. Only short ones are looked at closely.
fn is_refusal(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Next {
        payload: Payload,
    }
    #[derive(Deserialize)]
    struct Payload {
        data: Option<serde::de::IgnoredAny>,
        #[serde(default)]
        errors: Vec<Refusal>,
    }
    #[derive(Deserialize)]
    struct Refusal {
        path: Option<Vec<Value>>,
    }
    text.contains(r#""data":null"#)
        && serde_json::from_str(text).is_ok_and(|Next { payload: Payload { data, errors } }| {
            let unrun = |error: &Refusal| error.path.as_ref().is_none_or(Vec::is_empty);
            data.is_none() && !errors.is_empty() && errors.iter().all(unrun)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::places::Places;

    fn client() -> Client {
        Client::new(Limits { sockets: Places::new(1), subscriptions: Places::new(2) })
    }

    #[test]
    fn what_was_not_run_ends_with_an_error_and_without_a_complete() {
        let client = client();
        for id in ["1", "2"] {
            let place = client.state().limits.subscriptions.take(&"alice".to_owned()).unwrap();
            client.state().running.insert(id.to_owned(), place);
        }
        let next =
            r#"{"type":"next","id":"1","payload":{"data":null,"errors":[{"message":"no","path":[]}]}}"#;
        let error: Value = serde_json::from_str(&client.answer(next.to_owned()).unwrap()).unwrap();
        assert_eq!((&error["type"], &error["payload"][0]["message"]), (&"error".into(), &"no".into()));
        assert_eq!(client.answer(r#"{"type":"complete","id":"1"}"#.to_owned()), None);
        let run =
            r#"{"type":"next","id":"2","payload":{"data":null,"errors":[{"message":"no","path":["a"]}]}}"#;
        assert_eq!(client.answer(run.to_owned()).as_deref(), Some(run));
        let complete = r#"{"type":"complete","id":"2"}"#;
        assert_eq!(client.answer(complete.to_owned()).as_deref(), Some(complete));
    }
}
