//! Relay connections over sorted lists.

use aegis_domain::{ErrorCode, Sequence, ServiceName};
use async_graphql::connection::{Connection, DefaultConnectionName, DefaultEdgeName, Edge, EmptyFields};
use async_graphql::{Error, OutputType, SimpleObject};

use super::scalar::Long;
use crate::codes::cut;
use crate::error::error;

/// The longest page.
const FIRST_MAX: u32 = 1000;

/// What a connection says beside its edges.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct Totals {
    /// How many nodes there are on all pages.
    total_count: Long,
    /// Sequence of the last event that the answer contains.
    as_of_sequence: Long,
}

/// A connection of this schema.
pub(crate) type Page<T> = Connection<String, T, Totals, EmptyFields, DefaultConnectionName, DefaultEdgeName>;

/// Where a node stands in a list, and the cursor that tells it: so a page stays right while the list changes.
pub(crate) trait Position: Ord {
    fn text(&self) -> String;
    /// None of a text that is no cursor of such a list.
    fn read(text: &str) -> Option<Self>
    where
        Self: Sized;
}

impl Position for ServiceName {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }
}

/// A connection over all these nodes, by their positions, showing those of one page. No two have the same position.
pub(crate) fn connection<P: Position, K, T: OutputType>(
    nodes: Vec<(P, K)>,
    first: u32,
    after: Option<&str>,
    as_of: Sequence,
    node: impl Fn(K) -> T,
) -> Result<Page<T>, Error> {
    if first > FIRST_MAX {
        return Err(error(ErrorCode::InvalidInput, format!("first is {first}: use {FIRST_MAX} at most")));
    }
    let after = after.map(|after| {
        P::read(after).ok_or_else(|| {
            let message =
                format!("{:?} is no cursor of this list: pass one from an edge or pageInfo", cut(after));
            error(ErrorCode::InvalidInput, message)
        })
    });
    let (total, length) = (nodes.len(), usize::try_from(first).unwrap_or(usize::MAX));
    let mut page = match after.transpose()? {
        Some(after) => nodes.into_iter().filter(|(position, _)| *position > after).collect(),
        None => nodes,
    };
    let (before, more) = (page.len() < total, page.len() > length);
    if more {
        // Only the page is put in order.
        page.select_nth_unstable_by(length, |(a, _), (b, _)| a.cmp(b));
        page.truncate(length);
    }
    page.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let totals = Totals { total_count: (total as u64).into(), as_of_sequence: as_of.into() };
    let mut connection = Connection::with_additional_fields(before, more, totals);
    let edges = page.into_iter().map(|(position, value)| Edge::new(position.text(), node(value)));
    connection.edges.extend(edges);
    Ok(connection)
}

/// Reads the cursor of an event.
pub(crate) fn cursor_of_sequence(cursor: &str) -> Result<Sequence, Error> {
    cursor.parse().map(Sequence).map_err(|_not_a_number| {
        error(
            ErrorCode::InvalidInput,
            format!("{:?} is no cursor of an event: pass one from an edge or pageInfo", cut(cursor)),
        )
    })
}
