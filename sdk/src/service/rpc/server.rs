//! The subscriptions of a service: balanced, its own, and one per group it owns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aegis_domain::wire::subject;
use aegis_domain::{GroupName, InstanceName, MethodName, ServiceName};
use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::close::close;
use super::dispatch::{Dispatcher, Way};
use crate::nats::connection::backoff;

/// For so long an instance that gave a group up still answers its calls, saying who has it: until the
/// successor is surely subscribed.
const LINGER: Duration = Duration::from_millis(50);
/// More than can be on its way to a subscription: to one that may be busy, and to one that was watched for
/// [`LINGER`], beside as many as came in that time. Thousands of groups may end at once.
const MARGIN: u64 = 64;
const IDLE_MARGIN: u64 = 8;
/// After so many messages in a row it is asked whether to stop.
const LOOK_UP_EVERY: u64 = 64;
/// How long the end of the subscriptions may take, all in all: NATS may be gone.
const ENDING: Duration = Duration::from_secs(5);

/// The running subscriptions. Dropping it ends them at once.
#[derive(Debug)]
pub(in crate::service) struct Server {
    balanced: Subscriptions,
    groups: Subscriptions,
    stopping: CancellationToken,
}

#[derive(Debug, Default)]
struct Subscriptions {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Subscribes; calls arrive from the moment this returns.
    pub(crate) async fn start(
        dispatcher: Arc<Dispatcher>,
        service: &ServiceName,
        instance: &InstanceName,
        lease: Duration,
        unwell: watch::Receiver<Option<String>>,
    ) -> Result<Self, async_nats::SubscribeError> {
        let connection = &dispatcher.handle.connection;
        let client = connection.client();
        let closing = closing();
        let (mut balanced, mut groups) = (Subscriptions::default(), Subscriptions::default());
        let given_up = client.subscribe(connection.namespace().cancel_subject(service)).await?;
        let cancels = Arc::clone(&dispatcher.kept.cancels);
        groups.spawn(cancels.listen(given_up, groups.stop.clone()));
        if !dispatcher.balanced.is_empty() || dispatcher.only_group.is_some() {
            let any = client.queue_subscribe(subject::rpc_all(service), subject::rpc_queue(service)).await?;
            let serving = serve_balanced(any, Arc::clone(&dispatcher), unwell, balanced.stop.clone());
            balanced.spawn(serving);
            let own = client.subscribe(subject::instance_rpc_all(service, instance)).await?;
            let filler = subject::instance_rpc(service, instance, &closing);
            balanced.spawn(pump(own, Arc::clone(&dispatcher), filler, balanced.stop.clone()));
        }
        let stopping = dispatcher.stopping.clone();
        groups.spawn(serve_groups(dispatcher, service.clone(), lease, groups.stop.clone()));
        Ok(Self { balanced, groups, stopping })
    }

    /// Takes no new balanced call. What was taken goes on, but for streams, which would have no end.
    pub(crate) async fn close_balanced(&mut self) {
        self.stopping.cancel();
        self.balanced.end().await;
    }

    /// Takes no new call for any group. What was taken goes on.
    pub(crate) async fn close_groups(&mut self) {
        self.groups.end().await;
    }
}

