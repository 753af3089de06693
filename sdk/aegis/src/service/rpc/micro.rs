//! The service as the NATS services API sees it (ADR-32): `nats service ls | info | stats`.

use std::collections::BTreeMap;
use std::sync::Arc;

use aegis_domain::ServiceName;
use aegis_domain::wire::micro::{self, Answer, Endpoint, EndpointStats, Identity, Verb};
use aegis_domain::wire::{Namespace, subject};
use async_nats::{Message, Subscriber};
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dispatch::Dispatcher;
use super::method::{Kind, Method};
use crate::service::declared::Declared;
use crate::service::identity;
use aegis_nats::supervise::supervised;

/// Answers as long as it lives.
#[derive(Debug)]
pub(in crate::service) struct Micro {
    stop: CancellationToken,
    _dropped: DropGuard,
}

impl Micro {
    pub(in crate::service) fn stop(&self) {
        self.stop.cancel();
    }
}

struct Responder {
    dispatcher: Arc<Dispatcher>,
    identity: Identity,
    /// Its commands and events.
    declared: Vec<(String, String)>,
    description: String,
    started: DateTime<Utc>,
}

/// Subscribes, and answers from then on.
pub(in crate::service) async fn start(
    dispatcher: &Arc<Dispatcher>,
    identity: &identity::Identity,
    declared: &Declared,
) -> Result<Micro, async_nats::SubscribeError> {
    let client = dispatcher.connection().client();
    let [all, named, own] = micro::subjects(&identity.service, &identity.instance);
    let questions = futures_util::stream::select(
        futures_util::stream::select(client.subscribe(all).await?, client.subscribe(named).await?),
        client.subscribe(own).await?,
    );
    let responder = Responder {
        dispatcher: Arc::clone(dispatcher),
        identity: Identity {
            name: identity.service.clone(),
            id: identity.instance.clone(),
            version: identity.registration.version.clone(),
            metadata: metadata(dispatcher.connection().namespace(), &identity.labels),
        },
        declared: declared.metadata().collect(),
        description: format!(
            "an Aegis service in the namespace {}",
            dispatcher.connection().namespace().as_str()
        ),
        started: identity.started_at,
    };
    let stop = CancellationToken::new();
    let (mut questions, stopped) = (questions, stop.clone());
    tokio::spawn(supervised("the answers to the services API", async move || {
        responder.run(&mut questions, &stopped).await;
    }));
    Ok(Micro { _dropped: stop.clone().drop_guard(), stop })
}

type Questions =
    futures_util::stream::Select<futures_util::stream::Select<Subscriber, Subscriber>, Subscriber>;

impl Responder {
    async fn run(&self, questions: &mut Questions, stop: &CancellationToken) {
        loop {
            tokio::select! {
                question = questions.next() => match question {
                    Some(question) => self.answer(question).await,
                    None => return,
                },
                () = stop.cancelled() => return,
            }
        }
    }

    async fn answer(&self, question: Message) {
        let (Some(verb), Some(reply_to)) = (Verb::of(&question.subject), question.reply) else { return };
        if self.dispatcher.connection().namespace().is_reserved(&reply_to) {
            return;
        }
        let mut identity = self.identity.clone();
        let answer = match verb {
            Verb::Ping => Answer::Ping { identity },
            Verb::Info => {
                identity.metadata.extend(self.declared.iter().cloned());
                let endpoints =
                    self.dispatcher.routes().methods().map(|method| self.endpoint(method)).collect();
                Answer::Info { identity, description: self.description.clone(), endpoints }
            }
            Verb::Stats => {
                let endpoints = self.dispatcher.routes().methods().map(|method| self.stats(method)).collect();
                Answer::Stats { identity, started: self.started, endpoints }
            }
        };
        let body = serde_json::to_vec(&answer).unwrap_or_default();
        if let Err(error) = self.dispatcher.connection().client().publish(reply_to, body.into()).await {
            tracing::debug!(%error, "a question of the services API was not answered");
        }
    }

    fn endpoint(&self, method: &Method) -> Endpoint {
        let (subject, queue_group) =
            way(self.dispatcher.connection().namespace(), &self.identity.name, method);
        let kind = match method.served.kind {
            Kind::Balanced => "balanced",
            Kind::Exclusive => "exclusive",
        };
        let schema = |schema| serde_json::to_string(schema).unwrap_or_default();
        let metadata = BTreeMap::from([
            (micro::KIND.to_owned(), kind.to_owned()),
            (micro::STREAMS.to_owned(), method.served.streams.to_string()),
            (micro::REQUEST.to_owned(), schema(&method.served.request)),
            (micro::RESPONSE.to_owned(), schema(&method.served.response)),
        ]);
        Endpoint { name: method.name.to_string(), subject, queue_group, metadata }
    }

    fn stats(&self, method: &Method) -> EndpointStats {
        let (subject, queue_group) =
            way(self.dispatcher.connection().namespace(), &self.identity.name, method);
        let standing = method.meter.counts();
        let processing_time = u64::try_from(standing.time.as_nanos()).unwrap_or(u64::MAX);
        EndpointStats {
            name: method.name.to_string(),
            subject,
            queue_group,
            num_requests: standing.count,
            num_errors: standing.errors,
            last_error: standing.last_error.unwrap_or_default(),
            processing_time,
            average_processing_time: processing_time.checked_div(standing.count).unwrap_or_default(),
        }
    }
}

/// The labels; beside the default namespace also which one it is, since all answer on the same subjects.
fn metadata(namespace: &Namespace, labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut metadata = labels.clone();
    if !namespace.is_default() {
        metadata.insert(micro::NAMESPACE.to_owned(), namespace.as_str().to_owned());
    }
    metadata
}

/// Where a method is called, and the queue group of who answers.
fn way(namespace: &Namespace, service: &ServiceName, method: &Method) -> (String, String) {
    match method.served.kind {
        Kind::Balanced => {
            (subject::rpc(namespace, service, &method.name), subject::rpc_queue(namespace, service))
        }
        Kind::Exclusive => (subject::any_group_rpc(namespace, service, &method.name), String::new()),
    }
}
