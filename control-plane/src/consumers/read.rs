//! What the server tells of consumers.

use aegis_domain::ErrorCode;
use aegis_domain::wire::consumer::OWNER;
use aegis_domain::wire::{Namespace, StreamPurpose};
use aegis_graphql::ports::{ConsumerFacts, Refused};
use aegis_nats::Connection;
use async_nats::jetstream;
use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::context::{ConsumerInfoError, ConsumerInfoErrorKind};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream as JetStreamStream};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};

use crate::jetstream::{all, away, opened, permitted, time};

/// So many streams are asked at a time.
const AT_ONCE: usize = 8;

/// The durable consumers of an installation, in order of stream and name.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) consumers: Vec<ConsumerFacts>,
    /// Streams whose consumers could not be read, and why.
    pub(crate) unread: Vec<(String, Refused)>,
}

impl Listed {
    /// All of them, or why not.
    pub(crate) fn whole(self) -> Result<Vec<ConsumerFacts>, Refused> {
        match self.unread.into_iter().next() {
            None => Ok(self.consumers),
            Some((_stream, refused)) => Err(refused),
        }
    }
}

/// The durable consumers of all streams of the installation.
pub(crate) async fn of_installation(connection: &Connection) -> Result<Listed, Refused> {
    let mut names = all(connection.jetstream().stream_names()).await?;
    names.retain(|name| connection.namespace().purpose_of(name).is_some());
    names.sort();
    let ask = async |name: String| match of_stream(connection, &name).await {
        // It was removed meanwhile.
        Err(refused) if refused.code == ErrorCode::NotFound => (name, Ok(vec![])),
        asked => (name, asked),
    };
    let answers: Vec<_> = stream::iter(names).map(ask).buffered(AT_ONCE).collect().await;
    let mut listed = Listed { consumers: vec![], unread: vec![] };
    for (name, answer) in answers {
        match answer {
            Ok(consumers) => listed.consumers.extend(consumers.into_iter().filter(|it| it.durable)),
            Err(refused) => listed.unread.push((name, refused)),
        }
    }
    Ok(listed)
}

/// The consumers of a stream in order of name, those that do not last among them.
pub(crate) async fn of_stream(connection: &Connection, stream: &str) -> Result<Vec<ConsumerFacts>, Refused> {
    let opened = opened(connection, stream).await?;
    let found = permitted(connection, stream, all(opened.consumers())).await??;
    let mut facts: Vec<_> = found.into_iter().map(|info| facts(connection.namespace(), info)).collect();
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(facts)
}

/// One consumer, with its oldest message.
pub(crate) async fn one(connection: &Connection, stream: &str, name: &str) -> Result<ConsumerFacts, Refused> {
    let opened = opened(connection, stream).await?;
    let info = permitted(connection, stream, opened.consumer_info(name)).await?;
    let info = info.map_err(|error| unfound(error, stream, name))?;
    let mut facts = facts(connection.namespace(), info);
    if facts.unprocessed() > 0 {
        facts.oldest_at = match oldest(connection, &opened, &facts).await {
            // Whoever may see consumers need not be permitted to read messages.
            Err(refused) if refused.code == ErrorCode::PermissionDenied => None,
            told => told?,
        };
    }
    Ok(facts)
}

/// When the first message was stored that the consumer has not processed.
async fn oldest(
    connection: &Connection,
    stream: &JetStreamStream,
    consumer: &ConsumerFacts,
) -> Result<Option<DateTime<Utc>>, Refused> {
    let all = [">".to_owned()];
    let filters = if consumer.filters.is_empty() { &all } else { consumer.filters.as_slice() };
    let from = consumer.ack_floor.saturating_add(1);
    let ask = async |filter: &String| {
        let asked = stream.get_first_raw_message_by_subject(filter, from);
        match permitted(connection, &consumer.stream, asked).await? {
            Ok(message) => Ok(time(message.time.unix_timestamp_nanos())),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(away(error)),
        }
    };
    let found: Vec<_> = stream::iter(filters).map(ask).buffered(AT_ONCE).collect().await;
    let found = found.into_iter().collect::<Result<Vec<_>, Refused>>()?;
    Ok(found.into_iter().flatten().min())
}

fn unfound(error: ConsumerInfoError, stream: &str, name: &str) -> Refused {
    let is_absent = match error.kind() {
        ConsumerInfoErrorKind::InvalidName
        | ConsumerInfoErrorKind::NotFound
        | ConsumerInfoErrorKind::StreamNotFound => true,
        ConsumerInfoErrorKind::JetStream(told) => {
            told.error_code() == jetstream::ErrorCode::CONSUMER_NOT_FOUND
        }
        ConsumerInfoErrorKind::Offline
        | ConsumerInfoErrorKind::NoResponders
        | ConsumerInfoErrorKind::Request
        | ConsumerInfoErrorKind::TimedOut => false,
    };
    if is_absent {
        let message = format!("the stream {stream} has no consumer {name:?}");
        return Refused { code: ErrorCode::NotFound, message };
    }
    away(error)
}

fn facts(namespace: &Namespace, info: Info) -> ConsumerFacts {
    let Info { config, .. } = info;
    let durable = config.durable_name.is_some();
    let is_ours = namespace.purpose_of(&info.stream_name) == Some(StreamPurpose::ControlPlane);
    let filters =
        if config.filter_subject.is_empty() { config.filter_subjects } else { vec![config.filter_subject] };
    let pinned = info.priority_groups.iter().any(|group| group.pinned_client_id.is_some());
    ConsumerFacts {
        stream: info.stream_name,
        name: info.name,
        created_at: time(info.created.unix_timestamp_nanos()),
        owner: config.metadata.get(OWNER).cloned(),
        filters: filters.into_iter().filter(|filter| filter != ">").collect(),
        push: config.deliver_subject.is_some(),
        durable,
        own: is_ours && !durable,
        paused: info.paused,
        pending: info.num_pending,
        ack_pending: info.num_ack_pending as u64,
        redelivered: info.num_redelivered as u64,
        waiting: info.num_waiting as u64,
        bound: info.push_bound || pinned,
        delivered: info.delivered.stream_sequence,
        ack_floor: info.ack_floor.stream_sequence,
        delivered_at: info.delivered.last_active.and_then(|at| time(at.unix_timestamp_nanos())),
        acknowledged_at: info.ack_floor.last_active.and_then(|at| time(at.unix_timestamp_nanos())),
        oldest_at: None,
        leader: info.cluster.and_then(|cluster| cluster.leader),
    }
}
