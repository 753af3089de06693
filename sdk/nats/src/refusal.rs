//! What a failure of JetStream means for whoever asked: one answer, wherever it is met.

use std::error::Error;

use aegis_domain::ErrorCode;
use async_nats::jetstream;

use super::denial;

/// Errors that say that the stream takes no such message now, because of its limits or those around it
/// (nats-server, server/errors.json).
const LIMITS: [jetstream::ErrorCode; 8] = [
    jetstream::ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
    jetstream::ErrorCode::INSUFFICIENT_RESOURCES,
    jetstream::ErrorCode::MEMORY_RESOURCES_EXCEEDED,
    jetstream::ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    jetstream::ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM,
    jetstream::ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM,
    jetstream::ErrorCode::STREAM_SEALED,
    jetstream::ErrorCode::STREAM_STORE_FAILED,
];

/// The stable code of a failure, by what stands behind it: a permission that is missing, a stream that is full or
/// closed, or else a server that cannot be reached.
pub fn code(error: &(dyn Error + 'static)) -> ErrorCode {
    if denial::cause(error).is_some() {
        return ErrorCode::PermissionDenied;
    }
    let mut error = Some(error);
    while let Some(at) = error {
        if at.downcast_ref::<jetstream::Error>().is_some_and(|told| LIMITS.contains(&told.error_code())) {
            return ErrorCode::StreamRefused;
        }
        error = at.source();
    }
    ErrorCode::Unavailable
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::context::{PublishError, PublishErrorKind};

    use super::*;

    fn told(code: u64) -> PublishError {
        let text = format!(r#"{{"code":503,"err_code":{code},"description":"so it is"}}"#);
        let told: jetstream::Error = serde_json::from_str(&text).unwrap();
        PublishError::with_source(PublishErrorKind::Other, told)
    }

    #[test]
    fn a_full_stream_is_told_from_a_server_that_is_away() {
        assert_eq!(code(&told(10_077)), ErrorCode::StreamRefused);
        assert_eq!(code(&told(10_008)), ErrorCode::Unavailable, "JetStream is not ready for a while");
        assert_eq!(code(&PublishError::new(PublishErrorKind::TimedOut)), ErrorCode::Unavailable);
        let denied = denial::PermissionDenied { subject: "a".to_owned() };
        let denied = PublishError::with_source(PublishErrorKind::Other, denied);
        assert_eq!(code(&denied), ErrorCode::PermissionDenied);
    }
}
