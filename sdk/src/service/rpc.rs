//! The subscriptions of a service: balanced, its own, and one per group it owns.

use std::collections::HashMap;
use std::sync::Arc;

use aegis_domain::wire::subject;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatcher;
use crate::nats::connection::backoff;

/// The running subscriptions. Dropping it ends them at once.
#[derive(Debug)]
pub(crate) struct Server {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Subscribes; calls arrive from the moment this returns.
    pub(crate) async fn start(
        dispatcher: Arc<Dispatcher>,
        service: &ServiceName,
        instance: &InstanceName,
    ) -> Result<Self, async_nats::SubscribeError> {
        let stop = CancellationToken::new();
        let client = &dispatcher.client;
        let mut tasks = Vec::new();
        if !dispatcher.balanced.is_empty() {
            let balanced =
                client.queue_subscribe(subject::rpc_all(service), subject::rpc_queue(service)).await?;
            tasks.push(tokio::spawn(pump(balanced, Arc::clone(&dispatcher), None, stop.clone())));
            let own = client.subscribe(subject::instance_rpc_all(service, instance)).await?;
            tasks.push(tokio::spawn(pump(own, Arc::clone(&dispatcher), None, stop.clone())));
        }
        tasks.push(tokio::spawn(serve_groups(dispatcher, service.clone(), stop.clone())));
        Ok(Self { stop, tasks })
    }

    /// Takes no new call. What was taken goes on.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a subscription ended badly");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Hands messages over until stopped, and then what has already arrived.
async fn pump(
    mut subscription: async_nats::Subscriber,
    dispatcher: Arc<Dispatcher>,
    group: Option<GroupName>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            message = subscription.next() => match message {
                Some(message) => dispatcher.take(message, group.clone()),
                None => return,
            },
        }
    }
    if let Err(error) = subscription.drain().await {
        tracing::debug!(%error, "a subscription could not be drained");
        return;
    }
    while let Some(message) = subscription.next().await {
        dispatcher.take(message, group.clone());
    }
}

/// Subscribes to the groups that are served, and to no others: interest is the routing table.
async fn serve_groups(dispatcher: Arc<Dispatcher>, service: ServiceName, stop: CancellationToken) {
    let mut serving = dispatcher.guard.serving();
    let mut pumps: HashMap<GroupName, (CancellationToken, JoinHandle<()>)> = HashMap::new();
    // Pumps that hand over what had arrived when their group was given up. Stopping waits for them: a
    // call that is left in one when the process ends gets no answer at all.
    let mut ending: Vec<JoinHandle<()>> = Vec::new();
    let mut failures = 0;
    loop {
        ending.retain(|task| !task.is_finished());
        let wanted = serving.borrow_and_update().clone();
        for (_, (stop, task)) in pumps.extract_if(|group, _| !wanted.contains_key(group)) {
            stop.cancel();
            ending.push(task);
        }
        let mut missing = false;
        for group in wanted.keys() {
            if pumps.contains_key(group) {
                continue;
            }
            match dispatcher.client.subscribe(subject::group_rpc_all(&service, group)).await {
                Ok(subscription) => {
                    let ended = stop.child_token();
                    let task =
                        pump(subscription, Arc::clone(&dispatcher), Some(group.clone()), ended.clone());
                    pumps.insert(group.clone(), (ended, tokio::spawn(task)));
                }
                Err(error) => {
                    tracing::warn!(%group, %error, "a group cannot be subscribed to; trying again");
                    missing = true;
                }
            }
        }
        failures = if missing { failures + 1 } else { 0 };
        let retry = backoff(failures + 1);
        tokio::select! {
            () = stop.cancelled() => break,
            changed = serving.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(retry), if missing => {}
        }
    }
    for (ended, task) in pumps.into_values() {
        ended.cancel();
        ending.push(task);
    }
    for task in ending {
        if let Err(error) = task.await {
            tracing::error!(%error, "a group's subscription ended badly");
        }
    }
}
