//! A journal within a call, a command or an event: what is recorded says what caused it, and a repetition records nothing twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aegis_domain::chain::Hash;
use aegis_domain::{Actor, Aggregate, Context, IdempotencyKey, InstanceName, Schema, ServiceName};
use aegis_journal::{ExecuteError, Executed, Journal, LoadError, Loaded};
use chrono::Utc;

/// How many commands were given to each aggregate so far: the same ones in the same order when the handler runs again.
#[derive(Debug, Default)]
pub(crate) struct Ordinals(Mutex<HashMap<String, u32>>);

impl Ordinals {
    fn next(&self, aggregate: &str) -> u32 {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = given.entry(aggregate.to_owned()).or_default();
        *next += 1;
        *next
    }
}

impl AsRef<Self> for Ordinals {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// What a handler runs for.
pub(crate) struct Cause {
    /// Without the key of a command.
    pub(crate) context: Context,
    /// The same on every try, and no other cause's; none for what cannot be told from others.
    pub(crate) id: Option<String>,
    pub(crate) ordinals: Arc<dyn AsRef<Ordinals> + Send + Sync>,
}

impl Cause {
    pub(crate) fn actor(service: &ServiceName, instance: &InstanceName) -> Context {
        Context::new(Actor::instance(service, instance), Utc::now())
    }

    fn context(&self, aggregate: &str) -> Context {
        let context = Context {
            time: Context::new(self.context.actor.clone(), Utc::now()).time,
            ..self.context.clone()
        };
        match &self.id {
            Some(id) => context.with_key(key(id, (*self.ordinals).as_ref().next(aggregate))),
            None => context,
        }
    }
}

/// A journal as a handler sees it: see [`Call::journal`](crate::Call::journal).
///
/// # Examples
/// ```
/// use aegis_sdk::domain::{Aggregate, Schema};
/// use aegis_sdk::{Call, Fault};
///
/// async fn book<S: Schema, A: Aggregate<Schema = S>>(call: Call, id: S::Id, command: A::Command) -> Result<A, Fault>
/// where
///     A::Command: Clone,
/// {
///     // A repetition of the call records nothing twice, and is answered with what the first run has recorded.
///     Ok(call.journal::<S>().execute::<A>(&id, command).await?.state)
/// }
/// ```
pub struct JournalWithin<S: Schema> {
    journal: Journal<S>,
    cause: Cause,
}

impl<S: Schema> JournalWithin<S> {
    pub(crate) fn new(journal: Journal<S>, cause: Cause) -> Self {
        Self { journal, cause }
    }

    /// Loads, decides and appends, as [`Journal::execute`] does. What is recorded names the instance that did it, the request and
    /// its trace, and the term of the group, if the call is of one: an owner whose term is over is refused.
    ///
    /// A handler that runs again for the same request, on this instance or on a successor, is answered with what the first run has
    /// recorded (`repeated`), as long as the aggregate knows its [last commands](aegis_journal::KEYS_MAX). Of several
    /// commands that one run gives to an aggregate, the first is known by the first, the second by the second: give them
    /// one after another, in the same order each time.
    ///
    /// # Errors
    /// See [`ExecuteError`]. Nothing was recorded unless it says that the outcome is unknown.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the events were recorded.
    pub async fn execute<A>(
        &self,
        id: &S::Id,
        command: A::Command,
    ) -> Result<Executed<A>, ExecuteError<A::Rejection>>
    where
        A: Aggregate<Schema = S>,
        A::Command: Clone,
    {
        let context = self.cause.context(&format!("{}/{id}", S::NAME));
        self.journal.execute(id, command, &context).await
    }

    /// Reads an aggregate, as [`Journal::load`] does.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load<A: Aggregate<Schema = S>>(&self, id: &S::Id) -> Result<Loaded<A>, LoadError> {
        self.journal.load(id).await
    }

    /// The journal itself.
    #[must_use]
    pub fn journal(&self) -> &Journal<S> {
        &self.journal
    }
}

impl<S: Schema> std::fmt::Debug for JournalWithin<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalWithin").field("journal", &self.journal).field("id", &self.cause.id).finish()
    }
}

/// The id comes from outside: one that is too long, or not to be seen, is known by its SHA-256.
fn key(id: &str, ordinal: u32) -> IdempotencyKey {
    let text = format!("{id}/{ordinal}");
    IdempotencyKey::new(text.as_str()).unwrap_or_else(|_invalid| {
        let digest = Hash::of(&text, [], &[]).to_string();
        IdempotencyKey::new(digest).expect("64 hexadecimal digits are a key")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_of_a_request_has_a_key_of_its_own_whatever_its_id_is() {
        let ordinals = Ordinals::default();
        let next = |aggregate: &str| ordinals.next(aggregate);
        assert_eq!([next("a"), next("a"), next("b"), next("a")], [1, 2, 1, 3]);
        assert_eq!(key("0af7", 2).as_str(), "0af7/2");
        for hostile in ["", " ", "a\nb", &"x".repeat(10_000), "\u{202e}"] {
            let (one, two) = (key(hostile, 1), key(hostile, 2));
            assert!(one != two && one == key(hostile, 1), "{hostile:?}");
        }
    }
}
