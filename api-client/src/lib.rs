//! A typed client of the REST API of the control plane, for programs and for `aegis --url`.
//!
//! One method for each route of `docs/openapi.json`; [`Follow`] is the live log. Every failure is an [`Error`], which
//! keeps what the replica said ([`Problem`]) and tells whether something may have been done.
//!
//! # Time
//! Connecting takes 5 s at most, an answer 40 s ([`Settings`] changes both); a live log that is silent for 45 s is
//! taken for dead, since replicas send a sign of life every 15 s. A refusal for asking too much at once
//! (`RATE_LIMITED`) is waited out within the time of the answer, since nothing was done. Nothing else is sent again.
//!
//! # Security
//! TLS is checked against the authorities of the system, or those of one file. The token goes to the host of the URL
//! and to nobody else: redirects are not followed. Neither [`Token`] nor [`Client`] prints it.
//!
//! # Cancel safety
//! A dropped request of reading has no effect. A dropped change may or may not have been carried out: send it again
//! with the same [`IdempotencyKey`], or look first.

mod base;
mod client;
mod error;
mod follow;
mod key;
mod probe;
mod query;
mod route;
mod routes;
mod settings;
mod sse;
mod tls;
mod token;
mod transport;
pub mod types;

pub use client::Client;
pub use error::{Error, Problem};
pub use follow::{Follow, Followed, Start};
pub use key::{Basis, IdempotencyKey};
pub use probe::{Health, Probe};
pub use routes::{At, EventWindow, EventsFilter, InstancesFilter, LeadersFilter, Moment, Paging, Window};
pub use settings::Settings;
pub use token::Token;
