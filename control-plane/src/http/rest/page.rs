//! Pages of lists: how long they are, where they begin, and where the next one is.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer as _};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::call::{Caller, json};
use super::types::{Connection, Page};
use crate::http::problem::Problem;

/// The length of a page where nobody says so.
pub(super) const PAGE: u32 = 50;
/// The longest page: what one document may cost is the other bound.
pub(super) const PAGE_MAX: u32 = 200;

/// A route without parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The length of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(super) first: Option<u32>,
    /// Where it begins: `nextCursor` of the page before.
    pub(super) after: Option<String>,
}

/// The length of a page, if it may be that long.
pub(super) fn length(first: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    let first = first.unwrap_or(usual);
    if (1..=most).contains(&first) {
        return Ok(first);
    }
    Err(Problem::invalid(format!("a page is 1 to {most} long, not {first}")))
}

/// The answer with this page, and the link to the next one.
pub(super) fn answer<T: Serialize>(
    caller: &Caller,
    connection: Connection<T>,
    as_of_sequence: u64,
) -> Result<Response, Problem> {
    let page: Page<T> = connection.page(as_of_sequence);
    let mut response = json(StatusCode::OK, &page)?;
    let link = page.next_cursor.and_then(|cursor| caller.link("next", &[("after", &cursor)]));
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Reads a list of a query, with commas between its items.
pub(super) fn listed<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = String::deserialize(deserializer)?;
    // A list of nothing would take nothing, and whoever leaves it empty means everything.
    if text.split(',').any(str::is_empty) {
        return Err(D::Error::custom("an item is empty: leave the parameter out for all"));
    }
    text.split(',')
        .map(|item| T::deserialize(item.into_deserializer()))
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}
