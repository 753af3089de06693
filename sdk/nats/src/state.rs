//! How a connection stands, and how that is found out.

use std::time::Duration;

/// How often the server is asked whether it is there.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(5);

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Connected.
    Connected,
    /// Lost, and being sought again.
    Reconnecting,
    /// Closed for good, by this side.
    Closed,
}
