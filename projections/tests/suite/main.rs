//! Projections from outside: the fold, its store, and the projector on a real server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

mod damage;
mod dead_letters;
mod fold;
mod installation;
mod kv;
mod log;
mod pages;
mod projector;
mod store;
mod views;
