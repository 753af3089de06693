//! Handlers: what a service does when it is called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use aegis_domain::{ErrorCode, GroupName, Term};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a handler knows of the call beside its parameters.
#[derive(Debug, Clone)]
pub struct Call {
    /// The id of the request: the same on every retry of it.
    pub request_id: String,
    /// When the caller stops waiting; nothing done after that reaches it.
    pub deadline: Option<Instant>,
    /// For exclusive methods: the group and the term under which this instance acts for it. Pass the
    /// term on to whatever the handler writes to, so that a stale writer is refused there.
    pub tenancy: Option<(GroupName, Term)>,
    /// W3C trace context of the caller.
    pub traceparent: Option<String>,
}

/// A failed call, as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code: one of [`ErrorCode`], or the service's own.
    pub code: String,
    /// What went wrong, for people. It leaves the process.
    pub message: String,
}

impl Fault {
    /// A failure with a code of the service's own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    pub(crate) fn of(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message)
    }
}

/// Any error that a handler returns with `?` becomes `HANDLER_FAILED`.
impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::of(ErrorCode::HandlerFailed, error.to_string())
    }
}

type Reply = Pin<Box<dyn Future<Output = Result<Bytes, Fault>> + Send>>;

/// A handler whose types have been erased.
#[derive(Clone)]
pub(crate) struct Handler(Arc<dyn Fn(Call, Bytes) -> Reply + Send + Sync>);

impl Handler {
    pub(crate) fn new<Req, Res, F, Fut>(handle: F) -> Self
    where
        Req: DeserializeOwned + Send + 'static,
        Res: Serialize + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, Fault>> + Send + 'static,
    {
        let handle = Arc::new(handle);
        Self(Arc::new(move |call, body: Bytes| {
            let handle = Arc::clone(&handle);
            Box::pin(async move {
                // A call without parameters may come with an empty body.
                let body: &[u8] = if body.is_empty() { b"null" } else { &body };
                let request = serde_json::from_slice(body).map_err(|e| {
                    Fault::of(ErrorCode::InvalidInput, format!("the parameters do not fit: {e}"))
                })?;
                let response = handle(call, request).await?;
                let bytes = serde_json::to_vec(&response).map_err(|e| {
                    Fault::of(ErrorCode::Internal, format!("the reply cannot be encoded: {e}"))
                })?;
                Ok(bytes.into())
            })
        }))
    }

    pub(crate) fn call(&self, call: Call, body: Bytes) -> Reply {
        (self.0)(call, body)
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handler")
    }
}
