//! Header names of native messages.

pub use crate::chain::RECORDED_AT;

/// The id of a request; the same on every retry of it.
pub const REQUEST_ID: &str = "Aegis-Request-Id";
/// How many milliseconds the caller still waits, when it sent the request.
pub const TIMEOUT_MS: &str = "Aegis-Timeout-Ms";
/// The group that answered or was addressed.
pub const GROUP: &str = "Aegis-Group";
/// The term under which a reply or an effect was made: the fencing token.
pub const TERM: &str = "Aegis-Term";
/// On a refusal for want of ownership: who owns the group, as far as the refusing instance knows.
pub const OWNER: &str = "Aegis-Owner";
/// On a refusal: after how many milliseconds it is worth to try again.
pub const RETRY_AFTER_MS: &str = "Aegis-Retry-After-Ms";
/// Who sent the message.
pub const ACTOR: &str = "Aegis-Actor";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// On the progress and the end of a command: the service that it was sent to.
pub const SERVICE: &str = "Aegis-Service";
/// How urgent a command is: `low`, `normal`, `high` or `critical`.
pub const PRIORITY: &str = "Aegis-Priority";
/// How often a command is tried again after its first try.
pub const MAX_RETRIES: &str = "Aegis-Max-Retries";
/// How long all tries of a command may take together, in milliseconds, from when its lane has it.
pub const TOTAL_MS: &str = "Aegis-Total-Ms";
/// After how long a silence of its handler a try of a command is stopped, in milliseconds.
pub const HEARTBEAT_MS: &str = "Aegis-Heartbeat-Ms";
/// On a command in the envelope of the Python SDK: that it is one.
pub const LEGACY: &str = "Aegis-Legacy";
/// The only consumer that a message is for: the one whose dead letter it was. Others pass it over.
pub const FOR_CONSUMER: &str = "Aegis-For-Consumer";
/// The media type of the body.
pub const CONTENT_TYPE: &str = "Content-Type";
/// The error text of a failed call (NATS services API, ADR-32).
pub const ERROR: &str = "Nats-Service-Error";
/// The error code of a failed call (NATS services API, ADR-32): a stable code of the catalogue.
pub const ERROR_CODE: &str = "Nats-Service-Error-Code";

/// On a call for a stream: the inbox of its messages. On the reply to it: where the caller tells its wishes.
pub const STREAM: &str = "Aegis-Stream";
/// On a call for a stream: how many messages the caller takes before it says more.
pub const STREAM_CREDIT: &str = "Aegis-Stream-Credit";
/// On a message of a stream: its number, from 1.
pub const STREAM_SEQUENCE: &str = "Aegis-Stream-Sequence";
/// On the last message of a stream, which is none of the numbered ones: how many there were.
pub const STREAM_END: &str = "Aegis-Stream-End";

/// On a dead letter: why it is one.
pub const DEAD_REASON: &str = "Aegis-Dead-Reason";
/// On a dead letter: the subject it stood on.
pub const DEAD_SUBJECT: &str = "Aegis-Dead-Subject";
/// On a dead letter: the stream it stood in.
pub const DEAD_STREAM: &str = "Aegis-Dead-Stream";
/// On a dead letter: its sequence in that stream.
pub const DEAD_SEQUENCE: &str = "Aegis-Dead-Sequence";
/// On a dead letter that would have been larger with it than the server takes: the size of the body that it lacks.
pub const DEAD_SIZE: &str = "Aegis-Dead-Size";

/// On a message that waits in a stream for its time: when it is to be delivered (ADR-51).
pub const SCHEDULE: &str = "Nats-Schedule";
/// On a message that waits in a stream for its time: the subject it is delivered on then.
pub const SCHEDULE_TARGET: &str = "Nats-Schedule-Target";
/// On a status message to a consumer's reader: which of several readers the messages go to.
pub const PIN_ID: &str = "Nats-Pin-Id";

/// On a KV message: what it does to its key, when it is not a put.
pub const KV_OPERATION: &str = "KV-Operation";
/// The value of [`KV_OPERATION`] that marks a key as deleted.
pub const KV_DELETE: &str = "DEL";
/// On a marker that the server wrote: why the key ended.
pub const MARKER_REASON: &str = "Nats-Marker-Reason";
/// On a message read directly from a stream: its sequence.
pub const SEQUENCE: &str = "Nats-Sequence";
/// On the end of a batch read directly from a stream: how many messages follow it.
pub const NUM_PENDING: &str = "Nats-Num-Pending";
/// The id of an atomic batch.
pub const BATCH_ID: &str = "Nats-Batch-Id";
/// The position of a message in its atomic batch, from 1.
pub const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
/// On the last message of an atomic batch.
pub const BATCH_COMMIT: &str = "Nats-Batch-Commit";

/// CloudEvents attributes in the NATS binding, and the extensions that Aegis adds.
pub mod ce {
    /// CloudEvents version.
    pub const SPECVERSION: &str = "ce-specversion";
    /// Event id.
    pub const ID: &str = "ce-id";
    /// Event type.
    pub const TYPE: &str = "ce-type";
    /// The aggregate, as a URI reference.
    pub const SOURCE: &str = "ce-source";
    /// Time of the event.
    pub const TIME: &str = "ce-time";
    /// Version of the aggregate after the event.
    pub const VERSION: &str = "ce-aggregateversion";
    /// Who caused it.
    pub const ACTOR: &str = "ce-actor";
    /// What it belongs to.
    pub const CORRELATION: &str = "ce-correlationid";
    /// What caused it.
    pub const CAUSATION: &str = "ce-causationid";
    /// Trace context.
    pub const TRACEPARENT: &str = "ce-traceparent";
    /// The group that it was made for.
    pub const GROUP: &str = "ce-group";
    /// The term of the owner that made it: the fencing token.
    pub const TERM: &str = "ce-term";
    /// By what the command is known that made it.
    pub const IDEMPOTENCY_KEY: &str = "ce-idempotencykey";
    /// Hash of the event before it on its subject.
    pub const PREVIOUS: &str = "ce-previoushash";
}

/// A text from anywhere as the value of a header: one line, of so many bytes at most. What would begin another line, or
/// cannot be seen, becomes a blank.
///
/// A value with a line break makes clients panic, and one that is too long fills the message.
#[must_use]
pub fn text(value: &str, most: usize) -> String {
    let cut = &value[..value.floor_char_boundary(most)];
    cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_no_longer_than_it_may_be() {
        assert_eq!(text("a\nb\r\nc\u{7f}\u{85}", 100), "a b  c  ");
        assert_eq!(text("\u{e9}\u{e9}\u{e9}", 5), "\u{e9}\u{e9}");
        assert_eq!(text("", 5), "");
    }
}
