//! A durable consumer: its owner, how it is created, and from which position it continues when it, or its stream, was
//! deleted.

use std::collections::HashMap;
use std::fmt;

use aegis_domain::wire::consumer::OWNER;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{self, DeliverPolicy, Info, pull};
use async_nats::jetstream::stream::{ConsumerError, Info as StreamInfo, LastRawMessageErrorKind};
use time::OffsetDateTime;

use super::lost::Losses;
use aegis_nats::Connection;
use aegis_nats::bucket::is_api_of;
use aegis_nats::provision::is_absent;
use aegis_nats::restore::MakeStream;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Which consumer, and how it is made.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) stream: String,
    pub(crate) consumer: pull::Config,
    /// What it was called before: its position is taken over.
    pub(crate) former: Option<String>,
    /// Whether what is settled leaves the stream. A consumer of such a stream begins with all that it holds, and
    /// with nothing else.
    pub(crate) work_queue: bool,
    /// Makes the stream again when somebody has removed it.
    pub(crate) make_stream: MakeStream,
    /// Messages that the stream lets go of before they were delivered.
    pub(crate) losses: Losses,
}

/// One message of one stream: a sequence alone is given out again when the history of a stream goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) sequence: u64,
    /// When the server stored it, in nanoseconds since 1970.
    pub(crate) stored: i128,
}

/// How far a reader has come, and in which stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// When the stream was made.
    pub(crate) created: OffsetDateTime,
    /// The last message that arrived, if any did here.
    pub(crate) last: Option<Position>,
}

/// A consumer of this name belongs to another subscription.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the consumer {consumer} of the stream {stream} belongs to {owner}")]
pub struct ConsumerTaken {
    /// Its name.
    pub consumer: String,
    /// Its stream.
    pub stream: String,
    /// Whose it is, as far as it says.
    pub owner: String,
}

/// The consumer could not be made.
#[derive(Debug)]
pub(crate) enum OpenError {
    Taken(ConsumerTaken),
    /// The server refused, or did not answer.
    Server(Source),
}

impl Spec {
    pub(crate) fn name(&self) -> &str {
        self.consumer.durable_name.as_deref().unwrap_or_default()
    }

    pub(crate) fn is_pinned(&self) -> bool {
        !self.consumer.priority_groups.is_empty()
    }

    /// Finds the consumer and brings it up to date, or makes it: where the reader was, or where it begins. Makes the
    /// stream, too, when it is gone. Answers how it stands, and when its stream was made.
    pub(crate) async fn ensure(
        &self,
        connection: &Connection,
        progress: Option<Progress>,
    ) -> Result<(Info, OffsetDateTime), OpenError> {
        // A question that may not be asked is never answered.
        let denied = connection.denials().publish(|denied| is_api_of(denied, &self.stream));
        tokio::select! {
            biased;
            made = self.make(connection, progress) => made,
            denied = denied => Err(OpenError::server(denied)),
        }
    }

    async fn make(
        &self,
        connection: &Connection,
        progress: Option<Progress>,
    ) -> Result<(Info, OffsetDateTime), OpenError> {
        let stream = self.stream(connection).await?;
        let created = stream.cached_info().created;
        let mut wanted = self.consumer.clone();
        match self.find(connection.jetstream(), self.name()).await {
            Some(found) => {
                self.check_owner(&found)?;
                self.look_for_lost(&found, stream.cached_info());
                // Where it begins cannot be changed afterwards, and need not be: it has begun.
                wanted.deliver_policy = found.config.deliver_policy;
            }
            None => {
                if let Some(policy) = self.begin(connection.jetstream(), &stream, progress).await? {
                    wanted.deliver_policy = policy;
                }
            }
        }
        let made = connection.jetstream().create_consumer_on_stream(wanted, &self.stream).await;
        Ok((made.map_err(OpenError::server)?.cached_info().clone(), created))
    }

    /// How the consumer stands, by the server.
    pub(crate) async fn look(&self, jetstream: &jetstream::Context) -> Result<Info, ConsumerError> {
        let consumer: consumer::PullConsumer =
            jetstream.get_consumer_from_stream(self.name(), &self.stream).await?;
        Ok(consumer.cached_info().clone())
    }

    /// The same of a reader that is behind, or whom nothing came between two positions: whether the stream has let go of what it has
    /// not had.
    pub(crate) async fn look_behind(
        &self,
        jetstream: &jetstream::Context,
        jumped: Option<(u64, u64)>,
    ) -> Result<Info, ConsumerError> {
        let info = self.look(jetstream).await?;
        if let Ok(stream) = jetstream.get_stream(&self.stream).await {
            let stream = stream.cached_info();
            if let Some((after, before)) = jumped {
                let begins = stream.state.first_sequence.min(before);
                self.losses.look((&self.stream, self.name()), after, begins);
            }
            self.look_for_lost(&info, stream);
        }
        Ok(info)
    }

