//! Relay connections over sorted keys: a cursor is the key of its node, so a page stays right while the
//! list changes.

use aegis_domain::{ErrorCode, GroupName, InstanceName, Sequence, ServiceName};
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

/// What the cursors of a connection look like: whether a text may be one.
pub(crate) type Shape = fn(&str) -> bool;

/// Cursors that are names of services.
pub(crate) fn is_service(cursor: &str) -> bool {
    ServiceName::new(cursor).is_ok()
}

/// Cursors that are a rank, a service and the name of something of it.
pub(crate) fn is_ranked(cursor: &str) -> bool {
    let mut parts = cursor.split('/');
    let rank = parts.next().is_some_and(|rank| rank.len() == 1 && rank.as_bytes()[0].is_ascii_digit());
    let service = parts.next().is_some_and(is_service);
    let name =
        parts.next().is_some_and(|name| InstanceName::new(name).is_ok() || GroupName::new(name).is_ok());
    rank && service && name && parts.next().is_none()
}

/// Cuts the page after `after` out of the sorted keys, and tells which keys are on it.
fn slice<K>(
    keys: &[(String, K)],
    first: u32,
    after: Option<&str>,
    shape: Shape,
) -> Result<(std::ops::Range<usize>, bool, bool), Error> {
    if first > FIRST_MAX {
        return Err(error(ErrorCode::InvalidInput, format!("first is {first}: use {FIRST_MAX} at most")));
    }
    if let Some(after) = after.filter(|after| !shape(after)) {
        let message =
            format!("{:?} is no cursor of this list: pass one from an edge or pageInfo", cut(after));
        return Err(error(ErrorCode::InvalidInput, message));
    }
    let start = after.map_or(0, |after| keys.partition_point(|(key, _)| key.as_str() <= after));
    let end = keys.len().min(start + usize::try_from(first).unwrap_or(usize::MAX));
    Ok((start..end, start > 0, end < keys.len()))
}

/// A connection over all these keys, sorted by their text, showing the nodes of one page.
pub(crate) fn connection<K, T: OutputType>(
    mut keys: Vec<(String, K)>,
    first: u32,
    (after, shape): (Option<&str>, Shape),
    as_of: Sequence,
    node: impl Fn(K) -> T,
) -> Result<Page<T>, Error> {
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (range, before, more) = slice(&keys, first, after, shape)?;
    let totals = Totals { total_count: (keys.len() as u64).into(), as_of_sequence: as_of.into() };
    let mut connection = Connection::with_additional_fields(before, more, totals);
    let (skip, take) = (range.start, range.len());
    let page = keys.into_iter().skip(skip).take(take);
    connection.edges.extend(page.map(|(key, value)| Edge::new(key, node(value))));
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
