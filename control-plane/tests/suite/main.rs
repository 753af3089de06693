//! The control plane as its users meet it: the real binary, on a real NATS server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a helper fails the test")]

#[path = "../../../sdk/aegis/examples/ledger/account.rs"]
mod account;
mod api;
mod attacks;
mod audit;
mod auditor;
mod consumers;
mod cursors;
mod dead_letters;
mod definitions;
mod drills;
mod fleet;
mod forget;
mod history;
mod init;
mod input;
mod journals;
mod legacy;
mod lists;
mod liveness;
mod load;
mod metrics;
mod namespaces;
mod numbers;
mod operate;
mod output;
mod outside;
mod plans;
mod proxies;
mod refusals;
mod remote;
mod rest;
mod retention;
mod rolls;
mod serve;
mod small_disk;
mod start;
mod subscriptions;
mod support;
mod tasks;
mod teams;
mod terms;
mod tls;
mod tolerance;
mod uptime;
mod webhook;
