//! The catalogue of error codes: stable, and the same on every surface (RPC headers, GraphQL, HTTP, CLI).

/// A stable error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// See [`ErrorCode::meaning`]; so for all of them.
    InvalidInput,
    /// A query is not valid GraphQL.
    InvalidQuery,
    /// A query asks for too much.
    QueryTooComplex,
    /// No valid credential.
    Unauthenticated,
    /// The role does not suffice.
    Forbidden,
    /// The credentials of the connection to NATS do not suffice.
    PermissionDenied,
    /// No such definition.
    DefinitionNotFound,
    /// There already is a definition.
    DefinitionExists,
    /// Changed in between.
    DefinitionConflict,
    /// No such dead letter.
    DeadLetterNotFound,
    /// It was decided on already.
    DeadLetterDecided,
    /// It cannot go back.
    DeadLetterStuck,
    /// Somebody reads this consumer.
    ConsumerInUse,
    /// No such instance.
    InstanceNotFound,
    /// A life only goes forward.
    IllegalTransition,
    /// No such method.
    MethodNotFound,
    /// This instance does not own the group.
    NotActive,
    /// The service does not take this group.
    GroupNotServed,
    /// No such member takes part in the election.
    MemberNotFound,
    /// The term is over.
    StaleTerm,
    /// No subscriber answers.
    NoResponders,
    /// A body is too large.
    PayloadTooLarge,
    /// The caller's time ran out before anybody was asked.
    DeadlineExceeded,
    /// It may or may not have happened.
    OutcomeUnknown,
    /// The handler failed.
    HandlerFailed,
    /// A command took longer than it may.
    CommandTimedOut,
    /// It was called off.
    Cancelled,
    /// Too many messages wait for JetStream.
    OutboxFull,
    /// Somebody wrote first.
    SequenceConflict,
    /// A position belongs to a history that is gone.
    HistoryReplaced,
    /// A position lies before what is kept.
    CursorExpired,
    /// A stream does not take the message.
    StreamRefused,
    /// Too many calls at once.
    Overloaded,
    /// Too many requests of one principal or address.
    RateLimited,
    /// The target mostly fails.
    CircuitOpen,
    /// NATS or JetStream cannot be reached.
    Unavailable,
    /// Nothing is at this address.
    NotFound,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The change does not say what it is based on.
    PreconditionRequired,
    /// The first request with this idempotency key is under way.
    IdempotencyKeyInUse,
    /// The idempotency key came with another request before.
    IdempotencyKeyReused,
    /// The program lacks a part that its configuration asks for.
    FeatureMissing,
    /// A defect in Aegis.
    Internal,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 43] = [
        Self::InvalidInput,
        Self::InvalidQuery,
        Self::QueryTooComplex,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::PermissionDenied,
        Self::DefinitionNotFound,
        Self::DefinitionExists,
        Self::DefinitionConflict,
        Self::DeadLetterNotFound,
        Self::DeadLetterDecided,
        Self::DeadLetterStuck,
        Self::ConsumerInUse,
        Self::InstanceNotFound,
        Self::IllegalTransition,
        Self::MethodNotFound,
        Self::NotActive,
        Self::GroupNotServed,
        Self::MemberNotFound,
        Self::StaleTerm,
        Self::NoResponders,
        Self::PayloadTooLarge,
        Self::DeadlineExceeded,
        Self::OutcomeUnknown,
        Self::HandlerFailed,
        Self::CommandTimedOut,
        Self::Cancelled,
        Self::OutboxFull,
        Self::SequenceConflict,
        Self::HistoryReplaced,
        Self::CursorExpired,
        Self::StreamRefused,
        Self::Overloaded,
        Self::RateLimited,
        Self::CircuitOpen,
        Self::Unavailable,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PreconditionRequired,
        Self::IdempotencyKeyInUse,
        Self::IdempotencyKeyReused,
        Self::FeatureMissing,
        Self::Internal,
    ];

    /// The code as it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.facts().0
    }

    /// What it means, and what the caller does about it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.facts().2
    }

    /// Whether the same request may succeed later, unchanged, and cannot have had an effect so far.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        self.facts().1
    }

    /// The code that a text from the wire stands for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    fn facts(self) -> (&'static str, bool, &'static str) {
        match self {
            Self::InvalidInput => (
                "INVALID_INPUT",
                false,
                "A value breaks a rule; the message names the field and the rule. Correct it and send it again.",
            ),
            Self::InvalidQuery => (
                "INVALID_QUERY",
                false,
                "The query is not valid GraphQL for this schema; the message says where. Correct it.",
            ),
            Self::QueryTooComplex => (
                "QUERY_TOO_COMPLEX",
                false,
                "The query is too deep, or asks for too many nodes. Ask for less, or page.",
            ),
            Self::Unauthenticated => (
                "UNAUTHENTICATED",
                false,
                "No valid credential came with the request. Sign in, or send a valid bearer token; of a connection to NATS, check its credentials and TLS settings.",
            ),
            Self::Forbidden => (
                "FORBIDDEN",
                false,
                "The role of the principal does not suffice. Ask an admin for the role that the message names.",
            ),
            Self::PermissionDenied => (
                "PERMISSION_DENIED",
                false,
                "The credentials of the connection to NATS do not permit the subject that the message names, so nothing was done. Give the user that permission.",
            ),
            Self::DefinitionNotFound => (
                "DEFINITION_NOT_FOUND",
                false,
                "The service has no definition in the state that the change needs. Look it up first.",
            ),
            Self::DefinitionExists => (
                "DEFINITION_EXISTS",
                false,
                "The service already has an active definition. Amend it instead.",
            ),
            Self::DefinitionConflict => (
                "DEFINITION_CONFLICT",
                false,
                "Somebody changed the definition meanwhile. Read it again, and repeat the change on the current revision.",
            ),
            Self::DeadLetterNotFound => (
                "DEAD_LETTER_NOT_FOUND",
                false,
                "There is no dead letter at this sequence: it was redriven, discarded, or has aged out. List them again.",
            ),
            Self::DeadLetterDecided => (
                "DEAD_LETTER_DECIDED",
                false,
                "Somebody redrove or discarded this dead letter already. If it is still listed after a minute, repeat \
                 what was decided: that finishes what was cut off.",
            ),
            Self::DeadLetterStuck => (
                "DEAD_LETTER_STUCK",
                false,
                "The dead letter cannot go back to where it came from; the message says why: the way back is not \
                 known, or its body was too large to be kept with it. Discard it, or upgrade this program if it \
                 cannot read the event.",
            ),
            Self::ConsumerInUse => (
                "CONSUMER_IN_USE",
                false,
                "Somebody reads this consumer, and would lose its place in the stream. Stop its reader first, or delete it by force.",
            ),
            Self::InstanceNotFound => {
                ("INSTANCE_NOT_FOUND", false, "No such instance is registered, or its life is over.")
            }
            Self::IllegalTransition => (
                "ILLEGAL_TRANSITION",
                false,
                "An instance's life only goes forward, from INIT to STOPPED or FAILED.",
            ),
            Self::MethodNotFound => (
                "METHOD_NOT_FOUND",
                false,
                "The service serves no such method, or not on this kind of subject. Check the name and the version.",
            ),
            Self::NotActive => (
                "NOT_ACTIVE",
                true,
                "This instance does not own the group now, and has done nothing. Send the call again; the SDK does so by itself.",
            ),
            Self::GroupNotServed => (
                "GROUP_NOT_SERVED",
                false,
                "The service does not take this group. Check the name of the group.",
            ),
            Self::MemberNotFound => (
                "MEMBER_NOT_FOUND",
                false,
                "No such member of the service is there to take the group over: it does not run, or it does not stand for election now. List the instances.",
            ),
            Self::StaleTerm => (
                "STALE_TERM",
                false,
                "The writer's term is over: another instance owns the group. The writer must stop acting for it.",
            ),
            Self::NoResponders => (
                "NO_RESPONDERS",
                true,
                "Nobody serves the subject now, so nothing was done. Try again; check that the service runs.",
            ),
            Self::PayloadTooLarge => (
                "PAYLOAD_TOO_LARGE",
                false,
                "The parameters or the reply are larger than the service or the NATS server takes; the message says which and how large. Of a reply, the call has happened, and of a command's result, the command. Send or ask for less, or in pieces: a stream has no such limit.",
            ),
            Self::DeadlineExceeded => (
                "DEADLINE_EXCEEDED",
                true,
                "The caller's time ran out while nobody had taken the call, so nothing was done. Try again with more time.",
            ),
            Self::OutcomeUnknown => (
                "OUTCOME_UNKNOWN",
                false,
                "The call was sent, and no reply came in time: it may or may not have happened. Look before repeating it, or mark the call idempotent.",
            ),
            Self::HandlerFailed => {
                ("HANDLER_FAILED", false, "The service's handler failed; the service's log says how.")
            }
            Self::CommandTimedOut => (
                "COMMAND_TIMED_OUT",
                false,
                "Each try of the command took longer than its time limit, and was stopped. It stands as a dead letter: give it more time, and redrive it.",
            ),
            Self::Cancelled => (
                "CANCELLED",
                false,
                "The command was called off before it was done. A try under way was stopped.",
            ),
            Self::OutboxFull => (
                "OUTBOX_FULL",
                true,
                "JetStream takes no messages now, and as many as may wait for it wait already: this one was refused. Slow down, and try again later.",
            ),
            Self::SequenceConflict => (
                "SEQUENCE_CONFLICT",
                false,
                "Somebody else wrote first, so that what this write was based on has changed. Read again, and decide again.",
            ),
            Self::HistoryReplaced => (
                "HISTORY_REPLACED",
                false,
                "The log has another history than the one in which the position was told: it was put back from a copy, or made anew. Forget the position, and begin anew.",
            ),
            Self::CursorExpired => (
                "CURSOR_EXPIRED",
                false,
                "The cursor lies before the oldest event that the index keeps, so events after it would be missing; the message names that one. Begin there or without a cursor, replay the log (`aegis replay`), or keep more (`keep_events`).",
            ),
            Self::StreamRefused => (
                "STREAM_REFUSED",
                false,
                "The stream does not take the message; the error text is JetStream's own. Check the stream's limits.",
            ),
            Self::Overloaded => (
                "OVERLOADED",
                true,
                "The instance has too many calls in flight and refused this one before doing anything. Slow down and try again.",
            ),
            Self::RateLimited => (
                "RATE_LIMITED",
                true,
                "One principal or address has asked for more in a while than it may; nothing was done. Ask again after the time that `retryAfterMs` or the header `Retry-After` says.",
            ),
            Self::CircuitOpen => (
                "CIRCUIT_OPEN",
                true,
                "Calls to the target mostly failed of late, so the client sends none for a while, and sent none now. Try again after the time that the message names; look what ails the target.",
            ),
            Self::Unavailable => (
                "UNAVAILABLE",
                true,
                "NATS or JetStream cannot be reached now. Nothing was recorded. Try again later; check the connection.",
            ),
            Self::NotFound => (
                "NOT_FOUND",
                false,
                "Nothing is at this address. `/api/openapi.json` and `/api/docs` list what there is.",
            ),
            Self::MethodNotAllowed => (
                "METHOD_NOT_ALLOWED",
                false,
                "The address does not take this method. The header `Allow` names those that it takes.",
            ),
            Self::PreconditionRequired => (
                "PRECONDITION_REQUIRED",
                false,
                "The change has to say what it is based on: read the resource, and send its `ETag` as `If-Match`.",
            ),
            Self::IdempotencyKeyInUse => (
                "IDEMPOTENCY_KEY_IN_USE",
                true,
                "The first request with this `Idempotency-Key` is still under way. Send this one again a little later: it then gets the first one's answer.",
            ),
            Self::IdempotencyKeyReused => (
                "IDEMPOTENCY_KEY_REUSED",
                false,
                "Another request came with this `Idempotency-Key` before, and this one was not carried out. Draw a key for each request, and repeat it only with the same request.",
            ),
            Self::FeatureMissing => (
                "FEATURE_MISSING",
                false,
                "The configuration asks for a part that the program was built without; the message names it. Build the program with that feature, or leave the part out of the configuration.",
            ),
            Self::Internal => (
                "INTERNAL",
                false,
                "A defect in Aegis. Report it with the request id; the details are in the log of the replica.",
            ),
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
