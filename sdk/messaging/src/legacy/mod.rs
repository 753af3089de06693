//! Messages in the envelope of the Python SDK, where the feature `legacy` is on.
//!
//! The two forms have the same functions. Without the feature no [`Envelope`] can be made: whatever is done with one is
//! not compiled, and a message of the Python SDK is one like any other.

#[cfg_attr(feature = "legacy", path = "on.rs")]
#[cfg_attr(not(feature = "legacy"), path = "off.rs")]
mod form;

pub(crate) use form::Envelope;

use aegis_domain::wire::command::Priority;

/// What the envelope of a command says of it.
#[derive(Debug)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) priority: Priority,
    pub(crate) max_retries: u32,
    /// How long one try may take, in seconds.
    pub(crate) timeout: f64,
}
