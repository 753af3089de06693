//! Takes what any client sends to `commands.<service>.<command>` into the lane of its priority, so that an urgent
//! command does not wait behind the others.

use aegis_domain::ServiceName;
use aegis_domain::wire::command::{self, Priority};
use aegis_domain::wire::{Namespace, header, subject};
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::consume::{Arrival, Puller};
use crate::legacy::Envelope;

/// How many are moved at once.
const AT_ONCE: usize = 64;

pub(super) async fn run(shared: &Shared, plain: &mut Puller, stop: &CancellationToken) {
    loop {
        let arrival = tokio::select! {
            () = stop.cancelled() => break,
            arrival = plain.next(AT_ONCE) => arrival,
        };
        let Arrival::Message { message, .. } = arrival else { continue };
        let mut lot = vec![message];
        // What is there already goes with it.
        while lot.len() < AT_ONCE
            && let Ok(Arrival::Message { message, .. }) =
                tokio::time::timeout(std::time::Duration::ZERO, plain.next(0)).await
        {
            lot.push(message);
        }
        join_all(lot.iter().map(|message| route(shared, message))).await;
    }
    plain.close().await;
}

async fn route(shared: &Shared, message: &jetstream::Message) {
    let Some((lane, headers, id)) = labelled(shared.connection.namespace(), &shared.service, message) else {
        return;
    };
    let publish = PublishMessage::build()
        .headers(headers)
        .payload(message.payload.clone())
        // Not the id itself: the queue has seen that one.
        .message_id(format!("{}.lane", command::message_id(&shared.service, &id)));
    let moved = async { shared.connection.jetstream().send_publish(lane.clone(), publish).await?.await };
    match shared.connection.acknowledged(&lane, moved).await {
        Ok(_ack) => say(shared, message, "+ACK").await,
        Err(error) => {
            tracing::warn!(subject = %message.subject, %error, "a command is not in its lane yet");
            say(shared, message, "-NAK {\"delay\": 1000000000}").await;
        }
    }
}

async fn say(shared: &Shared, message: &jetstream::Message, word: &'static str) {
    let Some(reply) = message.reply.clone() else { return };
    if let Err(error) = shared.connection.client().publish(reply, word.into()).await {
        tracing::debug!(%error, "a command is taken into its lane again; that it was before is known there");
    }
}

/// The lane of a command, its headers there, and its id.
fn labelled(
    namespace: &Namespace,
    service: &ServiceName,
    message: &jetstream::Message,
) -> Option<(String, HeaderMap, String)> {
    let info = message.info().ok()?;
    let mut headers = HeaderMap::new();
    for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
        if !name.to_string().to_ascii_lowercase().starts_with("nats-") {
            values.iter().for_each(|value| headers.append(name.clone(), value.clone()));
        }
    }
    let name = command::command_of(namespace, &message.subject)?;
    let given = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str().to_owned());
    let is_native = given(header::REQUEST_ID).is_some();
    let envelope = if is_native { None } else { Envelope::around_command(&message.payload) };
    let mut priority = given(header::PRIORITY).and_then(|text| Priority::parse(&text)).unwrap_or_default();
    let mut id = given(header::REQUEST_ID).or_else(|| given(AsRef::<str>::as_ref(&NATS_MESSAGE_ID)));
    if let Some((envelope, label)) = envelope {
        priority = label.priority;
        id = Some(label.id);
        headers.insert(header::LEGACY, envelope.codec().content_type());
        headers.insert(header::MAX_RETRIES, label.max_retries.to_string());
        let timeout = std::time::Duration::try_from_secs_f64(label.timeout).unwrap_or_default();
        headers.insert(header::TIMEOUT_MS, timeout.as_millis().max(1).to_string());
    }
    // One that has none gets one that is the same however often it is moved.
    let id = id
        .filter(|id| subject::is_token(id, false))
        .unwrap_or_else(|| format!("{}-{}", info.stream_sequence, info.published.unix_timestamp_nanos()));
    headers.insert(header::REQUEST_ID, id.as_str());
    headers.insert(header::PRIORITY, priority.as_str());
    Some((command::lane(namespace, service, name, priority), headers, id))
}
