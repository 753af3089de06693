//! Calls and discovery on the wire of the Python SDK, where the feature `legacy` is on.
//!
//! The two forms have the same types and functions. Without the feature no [`Wire`], [`Envelope`] or [`Called`] can be
//! made: whatever is done with one is not compiled, and a message of the Python SDK is one like any other.

#[cfg_attr(feature = "legacy", path = "on/mod.rs")]
#[cfg_attr(not(feature = "legacy"), path = "off.rs")]
mod form;

pub(crate) use form::{Called, Envelope, LOOK_EVERY, Registry, Wire, spoken};

use aegis_domain::InstanceName;

use crate::discovery::record::Record;

/// What a registry was found to hold: instances with the revisions of their records.
pub(crate) type Found = Vec<(InstanceName, u64, Record)>;
