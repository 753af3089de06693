//! The state of a service, and the methods of it that handle calls, events and commands.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use crate::service::groups::{GroupHook, Owned};
use crate::{Connection, Fault};

/// The state of a service that is being put together: see [`Builder::state`](super::Builder::state).
pub struct State<T>(Arc<OnceLock<T>>);

impl<T> std::fmt::Debug for State<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("is_made", &self.0.get().is_some()).finish()
    }
}

/// Makes the state, once there is a connection.
pub(in crate::service) struct MakeState(Box<dyn FnOnce(Connection) -> Making + Send>);

type Making = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

impl<T> Default for State<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Send + Sync + 'static> State<T> {
    pub(super) fn made_by<E, F, Fut>(&self, make: F) -> MakeState
    where
        E: Into<Fault>,
        F: FnOnce(Connection) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let slot = Arc::clone(&self.0);
        MakeState(Box::new(|connection| {
            let made = make(connection);
            Box::pin(async move {
                let state = made.await.map_err(Into::into)?;
                slot.get_or_init(|| state);
                Ok(())
            })
        }))
    }

    /// The method, of this state.
    pub(super) fn bind<C, B, F, O>(
        &self,
        method: F,
    ) -> impl Fn(C, B) -> Pin<Box<dyn Future<Output = O> + Send>> + Send + Sync + 'static
    where
        C: Send + 'static,
        B: Send + 'static,
        O: 'static,
        F: for<'a> Method<'a, T, C, B, Output = O>,
    {
        let (slot, method) = (Arc::clone(&self.0), Arc::new(method));
        move |context, input| {
            let (slot, method) = (Arc::clone(&slot), Arc::clone(&method));
            Box::pin(async move {
                let state = slot.get().expect("no handler runs before the state is made");
                method.call(state, context, input).await
            })
        }
    }
}

impl<T: Send + Sync + 'static> State<T> {
    /// The hook, of this state.
    pub(super) fn bind_hook<F, O>(
        &self,
        hook: F,
    ) -> impl Fn(Owned) -> Pin<Box<dyn Future<Output = O> + Send>> + Send + Sync + 'static
    where
        O: 'static,
        F: for<'a> GroupHook<'a, T, Output = O>,
    {
        let (slot, hook) = (Arc::clone(&self.0), Arc::new(hook));
        move |owned| {
            let (slot, hook) = (Arc::clone(&slot), Arc::clone(&hook));
            Box::pin(async move {
                let state = slot.get().expect("no group is owned before the state is made");
                hook.call(state, owned).await
            })
        }
    }
}

impl MakeState {
    pub(in crate::service) async fn make(self, connection: Connection) -> Result<(), Fault> {
        (self.0)(connection).await
    }
}

/// A function of the state `T` of a service, of what is known beside the input (a [`Call`](crate::Call), an
/// [`EventContext`](crate::EventContext), a [`CommandContext`](crate::CommandContext)), and of the input: as a rule a method,
/// `async fn(&self, call: Call, order: Order) -> Result<Placed, Refused>`. Every such function is one; nobody implements it otherwise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{I}` for a service with the state `{T}`",
    note = "write `async fn handle(&self, context: {C}, input: {I}) -> Result<_, Fault>` in `impl {T}`, and pass `{T}::handle`",
    note = "its future must be `Send`: hold no `Rc`, `RefCell` borrow or `std::sync::MutexGuard` across an `.await`"
)]
pub trait Method<'a, T, C, I>: Send + Sync + 'static {
    /// What it returns.
    type Output;
    /// Its work.
    type Future: Future<Output = Self::Output> + Send + 'a;
    /// Begins it.
    fn call(&self, state: &'a T, context: C, input: I) -> Self::Future;
}

impl<'a, T, C, I, F, Fut> Method<'a, T, C, I> for F
where
    T: 'a,
    F: Fn(&'a T, C, I) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, state: &'a T, context: C, input: I) -> Fut {
        self(state, context, input)
    }
}
