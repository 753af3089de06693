//! Reading one aggregate in as few round trips as there are batches, by the server's batched direct get
//! (ADR-31).

use std::time::Duration;

use aegis_domain::wire::{header, subject};
use aegis_domain::{AggregateId, Recorded};
use async_nats::HeaderMap;
use futures_util::StreamExt as _;

use super::error::LoadError;
use super::{Journal, decode};

const BATCH: usize = 512;
const PATIENCE: Duration = Duration::from_secs(5);

impl Journal {
    /// All events of an aggregate, oldest first.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn events(&self, id: &AggregateId) -> Result<Vec<Recorded>, LoadError> {
        let events_subject = self.namespace().event_subject(id);
        let mut events: Vec<Recorded> = Vec::new();
        loop {
            let next = events.last().map_or(1, |last| last.sequence.get() + 1);
            let more = self.batch(&events_subject, next, &mut events).await?;
            if !more {
                return Ok(events);
            }
        }
    }

    /// Reads one batch; says whether there is more.
    async fn batch(
        &self,
        events_subject: &str,
        from: u64,
        events: &mut Vec<Recorded>,
    ) -> Result<bool, LoadError> {
        let client = self.connection.client();
        let inbox = client.new_inbox();
        let mut replies = client.subscribe(inbox.clone()).await.map_err(LoadError::unavailable)?;
        let request = serde_json::json!({ "seq": from, "next_by_subj": events_subject, "batch": BATCH });
        let api = subject::direct_get(&self.namespace().events_stream());
        client
            .publish_with_reply(api, inbox, request.to_string().into())
            .await
            .map_err(LoadError::unavailable)?;
        loop {
            let reply = tokio::time::timeout(PATIENCE, replies.next())
                .await
                .map_err(LoadError::unavailable)?
                .ok_or_else(|| LoadError::unavailable("the connection was closed"))?;
            match reply.status.map(|status| status.as_u16()) {
                None => {
                    let headers = reply.headers.as_ref();
                    let sequence = number(headers, header::SEQUENCE)
                        .ok_or_else(|| LoadError::unavailable("a reply without a sequence"))?;
                    let recorded =
                        decode(self.namespace(), sequence, events_subject, headers, &reply.payload)
                            .map_err(|source| LoadError::Undecodable { sequence, source })?;
                    events.push(recorded);
                }
                // End of batch.
                Some(204) => return Ok(number(reply.headers.as_ref(), header::NUM_PENDING).unwrap_or(0) > 0),
                // No message (at all, or after `from`).
                Some(404) => return Ok(false),
                Some(status) => {
                    let text = reply.description.unwrap_or_default();
                    return Err(LoadError::unavailable(format!("direct get answered {status} {text}")));
                }
            }
        }
    }
}

fn number(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}
