//! Replies: in the form of their calls, within the limit of a payload, and sent when there is room.

use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, Failure};
use async_nats::Subject;
use bytes::Bytes;

use super::form::Form;
use crate::Connection;
use aegis_nats::transport::{FlushMode, Headers, Outgoing, PublishError, Transport as _};

/// What a caller gets.
pub(super) type Outcome = (Headers, Result<Bytes, Failure>);

/// Sends replies over the connection on which their calls come.
#[derive(Debug, Clone)]
pub(super) struct Responder {
    connection: Connection,
    max_payload: usize,
}

impl Responder {
    /// Replies have so many bytes at most.
    pub(super) fn new(connection: Connection, max_payload: usize) -> Self {
        Self { connection, max_payload }
    }

    /// The most bytes that parameters, a reply or a message of a stream may have.
    pub(super) fn max_payload(&self) -> usize {
        self.max_payload
    }

    /// Sends a reply that nothing stands in the way of, if there is room for it now.
    pub(super) fn try_send(&self, to: &Subject, form: &Form, body: &Bytes) -> bool {
        if body.len() > self.max_payload || form.content_type().is_some() {
            return false;
        }
        let reply = Outgoing::plain(to, body);
        self.connection.serving().publish(&reply, FlushMode::Batched).is_ok()
    }

    /// Sends the outcome, or that it is too large to be sent, which it answers then.
    pub(super) async fn answer(&self, to: &Subject, form: &Form, outcome: Outcome) -> Option<Failure> {
        let (mut headers, outcome) = outcome;
        let mut failed = None;
        let too_large = match &outcome {
            Ok(body) if body.len() > self.max_payload => Some(too_large(body.len(), self.max_payload)),
            Ok(_) | Err(_) => None,
        };
        let body = match outcome {
            Ok(_) if too_large.is_some() => Bytes::new(),
            Ok(body) => {
                if let Some(media_type) = form.content_type() {
                    headers.insert(header::CONTENT_TYPE, media_type);
                }
                body
            }
            Err(failure) => {
                let body = form.fail(&mut headers, &failure);
                failed = Some(failure);
                body
            }
        };
        let failure = match too_large {
            Some(failure) => failure,
            None => match self.send(&Outgoing { headers: &headers, ..Outgoing::plain(to, &body) }).await? {
                PublishError::TooLarge { .. } => match failed {
                    None => too_large_of_server(body.len()),
                    Some(failure) if failure.details().is_some() => failure.without_details(),
                    // Its headers and texts are bounded, so the server takes next to nothing.
                    Some(_) => return None,
                },
                PublishError::BadSubject | PublishError::Full | PublishError::Lost => return None,
            },
        };
        let mut headers = Headers::default();
        let body = form.fail(&mut headers, &failure);
        self.send(&Outgoing { headers: &headers, ..Outgoing::plain(to, &body) }).await;
        Some(failure)
    }

    /// Sends it as soon as there is room for it.
    pub(super) async fn send(&self, message: &Outgoing<'_>) -> Option<PublishError> {
        let transport = self.connection.serving();
        loop {
            match transport.publish(message, FlushMode::Batched) {
                Ok(()) => return None,
                Err(PublishError::Full) => transport.writable().await,
                Err(
                    error @ (PublishError::TooLarge { .. } | PublishError::BadSubject | PublishError::Lost),
                ) => {
                    tracing::warn!(%error, "a reply could not be sent");
                    return Some(error);
                }
            }
        }
    }
}

/// The failure of a call that may have happened or not.
pub(super) fn outcome_unknown(what: &str) -> Failure {
    Failure::of(ErrorCode::OutcomeUnknown, format!("{what}: look before repeating it"))
}

fn too_large(size: usize, most: usize) -> Failure {
    let text =
        format!("the reply is {size} bytes, and the service sends {most} at most; the call has happened");
    Failure::of(ErrorCode::PayloadTooLarge, text)
}

fn too_large_of_server(size: usize) -> Failure {
    let text = format!("the reply is {size} bytes, more than the NATS server takes; the call has happened");
    Failure::of(ErrorCode::PayloadTooLarge, text)
}
