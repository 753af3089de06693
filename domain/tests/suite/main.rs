//! The domain from outside: golden files, scenarios of each aggregate, properties.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are test code too")]

mod definition;
mod fold;
mod golden;
mod installation;
mod instance;
mod latency;
mod leadership;
mod names;
mod newer;
mod sample;
mod strategy;
mod wire;