impl Subscriptions {
    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    async fn end(&mut self) {
        self.stop.cancel();
        let until = tokio::time::Instant::now() + ENDING;
        for mut task in self.tasks.drain(..) {
            match tokio::time::timeout_at(until, &mut task).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a subscription ended badly"),
                Err(_elapsed) => {
                    tracing::warn!("a subscription was left as it is: nats took too long");
                    task.abort();
                }
            }
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Takes its share of the balanced calls for as long as the instance is well.
async fn serve_balanced(
    first: Subscriber,
    dispatcher: Arc<Dispatcher>,
    mut unwell: watch::Receiver<Option<String>>,
    stop: CancellationToken,
) {
    let service = &dispatcher.handle.service;
    let mut subscription = Some(first);
    let mut attempt = 0;
    while !stop.is_cancelled() {
        let subscribed = match subscription.take() {
            Some(subscription) => Ok(subscription),
            None => {
                let client = dispatcher.handle.connection.client();
                client.queue_subscribe(subject::rpc_all(service), subject::rpc_queue(service)).await
            }
        };
        let subscribed = match subscribed {
            Ok(subscribed) => subscribed,
            Err(error) => {
                tracing::warn!(%error, "balanced calls cannot be subscribed to; trying again");
                attempt += 1;
                stop.run_until_cancelled(tokio::time::sleep(backoff(attempt + 1))).await;
                continue;
            }
        };
        attempt = 0;
        let pause = stop.child_token();
        let filler = subject::rpc(service, &closing());
        let mut pumping = std::pin::pin!(pump(subscribed, Arc::clone(&dispatcher), filler, pause.clone()));
        let paused = tokio::select! {
            () = &mut pumping => false,
            Ok(()) = becomes(&mut unwell, true) => true,
        };
        if paused {
            pause.cancel();
            pumping.await;
        }
        // Whoever says how the instance is has ended with it.
        if let Some(Err(_ended)) = stop.run_until_cancelled(becomes(&mut unwell, false)).await {
            return;
        }
    }
}

async fn becomes(
    unwell: &mut watch::Receiver<Option<String>>,
    wanted: bool,
) -> Result<(), watch::error::RecvError> {
    unwell.wait_for(|unwell| unwell.is_some() == wanted).await.map(drop)
}

/// Hands balanced messages over until stopped, and then what is still on its way. `filler` is a subject
/// that the subscription covers.
async fn pump(
    mut subscription: Subscriber,
    dispatcher: Arc<Dispatcher>,
    filler: String,
    stop: CancellationToken,
) {
    let count = Count::begin(&dispatcher);
    let taken = pass(&mut subscription, &stop, |message| dispatcher.take(message, Way::Balanced)).await;
    finish(subscription, taken, MARGIN, count, &dispatcher, &filler, |message| {
        dispatcher.take(message, Way::Balanced);
    })
    .await;
}

/// Hands the calls of a group over while it is owned. After that they are told where to go, for a while.
async fn pump_group(
    mut subscription: Subscriber,
    dispatcher: Arc<Dispatcher>,
    group: GroupName,
    filler: String,
    stop: CancellationToken,
) {
    let count = Count::begin(&dispatcher);
    let served =
        pass(&mut subscription, &stop, |message| dispatcher.take(message, Way::Group(group.clone()))).await;
    let left = |message| dispatcher.take(message, Way::Left(group.clone()));
    let until = tokio::time::Instant::now() + LINGER;
    let mut late = 0;
    while let Ok(Some(message)) = tokio::time::timeout_at(until, subscription.next()).await {
        late += 1;
        left(message);
    }
    let owner = dispatcher.guard.owner_of(&group);
    if owner.is_some_and(|owner| owner.instance != dispatcher.handle.instance) {
        // The successor has by now what this subscription has, so nothing is lost with it.
        if let Err(error) = subscription.unsubscribe().await {
            tracing::debug!(%error, "a subscription could not be ended");
        }
        return;
    }
    finish(subscription, served + late, IDLE_MARGIN + late, count, &dispatcher, &filler, left).await;
}

/// Hands messages over until stopped; answers how many.
async fn pass(subscription: &mut Subscriber, stop: &CancellationToken, mut take: impl FnMut(Message)) -> u64 {
    let mut taken = 0_u64;
    let mut stopped = std::pin::pin!(stop.cancelled());
    loop {
        tokio::select! {
            // To look for messages first is cheaper, and under a flood of them the end is still seen.
            biased;
            message = subscription.next() => match message {
                Some(message) => {
                    taken += 1;
                    take(message);
                    if taken.is_multiple_of(LOOK_UP_EVERY) && stop.is_cancelled() {
                        return taken;
                    }
                }
                None => return taken,
            },
            () = &mut stopped => return taken,
        }
    }
}

/// Whether the server's count of a subscription's messages still is the same as ours: since a reconnect
/// it has counted from zero.
struct Count {
    connects: u64,
}

impl Count {
    fn begin(dispatcher: &Dispatcher) -> Self {
        Self { connects: dispatcher.handle.connection.client().statistics().connects.load(Ordering::Relaxed) }
    }

    fn holds(&self, dispatcher: &Dispatcher) -> bool {
        Self::begin(dispatcher).connects == self.connects
    }
}

/// Ends a subscription without losing what is on its way.
async fn finish(
    mut subscription: Subscriber,
    taken: u64,
    margin: u64,
    count: Count,
    dispatcher: &Dispatcher,
    filler: &str,
    mut take: impl FnMut(Message),
) {
    if count.holds(dispatcher) {
        return close(subscription, taken, margin, dispatcher.handle.connection.client(), filler, take).await;
    }
    if let Err(error) = subscription.drain().await {
        tracing::debug!(%error, "a subscription could not be drained");
        return;
    }
    while let Some(message) = subscription.next().await {
        take(message);
    }
}

/// Subscribes to the groups that are owned, and to no others: interest is the routing table. An owner that
/// could not renew for a lease past its deadline is one no more, whatever it has heard.
async fn serve_groups(
    dispatcher: Arc<Dispatcher>,
    service: ServiceName,
    lease: Duration,
    stop: CancellationToken,
) {
    let mut changes = dispatcher.guard.changes();
    let mut pumps: HashMap<GroupName, (CancellationToken, JoinHandle<()>)> = HashMap::new();
    // Pumps that hand over what had arrived when their group was given up. Stopping waits for them: a
    // call that is left in one when the process ends gets no answer at all.
    let mut ending: Vec<JoinHandle<()>> = Vec::new();
    let mut failures = 0;
    loop {
        ending.retain(|task| !task.is_finished());
        changes.mark_unchanged();
        let wanted = dispatcher.guard.reachable(lease);
        for (_, (stop, task)) in pumps.extract_if(|group, _| !wanted.contains_key(group)) {
            stop.cancel();
            ending.push(task);
        }
        let mut missing = false;
        for group in wanted.keys() {
            if pumps.contains_key(group) {
                continue;
            }
            match dispatcher
                .handle
                .connection
                .client()
                .subscribe(subject::group_rpc_all(&service, group))
                .await
            {
                Ok(subscription) => {
                    let ended = stop.child_token();
                    let filler = subject::group_rpc(&service, group, &closing());
                    let dispatcher = Arc::clone(&dispatcher);
                    let task = pump_group(subscription, dispatcher, group.clone(), filler, ended.clone());
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
        let over = dispatcher.guard.deadline() + lease;
        tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(retry), if missing => {}
            () = tokio::time::sleep_until(over.into()), if !pumps.is_empty() => {}
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
