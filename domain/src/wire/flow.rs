//! Streaming answers: many messages for one call, as fast as the caller takes them.
//!
//! The caller subscribes to an inbox of its own and names it in the call ([`header::STREAM`]), with how many
//! messages it takes at first ([`header::STREAM_CREDIT`]). The reply names the subject on which the service
//! listens for [`Flow`]. Messages come to the inbox, numbered from 1 ([`header::STREAM_SEQUENCE`]); the last one has
//! [`header::STREAM_END`], and an error in the headers if it went wrong. A message with neither says only that the
//! service is there. Each carries the control subject as its reply subject, so that the NATS server itself
//! tells the service when it has gone.
//!
//! [`header::STREAM`]: super::header::STREAM
//! [`header::STREAM_CREDIT`]: super::header::STREAM_CREDIT
//! [`header::STREAM_SEQUENCE`]: super::header::STREAM_SEQUENCE
//! [`header::STREAM_END`]: super::header::STREAM_END

use serde::{Deserialize, Serialize};

/// What the caller tells the service while the stream runs. JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Flow {
    /// Messages up to this number may be sent. Told again it says that the caller is still there.
    Grant(u64),
    /// The caller wants no more.
    Cancel,
}
