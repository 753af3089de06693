//! Events of the Python SDK.

use super::envelope::message;

message! {
    /// An event, on `events.<domain>.<event_type>`.
    Event<T> {
        /// Its domain.
        domain: String,
        /// Its type.
        event_type: String,
        /// Its fields, a map.
        payload: T,
        /// The version of its form.
        #[serde(default = "default_version")]
        version: String,
    }
}

/// The version of events that do not say theirs.
#[must_use]
pub fn default_version() -> String {
    "1.0".to_owned()
}
