//! Every error with a code, at the one place that sees all answers: those of requests and those of subscriptions.

use std::sync::Arc;

use aegis_domain::ErrorCode;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest, NextSubscribe};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Response, ServerError, Value};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

/// So many errors of one answer are told.
const ERRORS: usize = 20;

/// The id of the request, or of the connection of a subscription: in the data of each, so that errors can bear it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// See the module.
#[derive(Debug)]
pub(crate) struct Codes;

impl ExtensionFactory for Codes {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Codes)
    }
}

#[async_trait::async_trait]
impl Extension for Codes {
    async fn request(&self, context: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        completed(next.run(context).await, context.data_opt::<RequestId>())
    }

    fn subscribe<'s>(
        &self,
        context: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        let id = context.data_opt::<RequestId>().cloned();
        next.run(context, stream).map(move |response| completed(response, id.as_ref())).boxed()
    }
}

/// Gives every error of the response the request's id, also those that came before the data of the request was known.
#[must_use]
pub fn with_request_id(mut response: Response, RequestId(id): &RequestId) -> Response {
    for error in &mut response.errors {
        error.extensions.get_or_insert_with(Default::default).set("requestId", id.as_str());
    }
    response
}

fn completed(mut response: Response, id: Option<&RequestId>) -> Response {
    response.errors.truncate(ERRORS);
    // Null is for what failed; when nothing was selected in the end, there is nothing in the answer.
    if response.errors.is_empty() && response.data == Value::Null {
        response.data = Value::Object(IndexMap::new());
    }
    for error in &mut response.errors {
        complete(error, id);
        if let Some(RequestId(id)) = id {
            error.extensions.get_or_insert_with(Default::default).set("requestId", id.as_str());
        }
    }
    response
}

/// Gives an error a code if it came without one. What a resolver passed on of something inside stays inside.
fn complete(error: &mut ServerError, id: Option<&RequestId>) {
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
        return;
    }
    // Without a place in the answer it is of parsing or validation, whose words are about the query.
    if error.path.is_empty() {
        error.message = cut(&error.message);
        return set(error, ErrorCode::InvalidQuery);
    }
    match error.source.take() {
        Some(_inner) => {
            tracing::error!(error = error.message, path = ?error.path, request = id.map(|id| id.0.as_str()), "a field cannot be answered");
            ErrorCode::Internal.meaning().clone_into(&mut error.message);
            set(error, ErrorCode::Internal);
        }
        // An argument that does not fit its type.
        None => {
            error.message = cut(&error.message);
            set(error, ErrorCode::InvalidInput);
        }
    }
}

/// How much of a text from outside comes back, in characters.
const TOLD: usize = 400;

/// The beginning of a text that others wrote, or that quotes them.
#[must_use]
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// An error about a request as a whole.
pub(crate) fn server_error(code: ErrorCode, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(message, None);
    set(&mut error, code);
    error
}

fn set(error: &mut ServerError, code: ErrorCode) {
    let extensions = error.extensions.get_or_insert_with(Default::default);
    extensions.set("code", code.as_str());
    extensions.set("retryable", code.is_retryable());
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

    use super::*;

    struct Query;

    #[Object]
    impl Query {
        async fn inner(&self) -> Result<u32, std::num::ParseIntError> {
            "secret".parse()
        }

        async fn told(&self) -> async_graphql::Result<u32> {
            Err(crate::error::error(ErrorCode::Unavailable, "too complex to say"))
        }
    }

    async fn first_error(query: &str) -> (String, String) {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription).extension(Codes).finish();
        let error = schema.execute(query).await.errors.remove(0);
        let code =
            error.extensions.as_ref().and_then(|extensions| extensions.get("code")).unwrap().to_string();
        (code, error.message)
    }

    #[tokio::test]
    async fn each_error_has_a_code_by_its_kind_and_no_inner_text() {
        let (code, message) = first_error("{ inner }").await;
        assert_eq!((code.as_str(), message.as_str()), ("\"INTERNAL\"", ErrorCode::Internal.meaning()));
        for (query, code) in [
            ("{ told }", "\"UNAVAILABLE\""),
            ("{ nothing }", "\"INVALID_QUERY\""),
            ("{", "\"INVALID_QUERY\""),
        ] {
            assert_eq!(first_error(query).await.0, code, "{query}");
        }
    }
}
