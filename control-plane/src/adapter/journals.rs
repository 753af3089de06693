//! Journals of users, as their streams have them.

use aegis_domain::schema::keep_digits;
use aegis_domain::wire::Namespace;
use aegis_domain::{ErrorCode, Sequence};
use aegis_graphql::ports::{JournalFacts, JournalHeading, JournalMessage, JournalPage, Journals, Refused};
use aegis_journal::foreign::{self, ForeignEvent, JournalInfo};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use futures_util::future::BoxFuture;

use super::Adapter;
use crate::jetstream::{away, permitted, time};

/// A longer body is not told.
const BODY_MAX: usize = 64 << 10;
/// A page ends with the message that brings its bodies to so many bytes.
const PAGE_BYTES: usize = 1 << 20;

impl Journals for Adapter {
    fn journals(&self) -> BoxFuture<'_, Result<Vec<JournalFacts>, Refused>> {
        Box::pin(async move {
            // Of all streams: no name of one stands in the question.
            let journals = permitted(&self.connection, "LIST", foreign::journals(&self.connection)).await?;
            Ok(journals.map_err(away)?.into_iter().map(facts).collect())
        })
    }

    fn journal_events(
        &self,
        journal: String,
        aggregate: Option<String>,
        after: Sequence,
        count: u32,
    ) -> BoxFuture<'_, Result<JournalPage, Refused>> {
        Box::pin(self.page(journal, aggregate, after, count))
    }
}

impl Adapter {
    async fn page(
        &self,
        journal: String,
        aggregate: Option<String>,
        after: Sequence,
        count: u32,
    ) -> Result<JournalPage, Refused> {
        let (connection, namespace) = (&self.connection, self.connection.namespace());
        let name = namespace.journal_stream(&journal);
        let opened = permitted(connection, &name, foreign::stream(connection, &journal)).await?;
        let Some(stream) = opened.map_err(away)? else {
            let message = format!("there is no journal {journal:?}");
            return Err(Refused { code: ErrorCode::NotFound, message });
        };
        let filter = match aggregate {
            Some(id) if foreign::is_id(&id) => format!("{}.{id}", namespace.journal_prefix(&journal)),
            Some(id) => {
                let message =
                    format!("{id:?} is no aggregate: use tokens of letters, digits, - and _, joined by dots");
                return Err(Refused { code: ErrorCode::InvalidInput, message });
            }
            None => ">".to_owned(),
        };
        let last = Sequence(stream.cached_info().state.last_sequence);
        let mut page = JournalPage { messages: vec![], more: false, last };
        let (mut from, mut bytes) = (after.next(), 0_usize);
        // One message is no more than the server takes at a time, so that what is held here is bounded.
        while from <= last {
            let asked = stream.get_first_raw_message_by_subject(&filter, from.get());
            let message = match permitted(connection, &name, asked).await? {
                Ok(message) => message,
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => break,
                Err(error) => return Err(away(error)),
            };
            if page.messages.len() >= count as usize || bytes >= PAGE_BYTES {
                page.more = true;
                break;
            }
            from = Sequence(message.sequence).next();
            let told = told((namespace, &journal), message);
            // Read they were, whether or not they are told.
            bytes += usize::try_from(told.size).unwrap_or(PAGE_BYTES);
            page.messages.push(told);
        }
        Ok(page)
    }
}

fn told(journal: (&Namespace, &str), message: StreamMessage) -> JournalMessage {
    let StreamMessage { subject, sequence, headers, payload, time: stored } = message;
    let event = foreign::decode(journal, sequence, subject.as_str(), Some(&headers), &payload);
    let is_short = payload.len() <= BODY_MAX;
    JournalMessage {
        sequence: Sequence(sequence),
        subject: subject.to_string(),
        recorded_at: time(stored.unix_timestamp_nanos()),
        event: event.map(heading).map_err(|why| why.to_string()),
        size: payload.len() as u64,
        data: is_short.then(|| serde_json::from_slice(&keep_digits(&payload)).ok()).flatten(),
    }
}

fn heading(event: ForeignEvent) -> JournalHeading {
    let ForeignEvent { aggregate, metadata, .. } = event;
    let context = metadata.context;
    JournalHeading {
        id: metadata.id.to_string(),
        event_type: metadata.event_type,
        aggregate,
        version: metadata.version.get(),
        time: context.time,
        actor: context.actor.to_string(),
        correlation: context.correlation,
        causation: context.causation,
    }
}

fn facts(info: JournalInfo) -> JournalFacts {
    JournalFacts {
        name: info.name,
        stream: info.stream,
        messages: info.messages,
        bytes: info.bytes,
        last: info.last,
        first_at: info.first_at,
        last_at: info.last_at,
        aggregates: info.aggregates,
    }
}
