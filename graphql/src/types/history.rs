//! The history of a definition.

use aegis_domain::{AggregateId, ErrorCode, Sequence, ServiceName};
use aegis_projections::Store;
use aegis_projections::store::{EventFilter, Window};
use aegis_projections::view::history::{self, Entry, history};
use async_graphql::{ComplexObject, Context, Enum, Error, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::definition::Definition;
use super::page::{Page, Position, connection};
use super::scalar::Long;
use crate::error::{error, failed, store_error};
use crate::ports::{Feed, WholeLog};

/// How many events are read at once.
const READ: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "history::Action")]
pub(crate) enum DefinitionAction {
    Defined,
    Amended,
    Retired,
    Reinstated,
}

/// One version of a definition.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct DefinitionRevision {
    revision: Long,
    /// The event that made it.
    sequence: Long,
    at: DateTime<Utc>,
    by: String,
    action: DefinitionAction,
    /// Why, where somebody said so.
    reason: Option<String>,
    /// What is different from the version before.
    changes: Vec<FieldChange>,
}

/// One field that is different; a side without a value is null.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct FieldChange {
    /// As the schema names it; a label is `labels.<key>`.
    field: String,
    before: Option<String>,
    after: Option<String>,
}

#[ComplexObject]
impl Definition {
    /// Every version with who, when, why and what changed, newest first.
    async fn history(
        &self,
        context: &Context<'_>,
        #[graphql(default = 20)] first: u32,
        after: Option<String>,
    ) -> Result<Page<DefinitionRevision>> {
        let id = AggregateId::Definition(name(&self.service)?);
        let filter = EventFilter { aggregate: Some(id.to_string()), ..EventFilter::default() };
        let store = context.data::<Store>()?;
        let (mut events, mut after_sequence) = (Vec::new(), Sequence::ZERO);
        loop {
            let window = Window::First { count: READ, after: after_sequence };
            let page = store.events(&filter, window).await.map_err(|e| store_error(&e))?;
            after_sequence = page.events.last().map_or(after_sequence, |event| event.sequence);
            events.extend(page.events);
            if !page.more {
                break;
            }
        }
        let as_of = *context.data::<Feed>()?.position().borrow();
        let from = events.first().map_or(as_of.next(), |event| event.sequence);
        // What the index has forgotten is in the log.
        let mut entries = if events.first().is_none_or(|event| event.version > 1) {
            let recorded = context.data::<WholeLog>()?.events(id).await.map_err(|e| failed(&e))?;
            recorded.iter().filter(|event| event.sequence < from).filter_map(Entry::recorded).collect()
        } else {
            Vec::new()
        };
        entries.extend(events.iter().filter_map(|event| Entry::indexed(event)));
        let nodes = history(entries)
            .into_iter()
            .map(|revision| (NewestFirst(u64::MAX - revision.revision), revision));
        connection(nodes.collect(), first, after.as_deref(), as_of, DefinitionRevision::from)
    }
}

/// Where a revision stands in a list: by how many the largest number exceeds its own.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NewestFirst(u64);

impl Position for NewestFirst {
    fn text(&self) -> String {
        format!("{:020}", self.0)
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

fn name(service: &str) -> Result<ServiceName, Error> {
    ServiceName::new(service).map_err(|e| error(ErrorCode::Internal, e.to_string()))
}

impl From<history::Revision> for DefinitionRevision {
    fn from(revision: history::Revision) -> Self {
        let history::Revision { revision, sequence, at, by, action, reason, changes } = revision;
        let change = |history::FieldChange { field, before, after }| FieldChange { field, before, after };
        let changes = changes.into_iter().map(change).collect();
        Self {
            revision: revision.into(),
            sequence: sequence.into(),
            at,
            by,
            action: action.into(),
            reason,
            changes,
        }
    }
}
