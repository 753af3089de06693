//! Calls and discovery on the wire of the Python SDK, where the feature `legacy` is on.
//!
//! The two forms have the same types and functions. Without the feature no [`Wire`], [`Envelope`] or [`Called`] can be
//! made: whatever is done with one is not compiled, and a message of the Python SDK is one like any other.

#[cfg_attr(feature = "legacy", path = "on/mod.rs")]
#[cfg_attr(not(feature = "legacy"), path = "off.rs")]
mod form;

pub(crate) use form::{Called, Envelope, LOOK_EVERY, Registry, Wire};

use std::collections::BTreeMap;

use aegis_domain::{InstanceName, ServiceName, Version};

/// An instance that stands in the registry of the Python SDK: it speaks that wire.
#[derive(Debug)]
pub(crate) struct Found {
    /// Of its record.
    pub(crate) revision: u64,
    pub(crate) service: ServiceName,
    pub(crate) instance: InstanceName,
    pub(crate) version: Version,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) serves: bool,
}
