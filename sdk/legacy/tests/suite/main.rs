//! The wire of the Python SDK from outside: its samples, and whatever else may come.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

mod envelopes;
mod registry;
