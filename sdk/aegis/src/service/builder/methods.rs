//! Handlers that are methods of the state of the service. They do what their namesakes for functions do.

use aegis_domain::{Recorded, Schema};
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{Method, State};
use super::{Builder, Kind, Served, Subscribe};
use crate::service::groups::{GroupHook, erased};
use crate::service::rpc::Call;
use crate::service::rpc::handler::Handler;
use crate::{CommandContext, EventContext, IntoFault};

impl<T: Send + Sync + 'static> Builder<State<T>> {
    /// Any instance answers: see [`Builder::rpc`](Builder#method.rpc) of functions.
    #[must_use]
    pub fn rpc<Req, Res, E, F>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, Call, Req, Output = Result<Res, E>>,
    {
        let handler = Handler::one(self.state.bind(handle));
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, false, handler))
    }

    /// The same with a stream of replies, which does not borrow the state.
    #[must_use]
    pub fn rpc_stream<Req, Res, E, F, M>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, Call, Req, Output = Result<M, E>>,
        M: Stream<Item = Result<Res, E>> + Send + 'static,
    {
        let handler = Handler::many(self.state.bind(handle));
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, true, handler))
    }

    /// The owner of the group answers: see [`Builder::exclusive`](Builder#method.exclusive) of functions. Calls of one group run at once unless they
    /// [take turns](Builder::one_at_a_time).
    #[must_use]
    pub fn exclusive<Req, Res, E, F>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, Call, Req, Output = Result<Res, E>>,
    {
        let handler = Handler::one(self.state.bind(handle));
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, false, handler))
    }

    /// The same with a stream of replies, which does not borrow the state.
    #[must_use]
    pub fn exclusive_stream<Req, Res, E, F, M>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, Call, Req, Output = Result<M, E>>,
        M: Stream<Item = Result<Res, E>> + Send + 'static,
    {
        let handler = Handler::many(self.state.bind(handle));
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, true, handler))
    }

    /// Handles events, durably: see [`Builder::on_event`](Builder#method.on_event) of functions.
    #[must_use]
    pub fn on_event<B, E, F>(self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, EventContext, B, Output = Result<(), E>>,
    {
        let handle = self.state.bind(handle);
        self.subscribe(subscribe.into(), handle)
    }

    /// Handles what is recorded in a journal: see [`Builder::on_recorded`](Builder#method.on_recorded) of functions.
    #[must_use]
    pub fn on_recorded<A, E, F>(self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        A: Schema,
        E: IntoFault,
        F: for<'a> Method<'a, T, EventContext, Recorded<A>, Output = Result<(), E>>,
    {
        let handle = self.state.bind(handle);
        self.follow(subscribe.into(), handle)
    }

    /// Takes commands of this name from the work queue: see [`Builder::command`](Builder#method.command) of functions.
    #[must_use]
    pub fn command<B, R, E, F>(self, name: &str, handle: F) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, CommandContext, B, Output = Result<R, E>>,
    {
        let handle = self.state.bind(handle);
        self.take(name, handle)
    }

    /// Takes commands for the owner of a group: see [`Builder::exclusive_command`](Builder#method.exclusive_command) of functions.
    #[must_use]
    pub fn exclusive_command<B, R, E, F>(self, name: &str, handle: F) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        E: IntoFault,
        F: for<'a> Method<'a, T, CommandContext, B, Output = Result<R, E>>,
    {
        let handle = self.state.bind(handle);
        self.take_for_owner(name, handle)
    }

    /// Loads what the service keeps of a group in memory: see [`Builder::on_acquired`](Builder#method.on_acquired) of functions.
    #[must_use]
    pub fn on_acquired<E, F>(mut self, load: F) -> Self
    where
        E: IntoFault,
        F: for<'a> GroupHook<'a, T, Output = Result<(), E>>,
    {
        let hook = self.state.bind_hook(load);
        self.parts.group_hooks.acquired.push(erased(hook));
        self
    }

    /// Lets go of it: see [`Builder::on_released`](Builder#method.on_released) of functions.
    #[must_use]
    pub fn on_released<E, F>(mut self, let_go: F) -> Self
    where
        E: IntoFault,
        F: for<'a> GroupHook<'a, T, Output = Result<(), E>>,
    {
        let hook = self.state.bind_hook(let_go);
        self.parts.group_hooks.released.push(erased(hook));
        self
    }
}
