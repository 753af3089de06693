//! Counters, kept apart by type so that a term is never taken for a sequence.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $type(pub u64);

        impl $type {
            /// Before the first one.
            pub const ZERO: Self = Self(0);

            /// The number as an integer.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }

            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// The fencing token of a group: grows by one at each change of owner; the first owner has 1.
    Term
);
number!(
    /// A position in a JetStream stream; the first message has 1.
    Sequence
);
number!(
    /// How many events an aggregate has; the first event makes it 1.
    AggregateVersion
);
