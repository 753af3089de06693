//! The functions that a service has for its groups, and what they are given.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aegis_domain::{Context, GroupName, InstanceName, Schema, ServiceName, Term};
use aegis_journal::Journal;

use crate::service::rpc::Handle;
use crate::within::{Cause, JournalWithin, Ordinals};
use crate::{Call, Client, Commands, Connection, Events, IntoFault};

/// Why the state of a group is let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// The instance gives the group up: nobody else owns it until the hook has ended, for as long as a hand-over waits
    /// (`drain_ms`).
    GivenUp,
    /// The group is lost: another instance may own it already. Write nothing that the term does not fence.
    Lost,
    /// Nobody has called it for the time of [`idle_release`](super::super::Builder::idle_release). The instance owns it as before.
    Idle,
}

/// A group that the instance owns, as its hooks are given it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Owned {
    /// The group.
    pub group: GroupName,
    /// The term in which the instance owns it.
    pub term: Term,
    /// Why its state is let go of; none while it is loaded.
    pub released: Option<Released>,
    pub(in crate::service) handle: Arc<Handle>,
}

impl Owned {
    /// A group of the service that the call is of.
    pub(crate) fn of(call: &Call, group: GroupName, term: Term) -> Self {
        Self { group, term, released: None, handle: call.handle() }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.handle.service
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> &InstanceName {
        &self.handle.instance
    }

    /// A client on the service's connection.
    #[must_use]
    pub fn client(&self) -> Client {
        self.handle.client.clone()
    }

    /// The service's own events.
    #[must_use]
    pub fn events(&self) -> Events {
        self.handle.events.clone()
    }

    /// The way to send commands.
    #[must_use]
    pub fn commands(&self) -> Commands {
        self.handle.commands.clone()
    }

    /// A journal of your own: what is recorded by it bears the term of the group, so one whose term is over is refused.
    #[must_use]
    pub fn journal<S: Schema>(&self) -> JournalWithin<S> {
        let context = Context {
            tenancy: Some((self.group.clone(), self.term)),
            ..Cause::actor(self.service(), self.instance())
        };
        let cause = Cause { context, id: None, ordinals: Arc::<Ordinals>::default() };
        JournalWithin::new(Journal::of(self.connection()), cause)
    }

    /// The service's connection, for whatever else goes over NATS.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.handle.connection
    }
}

/// A function of the state `T` of a service, for a group that it owns: `async fn(&self, owned: Owned) -> Result<(), Fault>`. Every such
/// function is one; nobody implements it otherwise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no hook of groups for a service with the state `{T}`",
    note = "write `async fn load(&self, owned: Owned) -> Result<(), Fault>` in `impl {T}`, and pass `{T}::load`",
    note = "its future must be `Send`: hold no `Rc`, `RefCell` borrow or `std::sync::MutexGuard` across an `.await`"
)]
pub trait GroupHook<'a, T>: Send + Sync + 'static {
    /// What it returns.
    type Output;
    /// Its work.
    type Future: Future<Output = Self::Output> + Send + 'a;
    /// Begins it.
    fn call(&self, state: &'a T, owned: Owned) -> Self::Future;
}

impl<'a, T, F, Fut> GroupHook<'a, T> for F
where
    T: 'a,
    F: Fn(&'a T, Owned) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, state: &'a T, owned: Owned) -> Fut {
        self(state, owned)
    }
}

/// An error is told to operators alone: no caller gets it.
type Work = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
pub(in crate::service) type Hook = Arc<dyn Fn(Owned) -> Work + Send + Sync>;

/// A hook without its types.
pub(in crate::service) fn erased<E, F, Fut>(hook: F) -> Hook
where
    E: IntoFault,
    F: Fn(Owned) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
{
    Arc::new(move |owned| {
        let work = hook(owned);
        Box::pin(async move { work.await.map_err(|error| error.into_fault().for_operators()) })
    })
}

/// The hooks of a service for its groups.
#[derive(Clone, Default)]
pub(in crate::service) struct GroupHooks {
    pub(in crate::service) acquired: Vec<Hook>,
    pub(in crate::service) released: Vec<Hook>,
    pub(in crate::service) idle: Option<Duration>,
}

impl GroupHooks {
    pub(in crate::service) fn is_empty(&self) -> bool {
        self.acquired.is_empty() && self.released.is_empty()
    }
}

impl fmt::Debug for GroupHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (acquired, released) = (self.acquired.len(), self.released.len());
        f.debug_struct("GroupHooks")
            .field("acquired", &acquired)
            .field("released", &released)
            .field("idle", &self.idle)
            .finish()
    }
}
