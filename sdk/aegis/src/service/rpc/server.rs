//! The subscriptions of a service: balanced, its own, and one per group it owns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aegis_domain::wire::subject;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatcher;
use super::execution::LeftCall;
use super::routes::Way;
use crate::ConnectError;
use aegis_nats::connection::without_secrets;
use aegis_nats::supervise::supervised;
use aegis_nats::transport::{Subscription, Transport as _};

/// For so long an instance that gave a group up still answers its calls, saying who has it: until the
/// successor is surely subscribed.
const LINGER: Duration = Duration::from_millis(50);
/// How long the end of the subscriptions may take, all in all: NATS may be gone.
const ENDING: Duration = Duration::from_secs(5);

/// The running subscriptions. Dropping it ends them at once.
#[derive(Debug)]
pub(in crate::service) struct Server {
    balanced: Subscriptions,
    groups: Subscriptions,
    dispatcher: Arc<Dispatcher>,
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
        (unwell, named): (watch::Receiver<Option<String>>, watch::Receiver<bool>),
    ) -> Result<Self, ConnectError> {
        let connection = dispatcher.connection();
        let (transport, patience) = (connection.serving(), connection.options().patience);
        let unreachable =
            || ConnectError::Unreachable { url: without_secrets(&connection.options().url), patience };
        tokio::time::timeout(patience, transport.connected()).await.map_err(|_elapsed| unreachable())?;
        let (mut balanced, mut groups) = (Subscriptions::default(), Subscriptions::default());
        let cancelling = Arc::clone(&dispatcher);
        let given_up = connection.namespace().cancel_subject(service);
        groups.keep(transport.subscribe(given_up, None, move |message| cancelling.cancel(&message.payload)));
        if dispatcher.routes().any_balanced() {
            let all = subject::rpc_all(connection.namespace(), service);
            let queue = subject::rpc_queue(connection.namespace(), service);
            let (taking, serving) = (Arc::clone(&dispatcher), transport.clone());
            balanced.spawn(serve_while(unwell, Option::is_none, balanced.stop.clone(), move || {
                let taking = Arc::clone(&taking);
                let take = move |message| taking.take(message, Way::Balanced);
                serving.subscribe(all.clone(), Some(queue.clone()), take)
            }));
            let own = subject::instance_rpc_all(connection.namespace(), service, instance);
            let (taking, serving) = (Arc::clone(&dispatcher), transport.clone());
            balanced.spawn(serve_while(
                named,
                |named| *named,
                balanced.stop.clone(),
                move || {
                    let taking = Arc::clone(&taking);
                    serving.subscribe_to_requests(own.clone(), move |message| {
                        taking.take(message, Way::Balanced)
                    })
                },
            ));
        }
        let subscribed = async {
            while !transport.flush(patience).await {
                transport.connected().await;
            }
        };
        tokio::time::timeout(patience, subscribed).await.map_err(|_elapsed| unreachable())?;
        // A denial comes before the answer to what was sent after it.
        if let Some(subject) = transport.denials().subscription() {
            return Err(ConnectError::Denied { subject });
        }
        let serving = Arc::clone(&dispatcher);
        let (service, stop) = (service.clone(), groups.stop.clone());
        groups.spawn(supervised("the subscriptions of groups", async move || {
            serve_groups(&serving, &service, lease, &stop).await;
        }));
        Ok(Self { balanced, groups, dispatcher })
    }

    /// Takes no new balanced call. What was taken goes on, but for streams, which would have no end.
    pub(crate) async fn close_balanced(&mut self) {
        self.dispatcher.stopping().cancel();
        self.balanced.end().await;
    }

    /// Waits for no handler any more: callers of those at work are told that the outcome is not known.
    pub(crate) fn leave_calls(&self) {
        self.dispatcher.leave_calls();
    }

    /// The calls that were left behind.
    pub(crate) fn left_calls(&self) -> Vec<LeftCall> {
        self.dispatcher.left_calls()
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

    /// Keeps it open until the end.
    fn keep(&mut self, subscription: Subscription) {
        let stop = self.stop.clone();
        self.spawn(async move {
            stop.cancelled().await;
            close(subscription).await;
        });
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

/// Is subscribed for as long as that holds: balanced calls are taken while the instance is well, calls to the instance
/// while its name is this process's own.
fn serve_while<T: Send + Sync + 'static>(
    mut state: watch::Receiver<T>,
    serves: impl Fn(&T) -> bool + Send + Sync + 'static,
    stop: CancellationToken,
    subscribe: impl Fn() -> Subscription + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    // Here and now, and not when the task first runs.
    let first = subscribe();
    async move {
        let mut subscription = first;
        loop {
            let paused = tokio::select! {
                () = stop.cancelled() => false,
                Ok(_) = state.wait_for(|state| !serves(state)) => true,
            };
            close(subscription).await;
            // Whoever says how it stands has ended with it.
            let again = async { paused && state.wait_for(&serves).await.is_ok() };
            if stop.run_until_cancelled(again).await != Some(true) {
                return;
            }
            subscription = subscribe();
        }
    }
}

async fn close(subscription: Subscription) {
    if !subscription.close(ENDING).await {
        tracing::debug!("a subscription was closed without waiting for what is on its way");
    }
}

/// The subscription to a group that is owned.
struct Pump {
    subscription: Subscription,
    left: Arc<AtomicBool>,
}

impl Pump {
    fn start(dispatcher: &Arc<Dispatcher>, group: &GroupName) -> Self {
        let (taking, group, left) = (Arc::clone(dispatcher), group.clone(), Arc::new(AtomicBool::new(false)));
        let was_left = Arc::clone(&left);
        let namespace = taking.connection().namespace();
        let all = subject::group_rpc_all(namespace, &taking.handle().service, &group);
        let transport = dispatcher.connection().serving();
        let subscription = transport.subscribe_to_requests(all, move |message| {
            let group = group.clone();
            let way = if was_left.load(Ordering::Acquire) { Way::Left(group) } else { Way::Group(group) };
            taking.take(message, way);
        });
        Self { subscription, left }
    }

    /// The group was given up: its calls are told where to go, for a while.
    fn end(self) -> JoinHandle<()> {
        self.left.store(true, Ordering::Release);
        tokio::spawn(async move {
            tokio::time::sleep(LINGER).await;
            close(self.subscription).await;
        })
    }
}

/// Subscribes to the groups that are owned, and to no others: interest is the routing table. An owner that
/// could not renew for a lease past its deadline is one no more, whatever it has heard.
async fn serve_groups(
    dispatcher: &Arc<Dispatcher>,
    service: &ServiceName,
    lease: Duration,
    stop: &CancellationToken,
) {
    let mut changes = dispatcher.guard().changes();
    let mut pumps: HashMap<GroupName, Pump> = HashMap::new();
    // Subscriptions that take what had arrived when their group was given up. Stopping waits for them: a
    // call that is left in one when the process ends gets no answer at all.
    let mut ending: Vec<JoinHandle<()>> = Vec::new();
    loop {
        ending.retain(|task| !task.is_finished());
        changes.mark_unchanged();
        let wanted = dispatcher.guard().reachable(lease);
        ending.extend(pumps.extract_if(|group, _| !wanted.contains_key(group)).map(|(_, pump)| pump.end()));
        for group in wanted.keys() {
            if !pumps.contains_key(group) {
                pumps.insert(group.clone(), Pump::start(dispatcher, group));
            }
        }
        let over = dispatcher.guard().deadline() + lease;
        tokio::select! {
            () = stop.cancelled() => break,
            changed = changes.changed() => if changed.is_err() { break },
            () = tokio::time::sleep_until(over.into()), if !pumps.is_empty() => {}
        }
    }
    ending.extend(pumps.into_values().map(Pump::end));
    for task in ending {
        if let Err(error) = task.await {
            tracing::error!(%error, %service, "a group's subscription ended badly");
        }
    }
}
