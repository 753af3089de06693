//! Reading one aggregate in as few round trips as there are batches, by the server's batched direct get
//! (ADR-31).

use std::time::Duration;

use aegis_domain::schema::Unreadable;
use aegis_domain::wire::{DecodeError, header, subject};
use aegis_domain::{Aggregate, Recorded, Schema, Sequence};
use async_nats::HeaderMap;
use futures_util::StreamExt as _;

use aegis_nats::provision::{is_absent, until_ready};

use super::admitted::{Admitted, Known};
use super::error::LoadError;
use super::{Head, Journal, Loaded, decode};

const BATCH: usize = 512;
const PATIENCE: Duration = Duration::from_secs(5);
/// The status of a request that nobody answers.
const NO_RESPONDERS: u16 = 503;

/// What was read of one subject.
struct Run<S: Schema> {
    events: Vec<Recorded<S>>,
    /// Of the last message, be it an event or not.
    last: Sequence,
}

/// What follows a batch.
enum Batch {
    More,
    End,
    /// Nobody answers for the stream.
    NoStream,
}

impl<S: Schema> Journal<S> {
    /// All events of an aggregate, oldest first. What is no event is passed over.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn events(&self, id: &S::Id) -> Result<Vec<Recorded<S>>, LoadError> {
        Ok(self.run(id, Sequence::ZERO, usize::MAX).await?.events)
    }

    /// Reads an aggregate: its events, folded; from the last snapshot on, for one that
    /// [has some](Aggregate::SNAPSHOTS).
    ///
    /// The answer may be a little old (any replica of the stream may give it), so decide on it only
    /// together with an append that expects its head.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load<A: Aggregate<Schema = S>>(&self, id: &S::Id) -> Result<Loaded<A>, LoadError> {
        let Some(snapshots) = A::SNAPSHOTS else { return self.load_whole(id).await };
        let (begun, run) = match self.snapshot::<A>(id, snapshots).await {
            Some(snapshot) => self.since(id, snapshot).await?,
            None => (beginning(), self.run(id, Sequence::ZERO, usize::MAX).await?),
        };
        let loaded = fold(begun, &run);
        if let Some(last) = run.events.last()
            && run.events.len() as u64 >= snapshots.every
        {
            self.keep_snapshot(id, snapshots, &loaded, Head::after(last)).await;
        }
        Ok(loaded)
    }

    /// The snapshot and what came after it; or nothing and all, when the log does not have the very event that
    /// the snapshot was made after.
    async fn since<A>(&self, id: &S::Id, snapshot: Loaded<A>) -> Result<(Loaded<A>, Run<S>), LoadError>
    where
        A: Aggregate<Schema = S>,
    {
        let before = Sequence(snapshot.head.sequence.get().saturating_sub(1));
        let mut run = self.run(id, before, usize::MAX).await?;
        if run.events.first().is_some_and(|first| Head::after(first) == snapshot.head) {
            run.events.remove(0);
            return Ok((snapshot, run));
        }
        tracing::warn!(aggregate = %id, "a snapshot does not fit the log; reading the whole aggregate");
        Ok((beginning(), self.run(id, Sequence::ZERO, usize::MAX).await?))
    }

    /// Reads an aggregate by all of its events, and no snapshot.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load_whole<A: Aggregate<Schema = S>>(&self, id: &S::Id) -> Result<Loaded<A>, LoadError> {
        let run = self.run(id, Sequence::ZERO, usize::MAX).await?;
        Ok(fold(beginning(), &run))
    }

    /// What was recorded of a command.
    pub(super) async fn recorded(&self, id: &S::Id, of: &Known) -> Result<Vec<Recorded<S>>, LoadError> {
        let before = Sequence(of.first.get().saturating_sub(1));
        let events = self.run(id, before, of.count).await?.events;
        let whole =
            events.len() == of.count && events.first().is_some_and(|first| first.sequence == of.first);
        // Any replica of the stream may have answered, also one that is behind.
        whole
            .then_some(events)
            .ok_or_else(|| LoadError::unavailable("an event that was read before is not there"))
    }

    /// What stands on the subject after this sequence: so many events at most.
    async fn run(&self, id: &S::Id, after: Sequence, most: usize) -> Result<Run<S>, LoadError> {
        let subject = self.namespace().subject_of::<S>(id);
        let mut run = Run { events: Vec::new(), last: after };
        loop {
            let size = most.saturating_sub(run.events.len()).min(BATCH);
            match self.batch(&subject, &mut run, size).await {
                Ok(Batch::More) if run.events.len() < most => {}
                Ok(Batch::More | Batch::End) => return Ok(run),
                // A log that was just made has nothing.
                Ok(Batch::NoStream) => return Box::pin(self.make_missing()).await.map(|()| run),
                Err(error) => {
                    if let LoadError::Unavailable { .. } = error {
                        self.restore_if_gone(subject);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Makes the stream, if it is not there: somebody has not provisioned the journal, or has removed it.
    async fn make_missing(&self) -> Result<(), LoadError> {
        let stream = S::stream(self.namespace());
        match self.connection.jetstream().get_stream(&stream).await {
            Ok(_) => return Err(LoadError::unavailable("nobody answers for the stream")),
            Err(error) if is_absent(&error.kind()) => {}
            Err(error) => return Err(LoadError::unavailable(error)),
        }
        let made = until_ready(&self.connection, || self.provision()).await;
        made.map_err(|source| LoadError::Missing { stream: stream.clone(), source })?;
        tracing::warn!(stream, "the stream of a journal was not there: it was made");
        Ok(())
    }

    /// Reads one batch.
    async fn batch(&self, events_subject: &str, run: &mut Run<S>, size: usize) -> Result<Batch, LoadError> {
        let client = self.connection.client();
        let inbox = client.new_inbox();
        let mut replies = client.subscribe(inbox.clone()).await.map_err(LoadError::unavailable)?;
        let from = run.last.next().get();
        let request = serde_json::json!({ "seq": from, "next_by_subj": events_subject, "batch": size });
        let api = subject::direct_get(&S::stream(self.namespace()));
        client
            .publish_with_reply(api, inbox, request.to_string().into())
            .await
            .map_err(LoadError::unavailable)?;
        loop {
            let reply = tokio::time::timeout(PATIENCE, replies.next())
                .await
                .map_err(LoadError::unavailable)?
                .ok_or_else(|| LoadError::unavailable("the connection was closed"))?;
            match reply.status.map(|status| status.as_u16()) {
                None => {
                    let headers = reply.headers.as_ref();
                    let sequence = number(headers, header::SEQUENCE)
                        .ok_or_else(|| LoadError::unavailable("a reply without a sequence"))?;
                    run.last = Sequence(sequence);
                    match decode(self.namespace(), sequence, events_subject, headers, &reply.payload) {
                        Ok(recorded) => run.events.push(recorded),
                        Err(source) if is_passed_over::<S>(&source) => {
                            tracing::warn!(sequence, subject = events_subject, %source, "passing over a message");
                        }
                        Err(source) => return Err(LoadError::Undecodable { sequence, source }),
                    }
                }
                // End of batch.
                Some(204) => {
                    let more = number(reply.headers.as_ref(), header::NUM_PENDING).unwrap_or(0) > 0;
                    return Ok(if more { Batch::More } else { Batch::End });
                }
                Some(NO_RESPONDERS) => return Ok(Batch::NoStream),
                // No message (at all, or after `from`).
                Some(404) => return Ok(Batch::End),
                Some(status) => {
                    let text = reply.description.unwrap_or_default();
                    return Err(LoadError::unavailable(format!("direct get answered {status} {text}")));
                }
            }
        }
    }
}

fn beginning<A: Aggregate>() -> Loaded<A> {
    Loaded { state: A::default(), head: Head::EMPTY, admitted: Admitted::default() }
}

fn fold<A: Aggregate>(begun: Loaded<A>, run: &Run<A::Schema>) -> Loaded<A> {
    let Loaded { mut state, head, mut admitted } = begun;
    for recorded in &run.events {
        admitted.take(recorded);
        if let Some(event) = A::event(&recorded.envelope.event) {
            state.evolve(event);
        }
    }
    let head = Head { sequence: run.last, ..run.events.last().map_or(head, Head::after) };
    Loaded { state, head, admitted }
}

/// Whether what cannot be read may be left out of an aggregate. A message without the headers of an event never
/// was one. What has them is an event, of a newer program or damaged: the schema says.
fn is_passed_over<S: Schema>(error: &DecodeError) -> bool {
    match error {
        DecodeError::Subject { .. } | DecodeError::Header { .. } | DecodeError::Id { .. } => true,
        DecodeError::UnknownType { .. }
        | DecodeError::FutureVersion { .. }
        | DecodeError::Misplaced { .. }
        | DecodeError::Body { .. } => S::UNREADABLE == Unreadable::PassOver,
    }
}

fn number(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}
