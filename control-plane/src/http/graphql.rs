//! GraphQL over POST, as the specification «GraphQL over HTTP» has it. GET is not taken, and the body has to be declared as
//! JSON, so that no other site can make a browser send one.

use std::collections::BTreeMap;

use aegis_domain::ErrorCode;
use async_graphql::{ServerError, Value};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::App;
use super::accept::{Accepted, accepted};
use super::body::Object;
use super::bounded::bounded_json;
use super::error::ApiError;
use super::identity::{Identity, Started};
use super::request_id::RequestId;

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

/// The forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The status says only whether the request could be read.
    Json,
    /// The status also says whether the document could be run.
    GraphQl,
}

pub(super) async fn execute(
    State(app): State<App>,
    id: RequestId,
    headers: HeaderMap,
    Identity(grant): Identity,
    Started(core): Started,
    body: Result<Object<async_graphql::Request>, ApiError>,
) -> Result<Response, ApiError> {
    let form = Form::accepted(&headers).ok_or_else(|| {
        let message = format!("accept {GRAPHQL} or {JSON}; nothing was done");
        ApiError::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::InvalidInput, message, &id)
    })?;
    let Object(request) = body?;
    let request_id = aegis_graphql::RequestId(id.as_str().to_owned());
    let request = request.data(grant.principal).data(request_id.clone());
    let read = async move {
        let mut request = request;
        (aegis_graphql::is_change(&mut request), request)
    };
    let (changes, request) = app.workers.run(read).await.map_err(|why| why.told(false, &id))?;
    let work = async move {
        let response = aegis_graphql::with_request_id(core.schema.execute(request).await, &request_id);
        (form.status(&response), bounded_json(&Body::of(&response)))
    };
    let done = if changes {
        // A client that goes away leaves no change half done.
        app.workers.finish(work).await
    } else {
        app.workers.run(work).await
    };
    let (status, body) = done.map_err(|why| why.told(changes, &id))?;
    let body = body.map_err(|too_large| {
        let (code, done) = if changes {
            (ErrorCode::OutcomeUnknown, "what was asked for has happened")
        } else {
            (ErrorCode::QueryTooComplex, "nothing was changed")
        };
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, format!("{too_large}; {done}"), &id)
    })?;
    Ok((status, [(header::CONTENT_TYPE, form.content_type())], body).into_response())
}

impl Form {
    /// The form that a client prefers; none if it accepts neither. One that says nothing gets plain JSON.
    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let form = |kind: &str| match kind {
            GRAPHQL => Some(Self::GraphQl),
            JSON | "application/*" | "*/*" => Some(Self::Json),
            _ => None,
        };
        match accepted(headers, form) {
            Accepted::Any => Some(Self::Json),
            Accepted::Form(form) => Some(form),
            Accepted::Neither => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
        })
    }

    fn status(self, response: &async_graphql::Response) -> StatusCode {
        match self {
            Self::GraphQl if is_refused(response) => StatusCode::BAD_REQUEST,
            Self::GraphQl | Self::Json => StatusCode::OK,
        }
    }
}

/// Whether the document was not run at all.
fn is_refused(response: &async_graphql::Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// An answer as it is sent: without data when nothing was run.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[ServerError]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

impl<'a> Body<'a> {
    fn of(response: &'a async_graphql::Response) -> Self {
        let data = (!is_refused(response)).then_some(&response.data);
        Self { data, errors: &response.errors, extensions: &response.extensions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_the_client_prefers() {
        let accepted = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, value.parse().unwrap());
            Form::accepted(&headers)
        };
        assert_eq!(Form::accepted(&HeaderMap::new()), Some(Form::Json));
        for (accept, form) in [
            ("application/graphql-response+json", Some(Form::GraphQl)),
            (
                "application/graphql-response+json; charset=utf-8, application/json; q=0.9",
                Some(Form::GraphQl),
            ),
            ("application/json;q=0.5, application/graphql-response+json", Some(Form::GraphQl)),
            ("application/json, application/graphql-response+json;q=0.1", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("Application/JSON", Some(Form::Json)),
            ("text/html", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(accepted(accept), form, "{accept}");
        }
    }
}
