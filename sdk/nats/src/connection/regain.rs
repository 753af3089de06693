//! Permissions that came back.
//!
//! A server that reads its configuration anew keeps its connections, and tells nobody what is permitted from then on. So
//! what stands as denied is tried again, in a way that has no effect.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use super::Connection;
use crate::denial::{Denied, Interest, Standing};
use crate::transport::{AnyTransport, Transport as _};

/// How soon what is denied is tried again, and how seldom when it is denied for long.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(15);
/// How long the server may take to answer a try.
const PATIENCE: Duration = Duration::from_secs(1);
/// No stream comes so far: what is published with this expectation is never stored.
const NEVER: &str = "9007199254740991";
/// A consumer refuses it as a request that cannot be read, and takes almost everything else for one.
const TRY: &str = "{";

/// Tries again what is denied, as long as the connection is there.
pub(super) async fn keep_trying(connection: impl Fn() -> Option<Connection>, standing: [Standing; 2]) {
    let [mut own, mut serving] = standing;
    let mut pause = FIRST;
    loop {
        let is_any = !own.borrow_and_update().is_empty() || !serving.borrow_and_update().is_empty();
        let changed = tokio::select! {
            changed = own.changed() => changed,
            changed = serving.changed() => changed,
            () = tokio::time::sleep(pause), if is_any => {
                let Some(connection) = connection() else { return };
                connection.try_again().await;
                pause = (pause * 2).min(LONGEST);
                continue;
            }
        };
        if changed.is_err() {
            return;
        }
        pause = FIRST;
    }
}

impl Connection {
    /// Tries again all that stands as denied, and forgets what is permitted now. What had been subscribed to is
    /// subscribed to from then on.
    async fn try_again(&self) {
        let denials = self.denials();
        let standing = denials.standing().borrow().clone();
        let mut is_unsubscribed = false;
        for (denied, told_on) in standing {
            let is_permitted = match &denied {
                Denied::Publish(subject) => self.may_publish(subject).await,
                Denied::Subscribe(interest) => self.may_subscribe(interest).await,
            };
            if !is_permitted {
                continue;
            }
            if let Denied::Subscribe(interest) = &denied {
                self.lanes().for_each(|lane| lane.transport.subscribe_again(interest));
                // A connection of later has been told of all subscriptions already.
                is_unsubscribed |= told_on == denials.connection();
            }
            tracing::info!(?denied, "the credentials permit it now");
            denials.forget(&denied);
        }
        if is_unsubscribed && let Err(error) = self.client().force_reconnect().await {
            tracing::debug!(%error, "the client has ended");
        }
        let Some(serving) = self.serving_if_open() else { return };
        let standing = serving.denials().standing().borrow().clone();
        for denied in standing.into_keys() {
            let is_permitted = match &denied {
                Denied::Subscribe(interest) => may_serve(serving, interest).await,
                // Replies go where their callers say.
                Denied::Publish(_) => true,
            };
            if is_permitted {
                tracing::info!(?denied, "the credentials permit it now");
                serving.denials().forget(&denied);
            }
        }
    }

    /// Whether a publish to the subject gets through: then it is answered, if only by a refusal.
    async fn may_publish(&self, subject: &str) -> bool {
        let client = self.client();
        let denied = self.denials().publish(|denied| denied == subject);
        let inbox = client.new_inbox();
        let answered = async {
            let mut answers = client.subscribe(inbox.clone()).await.ok()?;
            let mut headers = HeaderMap::new();
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NEVER);
            let to = subject.to_owned();
            client.publish_with_reply_and_headers(to, inbox, headers, TRY.into()).await.ok()?;
            answers.next().await
        };
        tokio::select! {
            biased;
            _denied = denied => false,
            answer = answered => answer.is_some(),
            () = tokio::time::sleep(PATIENCE) => false,
        }
    }

    async fn may_subscribe(&self, interest: &Interest) -> bool {
        let mut told = self.denials().listen();
        let (client, subject) = (self.client(), interest.subject.clone());
        let subscribed = match &interest.queue {
            Some(queue) => client.queue_subscribe(subject, queue.clone()).await,
            None => client.subscribe(subject).await,
        };
        subscribed.is_ok() && self.heard_back().await && !has_denied(&mut told, interest)
    }
}

async fn may_serve(transport: &AnyTransport, interest: &Interest) -> bool {
    let mut told = transport.denials().listen();
    transport.subscribe_again(interest);
    transport.flush(PATIENCE).await && !has_denied(&mut told, interest)
}

/// Whether the denial has been told again.
fn has_denied(told: &mut broadcast::Receiver<Denied>, interest: &Interest) -> bool {
    loop {
        match told.try_recv() {
            Ok(Denied::Subscribe(denied)) if denied == *interest => return true,
            Ok(_) => {}
            // In doubt it is.
            Err(broadcast::error::TryRecvError::Lagged(_)) => return true,
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => {
                return false;
            }
        }
    }
}
