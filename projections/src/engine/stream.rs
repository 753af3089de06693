//! The stream that a projection is of.

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;

/// Where the stream stands when a driver begins.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What makes it this stream: one that was removed and made again under the same name is another.
    pub identity: String,
    /// Its last sequence.
    pub last: Sequence,
    /// Whether it holds any message.
    pub is_empty: bool,
    /// The hash of the message at the position that was asked for, if it is there.
    pub at: Option<(Sequence, Hash)>,
}

impl Stream {
    /// A stream that has come so far.
    #[must_use]
    pub fn new(identity: impl Into<String>, last: Sequence) -> Self {
        Self { identity: identity.into(), last, is_empty: last == Sequence::ZERO, at: None }
    }
}
