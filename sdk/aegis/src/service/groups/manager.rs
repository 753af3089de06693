//! Watches what the instance owns, and has a task for each group.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aegis_domain::GroupName;
use aegis_leases::leadership::{Guard, Request, Tenure};
use aegis_nats::supervise::supervised;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::hooks::GroupHooks;
use super::keep::{Keep, LOADS, Shared};
use crate::service::rpc::Handle;
use crate::service::rpc::gates::Gates;

/// The task that watches. Dropping it ends it and runs no hook, as a crash does.
#[derive(Debug)]
pub(in crate::service) struct Manager {
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Manager {
    /// `lease` is how long after its end others surely have the groups.
    pub(in crate::service) fn start(
        gates: Arc<Gates>,
        hooks: GroupHooks,
        (handle, requests): (Arc<Handle>, mpsc::Sender<Request>),
        (lease, drain): (Duration, Duration),
    ) -> Self {
        let stop = CancellationToken::new();
        let guard = gates.guard.clone();
        let (loads, losses) = (Semaphore::new(LOADS), Semaphore::new(LOADS));
        let shared = Arc::new(Shared {
            hooks,
            guard,
            handle,
            requests,
            drain,
            loads,
            losses,
            offered: Mutex::default(),
        });
        let stopped = stop.clone();
        let task = tokio::spawn(supervised("the states of groups", async move || {
            let watching = Watching {
                gates: Arc::clone(&gates),
                shared: Arc::clone(&shared),
                lease,
                held: HashMap::new(),
                tasks: JoinSet::new(),
            };
            watching.run(&stopped).await;
        }));
        Self { stop, task: AbortOnDropHandle::new(task) }
    }

    /// Lets every state go, within this time.
    pub(in crate::service) async fn stop(self, within: Duration) {
        self.stop.cancel();
        if tokio::time::timeout(within, self.task).await.is_err() {
            tracing::warn!("the states of some groups were not let go of in time");
        }
    }
}

struct Watching {
    gates: Arc<Gates>,
    shared: Arc<Shared>,
    lease: Duration,
    /// A task for each.
    held: HashMap<GroupName, watch::Sender<Option<Tenure>>>,
    tasks: JoinSet<GroupName>,
}

impl Watching {
    async fn run(mut self, stop: &CancellationToken) {
        let guard: Guard = self.shared.guard.clone();
        let mut changes = guard.changes();
        loop {
            changes.mark_unchanged();
            let stopping = stop.is_cancelled();
            let held = if stopping { BTreeMap::new() } else { guard.tenures(self.lease) };
            let may_end = !held.is_empty();
            self.tell(held);
            if stopping && self.tasks.is_empty() {
                return;
            }
            let over = guard.deadline() + self.lease;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                Some(ended) = self.tasks.join_next() => {
                    self.ended(ended);
                    // Thousands may end at once.
                    while let Some(ended) = self.tasks.try_join_next() {
                        self.ended(ended);
                    }
                }
                () = stop.cancelled(), if !stopping => {}
                () = tokio::time::sleep_until(over.into()), if may_end => {}
            }
        }
    }

    fn tell(&mut self, mut held: BTreeMap<GroupName, Tenure>) {
        for (group, told) in &self.held {
            let now = held.remove(group);
            told.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
        for (group, now) in held {
            let (told, hears) = watch::channel(Some(now));
            let gate = self.gates.of(&group);
            let keep = Keep { shared: Arc::clone(&self.shared), group: group.clone(), gate, held: hears };
            self.held.insert(group.clone(), told);
            self.tasks.spawn(async move {
                keep.run().await;
                group
            });
        }
        // A call may have been admitted since it was looked.
        let guard = &self.shared.guard;
        self.gates.remove(self.held.len(), |group| {
            self.held.contains_key(group) || guard.held_term(group).is_some()
        });
    }

    /// A task ends when its group is not held; if it is again by now, the next look begins another.
    fn ended(&mut self, ended: Result<GroupName, JoinError>) {
        match ended {
            Ok(group) => drop(self.held.remove(&group)),
            // Hooks are caught where they are called: this is a defect of this module.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(aborted) => tracing::error!(%aborted, "the task of a group's state was ended"),
            },
        }
    }
}
