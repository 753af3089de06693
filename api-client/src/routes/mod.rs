//! The methods of the client, a file for each resource.
//!
//! # Errors
//! Each method fails with an [`Error`](crate::Error): what the control plane refuses keeps its code.

mod consumers;
mod dead_letters;
mod events;
mod instances;
mod leaders;
mod metrics;
mod plans;
mod services;
mod system;

use hyper::header::HeaderName;
use serde::Serialize;

use crate::key::IdempotencyKey;
use crate::transport::Outgoing;

#[cfg(test)]
pub(crate) use dead_letters::{LettersQuery, Which};
pub(crate) use events::EventsQuery;
pub use events::{EventWindow, EventsFilter};
pub use instances::InstancesFilter;
pub use leaders::LeadersFilter;
#[cfg(test)]
pub(crate) use metrics::MetricsQuery;
pub use metrics::Window;
#[cfg(test)]
pub(crate) use services::{Retirement, ServicesQuery};
pub use system::{At, Moment};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Which page of a list.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Paging {
    /// The length of the page; the usual one when absent.
    pub first: Option<u32>,
    /// Where it begins: `next_cursor` of the page before.
    pub after: Option<String>,
}

/// A page of what a filter takes.
#[derive(Debug, Serialize)]
struct Filtered<'a, F> {
    #[serde(flatten)]
    filter: &'a F,
    #[serde(flatten)]
    paging: &'a Paging,
}

fn keyed(outgoing: Outgoing, key: Option<&IdempotencyKey>) -> Outgoing {
    match key {
        Some(key) => outgoing.header(KEY, key.header()),
        None => outgoing,
    }
}
