//! Deleting a consumer: first it is recorded who did and why, then it is gone.

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::{Command, ConsumerDeletion};
use aegis_domain::{Actor, AggregateId, Context, ErrorCode, Sequence};
use aegis_graphql::ports::{ConsumerDeleted, ConsumerFacts, Refused};
use aegis_journal::Journal;
use aegis_nats::Connection;
use async_nats::jetstream;
use async_nats::jetstream::stream::ConsumerErrorKind;
use chrono::{DateTime, Utc};

use super::read::one;
use crate::jetstream::{opened, permitted};

/// What is to be deleted.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    pub(crate) stream: String,
    pub(crate) consumer: String,
    /// Why, for the record.
    pub(crate) reason: String,
    /// Also when somebody reads it.
    pub(crate) force: bool,
}

/// Looks at the consumer, records its deletion, and deletes it. Somebody may begin to read it in between: the server has no way to
/// delete one only if nobody reads it.
pub(crate) async fn delete(
    connection: &Connection,
    asked: Deletion,
    by: Actor,
    now: DateTime<Utc>,
) -> Result<ConsumerDeleted, Refused> {
    let Deletion { stream, consumer, reason, force } = asked;
    if connection.namespace().purpose_of(&stream).is_none() {
        let message =
            format!("{stream:?} is no stream of this installation: its consumers are not deleted here");
        return Err(Refused { code: ErrorCode::NotFound, message });
    }
    let facts = one(connection, &stream, &consumer).await?;
    let had_reader = facts.has_reader(now);
    check(&facts, had_reader, force)?;
    let deletion = ConsumerDeletion {
        stream: stream.clone(),
        consumer: consumer.clone(),
        pending: facts.pending,
        unacknowledged: facts.ack_pending,
        had_reader,
        reason,
    };
    let sequence = record(connection, deletion, by).await?;
    remove(connection, &stream, &consumer).await?;
    Ok(ConsumerDeleted { facts, sequence })
}

fn check(facts: &ConsumerFacts, had_reader: bool, force: bool) -> Result<(), Refused> {
    let ConsumerFacts { stream, name, .. } = facts;
    if facts.own {
        let message = format!(
            "{name} of {stream} is read by the control plane or a service, which makes it anew: it is never deleted by hand, \
             and ends with its reader"
        );
        return Err(Refused { code: ErrorCode::InvalidInput, message });
    }
    if !facts.durable {
        let message =
            format!("{name} of {stream} does not last: it ends with its reader, and need not be deleted");
        return Err(Refused { code: ErrorCode::InvalidInput, message });
    }
    if had_reader && !force {
        let whose = facts.owner.as_ref().map(|owner| format!(", {owner},")).unwrap_or_default();
        let message = format!(
            "somebody{whose} reads {name} of {stream}, and would be given nothing more: stop the reader first, or delete it by \
             force"
        );
        return Err(Refused { code: ErrorCode::ConsumerInUse, message });
    }
    Ok(())
}

async fn record(connection: &Connection, deletion: ConsumerDeletion, by: Actor) -> Result<Sequence, Refused> {
    let command = Command::DeleteConsumer(deletion);
    let context = Context::new(by, Utc::now());
    let done = Journal::new(connection);
    match done.execute::<Installation>(&AggregateId::Installation, command, &context).await {
        Ok(executed) => Ok(executed.head.sequence),
        Err(error) => match error.rejection() {
            Ok(rejection) => Err(Refused { code: rejection.code(), message: rejection.to_string() }),
            Err(error) => {
                tracing::warn!(%error, "the deletion of a consumer was not recorded");
                let message = "nothing was deleted: it could not be recorded who did".to_owned();
                Err(Refused { code: error.code(), message })
            }
        },
    }
}

async fn remove(connection: &Connection, stream: &str, consumer: &str) -> Result<(), Refused> {
    // Its deletion is recorded: from here on nothing is as if it had not been.
    let cut_off = |code: ErrorCode, why: &str| {
        tracing::warn!(stream, consumer, why, "a consumer was not deleted");
        let message = format!(
            "{consumer} of {stream} may still be there, although its deletion stands in the log: look, and delete it again; {why}"
        );
        Refused { code, message }
    };
    let unknown = |refused: Refused| {
        // What is not permitted was certainly not done.
        let is_denied = refused.code == ErrorCode::PermissionDenied;
        cut_off(if is_denied { refused.code } else { ErrorCode::OutcomeUnknown }, &refused.message)
    };
    let from = opened(connection, stream).await.map_err(unknown)?;
    match permitted(connection, stream, from.delete_consumer(consumer)).await.map_err(unknown)? {
        Ok(_gone) => Ok(()),
        // Somebody was faster.
        Err(error) if is_absent(&error.kind()) => Ok(()),
        Err(error) => Err(cut_off(ErrorCode::OutcomeUnknown, &error.kind().to_string())),
    }
}

fn is_absent(kind: &ConsumerErrorKind) -> bool {
    matches!(kind, ConsumerErrorKind::JetStream(told) if told.error_code() == jetstream::ErrorCode::CONSUMER_NOT_FOUND)
}
