//! What every route does: it runs a document of its own on the schema for the principal, on the threads of requests.

use aegis_domain::ErrorCode;
use aegis_graphql::{OwnDocument, Principal};
use async_graphql::{Request, Variables};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::auth::Grant;
use crate::http::bounded::bounded_json;
use crate::http::error::ApiError;
use crate::http::identity::{Identity, Started};
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;
use crate::http::{App, Core};

/// Answers on the threads of requests. What changes something goes on when its client goes away.
pub(super) async fn on_workers(
    State(app): State<App>,
    id: RequestId,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let work = next.run(request);
    let done = if changes { app.workers.finish(work).await } else { app.workers.run(work).await };
    done.unwrap_or_else(|why| why.told(changes, &id).into_response())
}

/// Who asks, and for which path. A route that takes this answers 401 to a request without a valid credential.
pub(super) struct Caller {
    pub(super) app: App,
    pub(super) core: Core,
    pub(super) grant: Grant,
    pub(super) id: RequestId,
    uri: Uri,
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Identity(grant) = Identity::from_request_parts(parts, app).await?;
        let Started(core) = Started::from_request_parts(parts, app).await?;
        let id = RequestId::of(&parts.extensions);
        Ok(Self { app: app.clone(), core, grant, id, uri: parts.uri.clone() })
    }
}

impl Caller {
    pub(super) fn principal(&self) -> &Principal {
        &self.grant.principal
    }

    /// The document with these variables, as this caller asks it.
    pub(super) fn request(&self, document: &'static str, variables: Value) -> Request {
        Request::new(document)
            .variables(Variables::from_json(variables))
            .data(self.principal().clone())
            .data(aegis_graphql::RequestId(self.id.as_str().to_owned()))
            .data(OwnDocument)
    }

    /// The data of the answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        document: &'static str,
        variables: Value,
    ) -> Result<T, Problem> {
        let response = self.core.schema.execute(self.request(document, variables)).await;
        if let Some(error) = response.errors.first() {
            return Err(Problem::of_error(error));
        }
        read(response.data, &self.id)
    }

    /// The path of something under `/api/`, as the caller reaches it.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}api/{path}", self.app.outside.base())
    }

    /// The link to a page of the same list, with these parameters in the place of those of this request; an empty one is
    /// left away.
    pub(super) fn link(&self, relation: &str, parameters: &[(&str, &str)]) -> Option<HeaderValue> {
        let kept = self.uri.query().unwrap_or_default().split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && !parameters.iter().any(|(replaced, _)| *replaced == name)
        });
        let new = parameters.iter().filter(|(_, value)| !value.is_empty());
        let new = new.map(|(name, value)| format!("{name}={}", encoded(value)));
        let query: Vec<_> = kept.map(ToOwned::to_owned).chain(new).collect();
        let path = self.uri.path().trim_start_matches("/api/");
        HeaderValue::from_str(&format!("<{}?{}>; rel=\"{relation}\"", self.at(path), query.join("&"))).ok()
    }
}

/// Data of the schema in the shape that it is known to have.
pub(super) fn read<T: DeserializeOwned>(data: async_graphql::Value, id: &RequestId) -> Result<T, Problem> {
    data.into_json().and_then(serde_json::from_value).map_err(|error| misshapen(&error, id))
}

/// The same of what is JSON already.
pub(super) fn read_json<T: DeserializeOwned>(data: &[u8], id: &RequestId) -> Result<T, Problem> {
    serde_json::from_slice(data).map_err(|error| misshapen(&error, id))
}

fn misshapen(error: &serde_json::Error, id: &RequestId) -> Problem {
    tracing::error!(request = id.as_str(), %error, "an answer of the schema has another shape than its document");
    Problem::new(ErrorCode::Internal, ErrorCode::Internal.meaning())
}

/// A text as a part of a query.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A body of JSON, of bounded size.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let body = bounded_json(body)
        .map_err(|too_large| Problem::new(ErrorCode::QueryTooComplex, too_large.to_string()))?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// The parameters of the query; those that the route does not know are refused.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(read)) => Ok(Self(read)),
            Err(rejection) => Err(Problem::invalid(aegis_graphql::cut(&rejection.body_text()))),
        }
    }
}

/// The names in the path.
pub(super) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(read)) => Ok(Self(read)),
            Err(rejection) => Err(Problem::invalid(aegis_graphql::cut(&rejection.body_text()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_cursor_holds_can_stand_in_a_link() {
        assert_eq!(encoded("1/echo-service/a b&c=ä"), "1%2Fecho-service%2Fa%20b%26c%3D%C3%A4");
    }
}
