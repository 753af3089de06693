//! Instances of the Python SDK, where the feature `legacy` is on.
//!
//! The two forms have the same types and functions. Without the feature nothing of that wire is listened to or read, and
//! there is no task and no metric of it. What the log has of such instances is shown like anything else; those that live
//! are silent here, and so expire.

#[cfg_attr(feature = "legacy", path = "on.rs")]
#[cfg_attr(not(feature = "legacy"), path = "off.rs")]
mod form;

pub(crate) use form::{Gauges, Known, SUBJECTS, Wellness, start};
