//! The contexts of handlers of events and commands, with a client for calls within their trace.

use std::ops::Deref;

use crate::Client;

macro_rules! context {
    ($name:ident, $of:literal) => {
        #[doc = concat!("What a handler knows of ", $of, ": see [`aegis_messaging::", stringify!($name), "`], which it derefs to.")]
        #[derive(Debug, Clone)]
        pub struct $name(aegis_messaging::$name);

        impl $name {
            #[doc = concat!("A client on the service's connection, whose calls belong to the trace of ", $of, ".")]
            #[must_use]
            pub fn client(&self) -> Client {
                Client::new(self.0.connection()).within(self.0.trace())
            }
        }

        impl Deref for $name {
            type Target = aegis_messaging::$name;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl From<aegis_messaging::$name> for $name {
            fn from(context: aegis_messaging::$name) -> Self {
                Self(context)
            }
        }
    };
}

context!(EventContext, "an event");
context!(CommandContext, "a command");
