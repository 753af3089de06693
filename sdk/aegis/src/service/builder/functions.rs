//! Handlers that are functions or closures.

use aegis_domain::{Recorded, Schema};
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::State;
use super::{Builder, Kind, Served, Subscribe};
use crate::service::groups::{Owned, erased};
use crate::service::rpc::Call;
use crate::service::rpc::handler::Handler;
use crate::{CommandContext, Connection, EventContext, Fault, IntoFault};

impl Builder {
    /// The state that the handlers work on, made once when the service is connected, before it registers. From then on handlers are
    /// functions that take it first, methods as a rule: `async fn place(&self, call: Call, order: Order) -> Result<Placed, Refused>`.
    /// An error ends the start ([`StartError::State`](super::StartError::State)).
    ///
    /// ```no_run
    /// use aegis_sdk::prelude::*;
    ///
    /// struct Desk {
    ///     client: Client,
    /// }
    ///
    /// impl Desk {
    ///     async fn open(connection: Connection) -> Result<Self, Fault> {
    ///         Ok(Self { client: Client::new(&connection) })
    ///     }
    ///
    ///     async fn place(&self, call: Call, volume: u32) -> Result<u32, Fault> {
    ///         let risk = Target::any("risk")?;
    ///         Ok(self.client.call(&risk, "check", &volume, call.remaining()).await?.body)
    ///     }
    /// }
    ///
    /// # async fn example(config: ServiceConfig) -> Result<(), Box<dyn std::error::Error>> {
    /// let service = Service::builder(config).state(Desk::open).exclusive("place", Desk::place).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn state<T, E, F, Fut>(mut self, make: F) -> Builder<State<T>>
    where
        T: Send + Sync + 'static,
        E: Into<Fault>,
        F: FnOnce(Connection) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let state = State::default();
        self.parts.state = Some(state.made_by(make));
        let Self { config, methods, declared, parts, state: () } = self;
        Builder { config, methods, declared, parts, state }
    }

    /// Serves `rpc.<service>.<method>`: any instance answers. Parameters and reply are JSON, or MessagePack when the
    /// caller's content type says so. A name is given to one method, of whatever kind: a second one ends the start
    /// ([`StartError::DuplicateMethod`](crate::StartError::DuplicateMethod)).
    ///
    /// A handler that gives way soon, by its end or an `.await`, is begun on the task that takes the calls in; keep
    /// threads busy, or block them, in `tokio::task::spawn_blocking`.
    #[must_use]
    pub fn rpc<Req, Res, E, F, Fut>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, false, Handler::one(handle)))
    }

    /// Like [`Builder::rpc`], with a stream of replies: no faster than the caller takes them, which is
    /// [`Client::stream`](crate::Client::stream). An error that the stream yields is its last message. It is dropped when the caller is
    /// gone.
    #[must_use]
    pub fn rpc_stream<Req, Res, E, F, Fut, M>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: Stream<Item = Result<Res, E>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Balanced, true, Handler::many(handle)))
    }

    /// Serves `rpc.<service>.<group>.<method>` for each group that this instance owns: exactly one
    /// instance at a time answers. [`Call::tenancy`] tells the group and the term.
    ///
    /// Exclusive is not serial: **several calls of one group run at once** on that instance, as many as come. Where each has to find the
    /// state as the one before has left it, say [`Builder::one_at_a_time`] as well.
    #[must_use]
    pub fn exclusive<Req, Res, E, F, Fut>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<Res, E>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, false, Handler::one(handle)))
    }

    /// Like [`Builder::exclusive`], with a stream of replies. It ends with `NOT_ACTIVE` when the group passes to
    /// another instance.
    #[must_use]
    pub fn exclusive_stream<Req, Res, E, F, Fut, M>(self, method: &str, handle: F) -> Self
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Res: Serialize + JsonSchema + 'static,
        F: Fn(Call, Req) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: Stream<Item = Result<Res, E>> + Send + 'static,
    {
        self.serve(method, Served::new::<Req, Res>(Kind::Exclusive, true, Handler::many(handle)))
    }

    /// Handles events, durably: `.on_event("trading.*.trade", |context, trade: Trade| async move { .. })`, or with
    /// a [`Subscribe`] that says more. An event is acknowledged when its handler returns `Ok`; otherwise it is
    /// tried again, later events of its subject waiting meanwhile, and becomes a dead letter at last. One that
    /// cannot be read becomes one at once. The services API tells the pattern, and the JSON schema of `T`.
    #[must_use]
    pub fn on_event<T, E, F, Fut>(self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(EventContext, T) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.subscribe(subscribe.into(), handle)
    }

    /// Handles what is recorded in the journal of a schema, durably, as [`Builder::on_event`] handles events: in the order of each aggregate, at least
    /// once, from where the service has got to. The pattern is one of ids of aggregates, `">"` for all; it begins with what is recorded from
    /// the first start on, unless [`Subscribe::from`] says otherwise. For projections, and for what follows from a decision.
    ///
    /// An event that is not handled by the last try becomes a dead letter, and later ones of its aggregate go on; a journal is never written again, so such
    /// a letter is not sent back: subscribe under another name from its sequence on.
    #[must_use]
    pub fn on_recorded<A, E, F, Fut>(self, subscribe: impl Into<Subscribe>, handle: F) -> Self
    where
        A: Schema,
        F: Fn(EventContext, Recorded<A>) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.follow(subscribe.into(), handle)
    }

    /// Takes commands of this name from the work queue: whichever instance has room does, the most urgent first.
    /// A command is done when its handler returns `Ok`, and its sender gets the result; otherwise it is tried
    /// again, as often as its sender said, and becomes a dead letter at last. The services API tells its name, and the
    /// JSON schemas of its parameters and its result.
    #[must_use]
    pub fn command<T, R, E, F, Fut>(self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.take(name, handle)
    }

    /// Takes commands of this name that are sent to the owner of a group ([`SendOptions::to_owner`](crate::SendOptions::to_owner)): a worker
    /// of any instance takes one from the queue and has the owner run it, whoever that is. [`CommandContext::exclusive`] tells the group
    /// and the term. Tries, results, dead letters and cancellation are those of [`Builder::command`]; a try whose owner is lost begins again on the
    /// next one, and does not count. One command occupies a worker for as long as it runs. Say
    /// [`Builder::one_at_a_time`] for one command of a group after the other.
    #[must_use]
    pub fn exclusive_command<T, R, E, F, Fut>(self, name: &str, handle: F) -> Self
    where
        T: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema + 'static,
        F: Fn(CommandContext, T) -> Fut + Send + Sync + 'static,
        E: IntoFault,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.take_for_owner(name, handle)
    }

    /// Loads what the service keeps of a group in memory, when the instance has become its owner, or when its state had been
    /// [let go of](Builder::idle_release) and it is called again. Its exclusive calls wait until this has ended well, 64 of a group at most; of
    /// different groups 64 are loaded at once. Several hooks run in the order in which they are given.
    ///
    /// An error, a panic, or a minute without an end is logged, and the calls that wait are answered `UNAVAILABLE`; it is tried again after 0.1 s, doubling
    /// to 5 s. After each third failure the group is offered to another instance, if there is one. The hook is dropped at an `.await` when the group
    /// passes on meanwhile.
    #[must_use]
    pub fn on_acquired<E, F, Fut>(mut self, load: F) -> Self
    where
        E: IntoFault,
        F: Fn(Owned) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.parts.group_hooks.acquired.push(erased(load));
        self
    }

    /// Lets go of what [`on_acquired`](Builder#method.on_acquired) has loaded, within `drain_ms`; [`Owned::released`] says why. When the
    /// group is given up (a step-down, a drain, a clean stop), it runs after the last call of the group and before another instance owns it; when the
    /// group is [lost](crate::service::Released::Lost), another may own it already. An error is logged. A process that is killed runs none.
    #[must_use]
    pub fn on_released<E, F, Fut>(mut self, let_go: F) -> Self
    where
        E: IntoFault,
        F: Fn(Owned) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.parts.group_hooks.released.push(erased(let_go));
        self
    }
}
