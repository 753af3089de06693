//! The dead letters, straight from their stream.

use std::collections::BTreeMap;

use aegis_domain::{ErrorCode, LetterId};
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::codes::cut;
use crate::error::{error, refused, require};
use crate::ports::Letters;
use crate::ports::Role;
use crate::types::{DeadLetter, Long};

const PAGE_MAX: u32 = 200;
/// So many letters are read at once to be grouped, and in all.
const READ: usize = 200;
const GROUPED: usize = 2_000;

#[derive(Debug, Default)]
pub(super) struct DeadLettersQuery;

#[derive(Debug, SimpleObject)]
struct All {
    /// How many there are on all pages, of all kinds.
    total_count: Long,
}

/// Dead letters of one kind, with one reason, out of one stream.
#[derive(Debug, SimpleObject)]
struct DeadLetterGroup {
    kind: String,
    reason: Option<String>,
    original_stream: Option<String>,
    count: Long,
    oldest_at: DateTime<Utc>,
    newest_at: DateTime<Utc>,
}

#[derive(Debug, SimpleObject)]
struct DeadLetterGroups {
    groups: Vec<DeadLetterGroup>,
    /// Whether all dead letters were looked at.
    complete: bool,
}

#[derive(Debug, Default)]
struct Group {
    count: u64,
    oldest: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
}

impl Group {
    fn take(&mut self, at: DateTime<Utc>) {
        self.count += 1;
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
    }
}

type Page = Connection<String, DeadLetter, All, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

#[Object]
impl DeadLettersQuery {
    /// Newest first.
    async fn dead_letters(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50)] first: u32,
        after: Option<String>,
        kind: Option<String>,
    ) -> Result<Page> {
        require(context, Role::Auditor)?;
        if first > PAGE_MAX {
            return Err(error(ErrorCode::InvalidInput, format!("first is {first}: use {PAGE_MAX} at most")));
        }
        let before = after.as_deref().map(cursor).transpose()?;
        let letters = context.data::<Letters>()?;
        let total_count = letters.count().await.map_err(refused)?;
        let count = usize::try_from(first).unwrap_or(usize::MAX);
        let page = letters.list(before, count, kind).await.map_err(refused)?;
        let mut connection = Connection::with_additional_fields(
            before.is_some(),
            page.more,
            All { total_count: total_count.into() },
        );
        let cursor =
            |letter: &crate::ports::DeadLetter| LetterId::new(letter.sequence, letter.at).to_string();
        let edge = |letter: crate::ports::DeadLetter| Edge::new(cursor(&letter), letter.into());
        connection.edges.extend(page.letters.into_iter().map(edge));
        Ok(connection)
    }

    /// The newest dead letters by kind, reason and stream, the largest group first: 2,000 letters at most.
    async fn dead_letter_groups(&self, context: &Context<'_>) -> Result<DeadLetterGroups> {
        require(context, Role::Auditor)?;
        let letters = context.data::<Letters>()?;
        let mut groups = BTreeMap::<_, Group>::new();
        let (mut before, mut complete) = (None, false);
        for _ in 0..GROUPED / READ {
            let page = letters.list(before, READ, None).await.map_err(refused)?;
            for letter in &page.letters {
                let key = (letter.kind.clone(), letter.reason.clone(), letter.original_stream.clone());
                groups.entry(key).or_default().take(letter.at);
            }
            complete = !page.more;
            let last = page.letters.last();
            before = last.map(|letter| LetterId::new(letter.sequence, letter.at));
            if complete || before.is_none() {
                break;
            }
        }
        let told = |((kind, reason, original_stream), group): (_, Group)| DeadLetterGroup {
            kind,
            reason,
            original_stream,
            count: group.count.into(),
            oldest_at: group.oldest.unwrap_or_default(),
            newest_at: group.newest.unwrap_or_default(),
        };
        let mut groups: Vec<_> = groups.into_iter().map(told).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count.0));
        Ok(DeadLetterGroups { groups, complete })
    }

    /// With the letter's `at`, a sequence that stands for another letter by now is refused (`HISTORY_REPLACED`).
    async fn dead_letter(
        &self,
        context: &Context<'_>,
        sequence: Long,
        at: Option<DateTime<Utc>>,
    ) -> Result<Option<DeadLetter>> {
        require(context, Role::Auditor)?;
        match context.data::<Letters>()?.get(LetterId { sequence: sequence.0, at }).await {
            Ok(letter) => Ok(Some(letter.into())),
            Err(none) if none.code == ErrorCode::DeadLetterNotFound => Ok(None),
            Err(failure) => Err(refused(failure)),
        }
    }
}

fn cursor(cursor: &str) -> Result<LetterId> {
    cursor.parse().map_err(|_not_one| {
        let message =
            format!("{:?} is no cursor of a dead letter: pass one from an edge or pageInfo", cut(cursor));
        error(ErrorCode::InvalidInput, message)
    })
}
