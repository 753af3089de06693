//! The real binary against a real server. One target, so that it is linked once.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod accounts;
mod callers;
mod failover;
mod floor;
mod orders;
mod system;
