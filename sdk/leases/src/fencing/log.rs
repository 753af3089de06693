//! A log per group: the server accepts only writes of the newest term.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aegis_domain::{GroupName, Term};
use async_nats::jetstream;
use bytes::Bytes;
use tokio::sync::Mutex as AsyncMutex;

use super::FenceError;
use super::writer::{Appended, Writer};
use aegis_nats::Connection;

/// How long one round trip may take. The group's other appends wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// With more writers than this, those that are not in use are dropped.
const WRITERS: usize = 10_000;

type SubjectOf = dyn Fn(&GroupName) -> String + Send + Sync;

/// Appends the effects of groups to JetStream, one subject per group, such that the server itself refuses
/// a writer of an older term.
///
/// Each message names the sequence that its writer believes to be the last one of the subject
/// (`Nats-Expected-Last-Subject-Sequence`), and the term it was written under. A writer whose belief is
/// wrong reads the last message: if that is of a higher term, the writer's own term is over, for good.
///
/// # What holds
/// - *Terms never go back* on a subject, whatever is delayed, suspended or sent twice. From the first
///   append of term 6 on, no append of term 5 is accepted.
/// - Between the election of term 6 and its first append, a late append of term 5 still is: it comes
///   before everything of term 6. An owner that must exclude that appends a first message when its
///   term begins.
/// - *An id is written once* within the stream's duplicate window (2 min unless the stream says otherwise),
///   by any writer: a writer whose assumption is right is answered with the sequence that the id has
///   already, and nothing is written, in its term or any other. So a call that a successor executes
///   again, under the same request id, has its effect once. After the window the same id is another append.
/// - Whether a writer of an older term that repeats an id is answered with the first sequence or refused is
///   up to the server: a replicated stream looks for the id first, one without replicas at the sequence.
/// - Both hold as long as the stream keeps the last message of the subject: on a stream with a
///   maximum age, a group that was silent for longer begins anew, and its old terms are forgotten.
///
/// All writers of a subject must use a fenced log with the same function from groups to subjects, and no
/// two groups may share a subject. Cheap to clone; appends of clones take turns too.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::fencing::FencedLog;
/// use aegis_sdk::{Call, Fault};
///
/// // The stream `ORDERS` has the subjects `orders.*` and no maximum age.
/// let orders = FencedLog::new(&connection, |account| format!("orders.{account}"));
/// let sell = async |call: Call, shares: u64| {
///     let (account, term) = call.exclusive()?;
///     // Refused by the server once a later term has written; one id is written once.
///     let entered = orders.append(account, term, call.request_id(), shares.to_string().into()).await?;
///     Ok::<_, Fault>(entered.sequence)
/// };
/// # drop(sell);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FencedLog {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    jetstream: jetstream::Context,
    subject_of: Box<SubjectOf>,
    writers: Writers,
}

/// One writer per group. Appends of a group take turns.
#[derive(Default)]
struct Writers(Mutex<HashMap<GroupName, Arc<AsyncMutex<Writer>>>>);

impl FencedLog {
    /// Over this connection; `subject` gives each group its own subject, which a stream must cover by the
    /// time of the first append. In a namespace other than the default, its name and a dot stand before each, as they do
    /// before the subjects of events.
    #[must_use]
    pub fn new(
        connection: &Connection,
        subject: impl Fn(&GroupName) -> String + Send + Sync + 'static,
    ) -> Self {
        let jetstream = jetstream::ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(connection.client().clone());
        let prefix = connection.namespace().prefix();
        let subject_of = move |group: &GroupName| format!("{prefix}{}", subject(group));
        let inner = Inner {
            connection: connection.clone(),
            jetstream,
            subject_of: Box::new(subject_of),
            writers: Writers::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Appends under this term, after the group's appends that were asked for before. `id` must be unique in the stream: the id of the request will do.
    ///
    /// # Errors
    /// See [`FenceError`]: only [`FenceError::Unclear`] leaves it open whether anything was written.
    ///
    /// # Cancel safety
    /// A dropped future leaves it open whether the message was written; later appends cope with either.
    pub async fn append(
        &self,
        group: &GroupName,
        term: Term,
        id: &str,
        body: Bytes,
    ) -> Result<Appended, FenceError> {
        if id.is_empty() || id.trim() != id || id.contains(char::is_control) {
            let why = "it must be one line of text, without blanks around it";
            return Err(FenceError::Id { id: id.to_owned(), why });
        }
        let writer = self.inner.writers.of(group, &self.inner.subject_of);
        let mut writer = writer.lock().await;
        writer.append((&self.inner.connection, &self.inner.jetstream), term, id, &body).await
    }
}

impl Writers {
    fn of(&self, group: &GroupName, subject_of: &SubjectOf) -> Arc<AsyncMutex<Writer>> {
        let mut writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if writers.len() >= WRITERS && !writers.contains_key(group) {
            // Whoever is in use is kept by its appends; the others read the last message again, as at a start.
            writers.retain(|_, writer| Arc::strong_count(writer) > 1);
        }
        let new = || Arc::new(AsyncMutex::new(Writer::new(group, subject_of(group))));
        Arc::clone(writers.entry(group.clone()).or_insert_with(new))
    }
}

impl std::fmt::Debug for FencedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FencedLog")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_bounded_and_one_in_use_is_kept() {
        let writers = Writers::default();
        let of = |name: &str| writers.of(&name.parse().unwrap(), &|group: &GroupName| format!("log.{group}"));
        let used = of("used");
        for n in 0..WRITERS * 2 {
            of(&format!("G-{n}"));
        }
        assert!(writers.0.lock().unwrap().len() <= WRITERS);
        assert!(Arc::ptr_eq(&used, &of("used")), "its appends take turns with those under way");
    }
}
