//! The contexts of handlers of events and commands, with a client for calls and journals within their trace.

use std::ops::Deref;
use std::sync::Arc;

use aegis_domain::{Context, ErrorCode, GroupName, Schema, ServiceName, Term};
use chrono::Utc;

use crate::within::{Cause, JournalWithin, Ordinals};
use crate::{Client, Fault, Journal};

macro_rules! context {
    ($name:ident, $of:literal) => {
        #[doc = concat!("What a handler knows of ", $of, ": see [`aegis_messaging::", stringify!($name), "`], which it derefs to.")]
        #[derive(Debug, Clone)]
        pub struct $name {
            inner: aegis_messaging::$name,
            /// The same on every try, and for no other handler.
            key: Option<Arc<str>>,
            ordinals: Arc<Ordinals>,
            /// Of what is done as the owner of a group.
            tenancy: Option<(GroupName, Term)>,
        }

        impl $name {
            fn new(inner: aegis_messaging::$name, key: Option<String>) -> Self {
                Self { inner, key: key.map(Into::into), ordinals: Arc::default(), tenancy: None }
            }

            #[doc = concat!("A client on the service's connection, whose calls belong to the trace of ", $of, ".")]
            #[must_use]
            pub fn client(&self) -> Client {
                Client::new(self.connection()).within(self.trace())
            }

            #[doc = concat!("A journal of your own within ", $of, ": what is recorded bears its id and its trace, and is recorded once, also where the handler runs again.")]
            #[must_use]
            pub fn journal<S: Schema>(&self) -> JournalWithin<S> {
                let context = Context {
                    correlation: self.cause(),
                    causation: self.cause(),
                    traceparent: Some(self.trace().to_string()),
                    tenancy: self.tenancy.clone(),
                    ..Context::new(self.events().actor(), Utc::now())
                };
                let id = self.key.as_deref().map(str::to_owned);
                let cause = Cause { context, id, ordinals: Arc::<Ordinals>::clone(&self.ordinals) };
                JournalWithin::new(Journal::of(self.connection()), cause)
            }
        }

        impl Deref for $name {
            type Target = aegis_messaging::$name;

            fn deref(&self) -> &Self::Target {
                &self.inner
            }
        }
    };
}

context!(EventContext, "an event");
context!(CommandContext, "a command");

impl EventContext {
    /// Of an event that came to the subscription of this name of a service.
    pub(crate) fn of(
        inner: aegis_messaging::EventContext,
        service: &ServiceName,
        subscription: &str,
    ) -> Self {
        let key = inner.event.id().map(|id| format!("{service}/{subscription}/{id}"));
        Self::new(inner, key)
    }

    fn cause(&self) -> Option<String> {
        self.event.id()
    }
}

impl CommandContext {
    pub(crate) fn of(inner: aegis_messaging::CommandContext, service: &ServiceName) -> Self {
        let key = format!("{service}/{}/{}", inner.command, inner.id);
        Self::new(inner, Some(key))
    }

    fn cause(&self) -> Option<String> {
        Some(self.id.clone())
    }

    /// As the owner of its group does it.
    pub(crate) fn of_group(self, tenancy: Option<(GroupName, Term)>) -> Self {
        Self { tenancy, ..self }
    }

    /// The group and the term of a command that its owner does: pass the term on to whatever the handler writes to. What is recorded by
    /// [`CommandContext::journal`] bears it.
    ///
    /// # Errors
    /// `INTERNAL` when any instance may do the command: serve it by
    /// [`exclusive_command`](crate::service::Builder#method.exclusive_command).
    pub fn exclusive(&self) -> Result<(&GroupName, Term), Fault> {
        match &self.tenancy {
            Some((group, term)) => Ok((group, *term)),
            None => Err(Fault::of(
                ErrorCode::Internal,
                "the command is for the owner of a group, and is served by any instance",
            )),
        }
    }
}