    fn look_for_lost(&self, consumer: &Info, stream: &StreamInfo) {
        // What is settled leaves a work queue, too.
        if !self.work_queue {
            let (delivered, begins) = (consumer.delivered.stream_sequence, stream.state.first_sequence);
            self.losses.look((&self.stream, self.name()), delivered, begins);
        }
    }

    async fn stream(&self, connection: &Connection) -> Result<jetstream::stream::Stream, OpenError> {
        match connection.jetstream().get_stream(&self.stream).await {
            Err(error) if is_absent(&error.kind()) => {
                tracing::warn!(stream = self.stream, "a stream is not there: making it again");
                self.make_stream.make(connection).await.map_err(OpenError::Server)?;
                connection.jetstream().get_stream(&self.stream).await.map_err(OpenError::server)
            }
            found => found.map_err(OpenError::server),
        }
    }

    async fn find(&self, jetstream: &jetstream::Context, name: &str) -> Option<Info> {
        let found: Result<consumer::PullConsumer, _> =
            jetstream.get_consumer_from_stream(name, &self.stream).await;
        found.ok().map(|found| found.cached_info().clone())
    }

    /// One that says nothing of its owner was made before owners were told, or by somebody else: then it must at least
    /// read the same.
    fn check_owner(&self, found: &Info) -> Result<(), OpenError> {
        let owner = found.config.metadata.get(OWNER);
        let is_ours = match owner {
            Some(owner) => self.consumer.metadata.get(OWNER) == Some(owner),
            None => found.config.filter_subject == self.consumer.filter_subject,
        };
        if is_ours {
            return Ok(());
        }
        let owner = owner.cloned().unwrap_or_else(|| format!("a reader of {}", found.config.filter_subject));
        Err(OpenError::Taken(ConsumerTaken {
            consumer: self.name().to_owned(),
            stream: self.stream.clone(),
            owner,
        }))
    }

    /// Where a consumer begins that is not there, if not as it is configured. In doubt a message is handled again: none
    /// is left out.
    async fn begin(
        &self,
        jetstream: &jetstream::Context,
        stream: &jetstream::stream::Stream,
        progress: Option<Progress>,
    ) -> Result<Option<DeliverPolicy>, OpenError> {
        if self.work_queue {
            return Ok(None);
        }
        let Some(Progress { created, last }) = progress else { return Ok(self.take_over(jetstream).await) };
        let info = stream.cached_info();
        if info.created != created {
            tracing::warn!(
                stream = self.stream,
                consumer = self.name(),
                "the stream was made anew: reading it from its beginning"
            );
            return Ok(Some(DeliverPolicy::All));
        }
        let Some(last) = last else { return Ok(None) };
        if is_same_history(stream, info, last).await? {
            return Ok(Some(DeliverPolicy::ByStartSequence { start_sequence: last.sequence + 1 }));
        }
        tracing::warn!(
            stream = self.stream,
            consumer = self.name(),
            "the history of the stream went back: reading it from its beginning"
        );
        Ok(Some(DeliverPolicy::All))
    }

    /// Where the consumer of the former name has come to, if it is there.
    async fn take_over(&self, jetstream: &jetstream::Context) -> Option<DeliverPolicy> {
        let former = self.find(jetstream, self.former.as_deref()?).await?;
        let config = &former.config;
        if config.filter_subject != self.consumer.filter_subject || config.metadata.contains_key(OWNER) {
            return None;
        }
        tracing::info!(
            consumer = self.name(),
            former = former.name,
            "goes on where the consumer of its former name is"
        );
        Some(match (former.ack_floor.stream_sequence, config.deliver_policy) {
            (0, DeliverPolicy::New) => DeliverPolicy::ByStartTime { start_time: former.created },
            (0, policy) => policy,
            (floor, _) => DeliverPolicy::ByStartSequence { start_sequence: floor + 1 },
        })
    }
}

impl Position {
    /// Of a message that came from a stream.
    pub(crate) fn of(message: &jetstream::Message) -> Option<Self> {
        let info = message.info().ok()?;
        let stored = info.published.unix_timestamp_nanos();
        Some(Self { sequence: info.stream_sequence, stored })
    }
}

impl OpenError {
    fn server(error: impl Into<Source>) -> Self {
        Self::Server(error.into())
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(taken) => taken.fmt(f),
            Self::Server(source) => source.fmt(f),
        }
    }
}

/// What a consumer says of its owner.
pub(crate) fn owned_by(owner: &str) -> HashMap<String, String> {
    HashMap::from([(OWNER.to_owned(), owner.to_owned())])
}

/// Whether the stream still has the message, or had it and let it go.
async fn is_same_history(
    stream: &jetstream::stream::Stream,
    info: &StreamInfo,
    last: Position,
) -> Result<bool, OpenError> {
    match stream.get_raw_message(last.sequence).await {
        Ok(found) => Ok(found.time.unix_timestamp_nanos() == last.stored),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            Ok(info.state.last_sequence >= last.sequence)
        }
        Err(error) => Err(OpenError::server(error)),
    }
}
