//! Requests to an instance from outside: activate a group, hand one over, drain.

use aegis_domain::wire::control::{Activate, Control, Owner};
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, Failure};
use async_nats::{HeaderMap, Message, Subscriber};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::identity::Identity;
use super::rpc::{CODE_MAX, TEXT_MAX};
use super::settings::Settings;
use crate::Connection;
use aegis_leases::leadership::{Refusal, Request};

/// The subscriptions.
pub(super) struct Listener {
    pub(super) connection: Connection,
    pub(super) control: Subscriber,
    /// Of a service that takes groups on demand.
    pub(super) activations: Option<Subscriber>,
    /// To the elector, if there is one.
    pub(super) requests: Option<mpsc::Sender<Request>>,
    /// Why the instance is to drain, once it is.
    pub(super) drain: watch::Sender<Option<String>>,
    /// Whether the instance's name is this process's own.
    pub(super) named: watch::Receiver<bool>,
    pub(super) settings: Settings,
}

impl Listener {
    /// Subscribes. Calls arrive from the moment this returns.
    pub(super) async fn start(
        connection: &Connection,
        settings: Settings,
        requests: Option<mpsc::Sender<Request>>,
        on_demand: bool,
        (drain, named): (watch::Sender<Option<String>>, watch::Receiver<bool>),
    ) -> Result<Self, async_nats::SubscribeError> {
        let (client, namespace) = (connection.client(), connection.namespace());
        let Identity { service, instance, .. } = &settings.identity;
        let control = client.subscribe(namespace.control_subject(service, instance)).await?;
        let subject = namespace.activation_subject(service);
        let activations = match on_demand {
            true => Some(client.queue_subscribe(subject.clone(), subject).await?),
            false => None,
        };
        Ok(Self { connection: connection.clone(), control, activations, requests, drain, named, settings })
    }

    /// Answers until stopped.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut activations = self.activations.take();
        loop {
            let activation = async {
                match &mut activations {
                    Some(activations) => activations.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                message = self.control.next() => match message {
                    Some(message) => self.control(message).await,
                    None => return,
                },
                message = activation => match message {
                    Some(message) => self.activate(message).await,
                    None => return,
                },
            }
        }
    }

    async fn control(&mut self, message: Message) {
        #[cfg(feature = "test-hooks")]
        if &*message.payload == b"{\"request\":\"panic\"}" {
            std::panic::resume_unwind(Box::new("planted by a test"));
        }
        if !*self.named.borrow() {
            // It is for the other process of this name, which answers.
            return;
        }
        match read::<Control>(&message) {
            Ok(Control::StepDown { group, to, reason }) => {
                let reason = header::text(&reason, TEXT_MAX);
                self.ask(message, |answer| Request::StepDown { group, to, reason, answer }).await;
            }
            Ok(Control::SetLog { filter }) if filter.len() > TEXT_MAX => {
                let text = format!("the filter has {} bytes, and {TEXT_MAX} are the most", filter.len());
                reply(&self.connection, &message, Err(Failure::of(ErrorCode::InvalidInput, text))).await;
            }
            Ok(Control::SetLog { filter }) => {
                let outcome = self.settings.set_log(filter);
                if outcome.is_ok()
                    && let Err(error) = self.settings.report().await
                {
                    tracing::warn!(%error, "the changed configuration was not reported");
                }
                reply(&self.connection, &message, outcome.map(|()| None)).await;
            }
            Ok(Control::Drain { reason }) => {
                self.drain.send_replace(Some(header::text(&reason, TEXT_MAX)));
                reply(&self.connection, &message, Ok(None)).await;
            }
            Err(failure) => reply(&self.connection, &message, Err(failure)).await,
        }
    }

    async fn activate(&self, message: Message) {
        match read::<Activate>(&message) {
            Ok(Activate { group }) => self.ask(message, |answer| Request::Activate { group, answer }).await,
            Err(failure) => reply(&self.connection, &message, Err(failure)).await,
        }
    }

    /// Hands the request to the elector; its answer is sent when it comes.
    async fn ask(
        &self,
        message: Message,
        request: impl FnOnce(oneshot::Sender<Result<Owner, Refusal>>) -> Request,
    ) {
        let (answer, answered) = oneshot::channel();
        // Not waiting: an elector that is busy must not keep what comes after this from being heard.
        let sent = self.requests.as_ref().map(|requests| requests.try_send(request(answer)));
        let refusal = match sent {
            Some(Ok(())) => None,
            Some(Err(TrySendError::Full(_))) => Some(Refusal::Unavailable),
            Some(Err(TrySendError::Closed(_))) | None => Some(Refusal::NotServed),
        };
        if let Some(refusal) = refusal {
            return reply(&self.connection, &message, Err(refused(&refusal))).await;
        }
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let outcome = match answered.await {
                Ok(Ok(owner)) => Ok(Some(owner)),
                Ok(Err(refusal)) => Err(refused(&refusal)),
                Err(_stopping) => Err(refused(&Refusal::Unclear)),
            };
            reply(&connection, &message, outcome).await;
        });
    }
}

fn read<T: DeserializeOwned>(message: &Message) -> Result<T, Failure> {
    serde_json::from_slice(&message.payload)
        .map_err(|e| Failure::of(ErrorCode::InvalidInput, format!("the request cannot be read: {e}")))
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::of(refusal.code(), refusal.to_string())
}

async fn reply(connection: &Connection, to: &Message, outcome: Result<Option<Owner>, Failure>) {
    let Some(inbox) = to.reply.clone().filter(|to| !connection.namespace().is_reserved(to)) else { return };
    let mut headers = HeaderMap::new();
    let body = match outcome {
        Ok(owner) => {
            let body = owner.map(|owner| serde_json::to_vec(&owner).expect("it is made of text and numbers"));
            body.unwrap_or_default()
        }
        Err(failure) => {
            headers.insert(header::ERROR_CODE, header::text(&failure.code, CODE_MAX));
            headers.insert(header::ERROR, header::text(&failure.message, TEXT_MAX));
            vec![]
        }
    };
    if let Err(error) = connection.client().publish_with_headers(inbox, headers, body.into()).await {
        tracing::debug!(%error, "an answer could not be sent");
    }
}
