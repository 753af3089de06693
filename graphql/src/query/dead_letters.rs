//! The dead letters, straight from their stream.

use aegis_domain::{ErrorCode, LetterId};
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use crate::codes::cut;
use crate::error::{error, refused, require};
use crate::ports::Role;
use crate::schema::Letters;
use crate::types::{DeadLetter, Long};

const PAGE_MAX: u32 = 200;

#[derive(Debug, Default)]
pub(super) struct DeadLettersQuery;

#[derive(Debug, SimpleObject)]
struct All {
    /// How many there are on all pages, of all kinds.
    total_count: Long,
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
