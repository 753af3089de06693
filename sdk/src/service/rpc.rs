//! The subscriptions of a service: balanced, its own, and one per group it owns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aegis_domain::wire::subject;
use aegis_domain::{GroupName, InstanceName, MethodName, ServiceName};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::close::close;
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
        let closing = closing();
        let mut tasks = Vec::new();
        if !dispatcher.balanced.is_empty() {
            let balanced =
                client.queue_subscribe(subject::rpc_all(service), subject::rpc_queue(service)).await?;
            let filler = subject::rpc(service, &closing);
            tasks.push(tokio::spawn(pump(balanced, Arc::clone(&dispatcher), None, filler, stop.clone())));
            let own = client.subscribe(subject::instance_rpc_all(service, instance)).await?;
            let filler = subject::instance_rpc(service, instance, &closing);
            tasks.push(tokio::spawn(pump(own, Arc::clone(&dispatcher), None, filler, stop.clone())));
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

/// Hands messages over until stopped, and then what is still on its way. `filler` is a subject that the
/// subscription covers.
async fn pump(
    mut subscription: async_nats::Subscriber,
    dispatcher: Arc<Dispatcher>,
    group: Option<GroupName>,
    filler: String,
    stop: CancellationToken,
) {
    let connects = || dispatcher.client.statistics().connects.load(Ordering::Relaxed);
    let connected = connects();
    let mut taken = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            message = subscription.next() => match message {
                Some(message) => {
                    taken += 1;
                    dispatcher.take(message, group.clone());
                }
                None => return,
            },
        }
    }
    // Since a reconnect the server has counted from zero.
    if connects() == connected {
        close(subscription, taken, &dispatcher.client, &filler, |message| {
            dispatcher.take(message, group.clone());
        })
        .await;
        return;
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
                    let filler = subject::group_rpc(&service, group, &closing());
                    let dispatcher = Arc::clone(&dispatcher);
                    let task = pump(subscription, dispatcher, Some(group.clone()), filler, ended.clone());
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

/// The method of the messages that close a subscription; nothing is served under it.
fn closing() -> MethodName {
    MethodName::new("closing").expect("it is made of letters")
}
