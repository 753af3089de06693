//! Handlers: what a service does when it is called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::form::Form;
use aegis_domain::Fault;

/// What a handler has made of a call.
pub(super) enum Yield {
    One(Bytes),
    Many(Many),
}

/// The messages of a stream.
pub(super) type Many = Pin<Box<dyn Stream<Item = Result<Bytes, Fault>> + Send>>;

/// A handler at work.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Yield, Fault>> + Send>>;

/// A handler whose types have been erased.
#[derive(Clone)]
pub(in crate::service) struct Handler(Arc<dyn Fn(Call, Form, Bytes) -> Work + Send + Sync>);

impl Handler {
    /// One that answers once.
    pub(in crate::service) fn one<Req, Res, F, Fut>(handle: F) -> Self
    where
        Req: DeserializeOwned + Send + 'static,
        Res: Serialize + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Res, Fault>> + Send + 'static,
    {
        Self(Arc::new(move |call, form, body: Bytes| match form.read(&body) {
            Ok(request) => {
                let work = handle(call, request);
                Box::pin(async move { form.write(&work.await?).map(Yield::One) })
            }
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }))
    }

    /// One that answers with a stream.
    pub(in crate::service) fn many<Req, Res, F, Fut, S>(handle: F) -> Self
    where
        Req: DeserializeOwned + Send + 'static,
        Res: Serialize + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, Fault>> + Send + 'static,
        S: Stream<Item = Result<Res, Fault>> + Send + 'static,
    {
        Self(Arc::new(move |call, form, body: Bytes| match form.read(&body) {
            Ok(request) => {
                let work = handle(call, request);
                Box::pin(async move {
                    let many = work.await?.map(move |item| form.write(&item?));
                    Ok(Yield::Many(Box::pin(many)))
                })
            }
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }))
    }

    /// Calls the function of the service, which may panic here or while the work is polled.
    pub(super) fn call(&self, call: Call, form: Form, body: Bytes) -> Work {
        (self.0)(call, form, body)
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}
