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
use crate::fault::{IntoFault, failure};
use aegis_domain::Failure;

/// What a handler has made of a call.
pub(super) enum Yield {
    One(Bytes),
    Many(Many),
}

/// The messages of a stream.
pub(super) type Many = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// A handler at work.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Yield, Failure>> + Send>>;

/// A handler whose types have been erased.
#[derive(Clone)]
pub(in crate::service) struct Handler(Arc<dyn Fn(Call, Form, Bytes) -> Work + Send + Sync>);

impl Handler {
    /// One that answers once.
    pub(in crate::service) fn one<Req, Res, E, F, Fut>(handle: F) -> Self
    where
        Req: DeserializeOwned + Send + 'static,
        Res: Serialize + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        Self(Arc::new(move |call, form, body: Bytes| match form.read(&body) {
            Ok(request) => {
                let work = handle(call, request);
                Box::pin(async move { form.write(&work.await.map_err(failure)?).map(Yield::One) })
            }
            Err(misfit) => Box::pin(std::future::ready(Err(misfit))),
        }))
    }

    /// One that answers with a stream.
    pub(in crate::service) fn many<Req, Res, E, F, Fut, S>(handle: F) -> Self
    where
        Req: DeserializeOwned + Send + 'static,
        Res: Serialize + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<S, E>> + Send + 'static,
        S: Stream<Item = Result<Res, E>> + Send + 'static,
    {
        Self(Arc::new(move |call, form, body: Bytes| match form.read(&body) {
            Ok(request) => {
                let work = handle(call, request);
                Box::pin(async move {
                    let many = work.await.map_err(failure)?;
                    let many = many.map(move |item| form.write(&item.map_err(failure)?));
                    Ok(Yield::Many(Box::pin(many)))
                })
            }
            Err(misfit) => Box::pin(std::future::ready(Err(misfit))),
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
