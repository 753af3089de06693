//! Journals of users.

use aegis_domain::ErrorCode;
use aegis_domain::Sequence;
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::codes::cut;
use crate::error::{error, refused, require};
use crate::ports::{JournalFacts, JournalMessage, Role, UserJournals};
use crate::types::{Long, cursor_of_sequence};

/// The longest page: each event is asked of NATS by itself.
const PAGE_MAX: u32 = 200;

#[derive(Debug, Default)]
pub(super) struct JournalsQuery;

/// A journal of users: aggregates of their own, in a stream of their own.
#[derive(Debug, SimpleObject)]
struct Journal {
    /// That of its schema.
    name: String,
    stream: String,
    /// Messages in it: events, as long as nobody else writes there.
    events: Long,
    bytes: Long,
    last_sequence: Long,
    /// When its first message was stored; null while there is none.
    first_at: Option<DateTime<Utc>>,
    /// When its last message was stored; null while there was none.
    last_at: Option<DateTime<Utc>>,
    /// Subjects with messages: aggregates, as long as nobody else writes there.
    aggregates: Long,
}

/// A message of a journal of users. Its schema is not known here: what the headers say is told, and the body as it stands.
#[derive(Debug, SimpleObject)]
struct JournalEvent {
    sequence: Long,
    subject: String,
    /// When the journal took it, by the server's clock.
    recorded_at: Option<DateTime<Utc>>,
    /// Why it cannot be read as an event: then nothing is told of what an event says. Null of events.
    unreadable: Option<String>,
    /// The CloudEvents id.
    id: Option<ID>,
    #[graphql(name = "type")]
    event_type: Option<String>,
    aggregate: Option<String>,
    aggregate_version: Option<Long>,
    /// When it happened, by the clock of whoever recorded it.
    time: Option<DateTime<Utc>>,
    actor: Option<String>,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    /// How many bytes its body has.
    size: Long,
    /// Its body; null of one that is no JSON, or has more than 64 KiB.
    data: Option<Json<Value>>,
}

#[derive(Debug, SimpleObject)]
struct JournalEnd {
    /// The last message of the journal.
    last_sequence: Long,
}

type Page = Connection<String, JournalEvent, JournalEnd, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

#[Object]
impl JournalsQuery {
    /// The journals of users, 2,000 at most, in order of name. The control plane's own log is none of them. NATS is asked.
    async fn journals(&self, context: &Context<'_>) -> Result<Vec<Journal>> {
        require(context, Role::Auditor)?;
        let journals = context.data::<UserJournals>()?.journals().await.map_err(refused)?;
        Ok(journals.into_iter().map(Into::into).collect())
    }

    /// What stands in a journal of users, in order of sequence: the `first` (1 to 200) after a cursor, of one aggregate or of all.
    /// A page of large events is shorter, and says that there are more. `NOT_FOUND` when there is no such journal. NATS is asked.
    async fn journal_events(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_length = 200))] journal: String,
        #[graphql(validator(max_length = 400))] aggregate: Option<String>,
        after: Option<String>,
        #[graphql(default = 50)] first: u32,
    ) -> Result<Page> {
        require(context, Role::Auditor)?;
        if !(1..=PAGE_MAX).contains(&first) {
            let message = format!("a page has 1 to {PAGE_MAX} events");
            return Err(error(ErrorCode::InvalidInput, message));
        }
        let after = after.as_deref().map(cursor_of_sequence).transpose()?.unwrap_or(Sequence::ZERO);
        let port = context.data::<UserJournals>()?;
        let page = port.journal_events(journal, aggregate, after, first).await.map_err(refused)?;
        let end = JournalEnd { last_sequence: page.last.into() };
        let mut connection = Connection::with_additional_fields(after > Sequence::ZERO, page.more, end);
        let edges = page.messages.into_iter();
        connection.edges.extend(edges.map(|it| Edge::new(it.sequence.to_string(), JournalEvent::from(it))));
        Ok(connection)
    }
}

impl From<JournalFacts> for Journal {
    fn from(facts: JournalFacts) -> Self {
        Self {
            name: facts.name,
            stream: facts.stream,
            events: facts.messages.into(),
            bytes: facts.bytes.into(),
            last_sequence: facts.last.into(),
            first_at: facts.first_at,
            last_at: facts.last_at,
            aggregates: facts.aggregates.into(),
        }
    }
}

impl From<JournalMessage> for JournalEvent {
    fn from(message: JournalMessage) -> Self {
        let (heading, unreadable) = match message.event {
            Ok(heading) => (Some(heading), None),
            Err(why) => (None, Some(cut(&why))),
        };
        let told = heading.as_ref();
        Self {
            sequence: message.sequence.into(),
            subject: message.subject,
            recorded_at: message.recorded_at,
            unreadable,
            id: told.map(|it| ID(it.id.clone())),
            event_type: told.map(|it| it.event_type.clone()),
            aggregate: told.map(|it| it.aggregate.clone()),
            aggregate_version: told.map(|it| it.version.into()),
            time: told.map(|it| it.time),
            actor: told.map(|it| it.actor.clone()),
            correlation_id: told.and_then(|it| it.correlation.clone()),
            causation_id: heading.and_then(|it| it.causation),
            size: message.size.into(),
            data: message.data.map(Json),
        }
    }
}
