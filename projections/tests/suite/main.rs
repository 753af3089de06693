//! Projections from outside: the fold, its store, and the projector on a real server.

#![expect(clippy::unwrap_used, reason = "helpers of tests are test code too")]

mod as_of;
mod clocks;
mod damage;
mod dead_letters;
mod faults;
mod fold;
mod forget;
mod history;
mod installation;
mod kill;
mod kv;
mod lives;
mod log;
mod newer;
mod pages;
mod process;
mod projector;
mod rebuild;
mod replaced;
mod rollups;
mod rollups_live;
mod store;
mod verify;
mod views;
