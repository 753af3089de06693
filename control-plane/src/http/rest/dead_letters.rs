//! Messages that nobody could process.

use aegis_domain::ErrorCode;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::call::{Caller, Names, Params, json as answer_json};
use super::idempotency::KeyHeader;
use super::page::{self, Nothing, PAGE, length};
use super::types::{
    AsOf, Connection, Data, DeadLetter, DeadLetterDone, Decision, Page, letter_fields, rejected_fields,
};
use crate::http::body::Object;
use crate::http::problem::Problem;

/// Each has up to 4 KiB of a payload, twice.
const LETTERS_MAX: u32 = 200;

const LIST: &str = concat!(
    "query($first: Int!, $after: String, $kind: String) {
        data: deadLetters(first: $first, after: $after, kind: $kind) { nodes {",
    letter_fields!(),
    "} pageInfo { hasNextPage endCursor } totalCount } system { asOfSequence } }"
);
const ONE: &str = concat!(
    "query($sequence: Long!, $at: DateTime) { data: deadLetter(sequence: $sequence, at: $at) {",
    letter_fields!(),
    "} }"
);
const REDRIVE: &str = concat!(
    "mutation($input: DeadLetterInput!) { data: redriveDeadLetter(input: $input) {",
    rejected_fields!(),
    "... on DeadLetterDone { deadLetter at subject sequence } } }"
);
const DISCARD: &str = concat!(
    "mutation($input: DeadLetterInput!) { data: discardDeadLetter(input: $input) {",
    rejected_fields!(),
    "... on DeadLetterDone { deadLetter at subject sequence } } }"
);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// The length of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    first: Option<u32>,
    /// Where it begins: `nextCursor` of the page before.
    after: Option<String>,
    /// Those of this kind.
    kind: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The letter's `at`. With it, a sequence that stands for another letter by now is refused.
    at: Option<DateTime<Utc>>,
}

/// Dead letters, newest first.
#[utoipa::path(get, path = "/api/dead-letters", tag = "dead letters", params(Listed),
    responses((status = 200, description = "A page of dead letters; `totalCount` is of all kinds.", body = Page<DeadLetter>,
        headers(("Link" = String, description = "The next page.")))))]
pub(super) async fn list(caller: Caller, Params(asked): Params<Listed>) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Found {
        data: Connection<DeadLetter>,
        system: AsOf,
    }
    let first = length(asked.first, PAGE, LETTERS_MAX)?;
    let variables = json!({ "first": first, "after": asked.after, "kind": asked.kind });
    let found: Found = caller.ask(LIST, variables).await?;
    page::answer(&caller, found.data, found.system.as_of_sequence)
}

/// One dead letter.
#[utoipa::path(get, path = "/api/dead-letters/{sequence}", tag = "dead letters",
    params(("sequence" = u64, Path), Which),
    responses((status = 200, description = "The dead letter.", body = DeadLetter)))]
pub(super) async fn show(
    caller: Caller,
    Names(sequence): Names<u64>,
    Params(Which { at }): Params<Which>,
) -> Result<Response, Problem> {
    let variables = json!({ "sequence": sequence, "at": at });
    let Data { data }: Data<Option<DeadLetter>> = caller.ask(ONE, variables).await?;
    let missing = || Problem::new(ErrorCode::DeadLetterNotFound, ErrorCode::DeadLetterNotFound.meaning());
    answer_json(StatusCode::OK, &data.ok_or_else(missing)?)
}

/// Sends the message back to the subject that it came from, and removes the letter.
#[utoipa::path(post, path = "/api/dead-letters/{sequence}/redrive", tag = "dead letters", request_body = Decision,
    params(("sequence" = u64, Path),
        KeyHeader),
    responses((status = 200, description = "It went back.", body = DeadLetterDone)))]
pub(super) async fn redrive(
    caller: Caller,
    Names(sequence): Names<u64>,
    Params(Nothing {}): Params<Nothing>,
    Object(decision): Object<Decision>,
) -> Result<Response, Problem> {
    decide(&caller, REDRIVE, sequence, &decision).await
}

/// Gives the message up: the letter is removed.
#[utoipa::path(post, path = "/api/dead-letters/{sequence}/discard", tag = "dead letters", request_body = Decision,
    params(("sequence" = u64, Path),
        KeyHeader),
    responses((status = 200, description = "It is gone.", body = DeadLetterDone)))]
pub(super) async fn discard(
    caller: Caller,
    Names(sequence): Names<u64>,
    Params(Nothing {}): Params<Nothing>,
    Object(decision): Object<Decision>,
) -> Result<Response, Problem> {
    decide(&caller, DISCARD, sequence, &decision).await
}

async fn decide(
    caller: &Caller,
    document: &'static str,
    sequence: u64,
    decision: &Decision,
) -> Result<Response, Problem> {
    let input = json!({ "sequence": sequence, "at": decision.at, "reason": decision.reason });
    let done: DeadLetterDone = super::changed(caller, document, json!({ "input": input })).await?;
    answer_json(StatusCode::OK, &done)
}
