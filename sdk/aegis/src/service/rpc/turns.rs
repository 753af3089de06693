//! Calls of a group that are handled one after the other, in the order in which they came.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use aegis_domain::GroupName;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many calls of a group wait for their turn; more are refused, so that a group whose handler is slow does not fill the room of
/// all others.
const WAITING_MAX: usize = 64;

/// The turns of all groups that have any call now.
#[derive(Debug)]
pub(super) struct Turns {
    queues: Arc<Mutex<Queues>>,
    /// So many wait, whatever their groups.
    most: u64,
}

#[derive(Debug, Default)]
struct Queues {
    groups: HashMap<GroupName, Group>,
    waiting: u64,
}

#[derive(Debug)]
struct Group {
    /// First come, first served.
    turn: Arc<Semaphore>,
    /// The call that has its turn, and those that wait for theirs.
    calls: usize,
}

/// A call's place among those of its group. The next one has its turn when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    queues: Arc<Mutex<Queues>>,
    group: GroupName,
    held: Option<OwnedSemaphorePermit>,
}

/// Too many calls wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

type Taking = Pin<Box<dyn Future<Output = Result<Turn, TooMany>> + Send>>;

/// A call that stands in the queue of its group.
pub(super) struct Waiting(MaybeDone<Taking>);

impl Waiting {
    /// Until it has its turn.
    pub(super) async fn turn(mut self) -> Result<Turn, TooMany> {
        (&mut self.0).await;
        Pin::new(&mut self.0).take_output().unwrap_or(Err(TooMany))
    }
}

impl Turns {
    /// So many calls wait at most.
    pub(super) fn new(most: u64) -> Self {
        Self { queues: Arc::default(), most }
    }

    /// Puts a call into the queue of its group, here and now: tasks begin in another order than they are started in.
    pub(super) fn enter(&self, group: &GroupName) -> Waiting {
        let queued = self.queue(group);
        let queues = Arc::clone(&self.queues);
        let taking: Taking = Box::pin(async move {
            let (mut turn, semaphore) = queued?;
            // It is never closed.
            turn.held = semaphore.acquire_owned().await.ok();
            queues.lock().unwrap_or_else(PoisonError::into_inner).waiting -= 1;
            Ok(turn)
        });
        let mut waiting = maybe_done(taking);
        // What it is woken by follows when somebody waits for it.
        let _stands_in_the_queue = Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop()));
        Waiting(waiting)
    }

    /// How many wait for their turns.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().waiting
    }

    fn queue(&self, group: &GroupName) -> Result<(Turn, Arc<Semaphore>), TooMany> {
        let mut queues = self.lock();
        let calls = queues.groups.get(group).map_or(0, |group| group.calls);
        if calls > WAITING_MAX || queues.waiting >= self.most {
            return Err(TooMany);
        }
        queues.waiting += 1;
        let new = || Group { turn: Arc::new(Semaphore::new(1)), calls: 0 };
        let calls = queues.groups.entry(group.clone()).or_insert_with(new);
        calls.calls += 1;
        let turn = Turn { queues: Arc::clone(&self.queues), group: group.clone(), held: None };
        Ok((turn, Arc::clone(&calls.turn)))
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if self.held.take().is_none() {
            // It was given up while it waited.
            queues.waiting -= 1;
        }
        if let Some(calls) = queues.groups.get_mut(&self.group) {
            calls.calls -= 1;
            if calls.calls == 0 {
                queues.groups.remove(&self.group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn group(name: &str) -> GroupName {
        GroupName::new(name).unwrap()
    }

    #[tokio::test]
    async fn calls_of_a_group_have_their_turns_in_the_order_in_which_they_came() {
        let turns = Turns::new(1_000);
        let (one, other) = (group("ACC-1"), group("ACC-2"));
        let first = turns.enter(&one).turn().await.unwrap();
        let (second, third) = (turns.enter(&one), turns.enter(&one));
        // Their tasks begin in another order.
        let mut third = Box::pin(third.turn());
        assert!(third.as_mut().now_or_never().is_none());
        let mut second = Box::pin(second.turn());
        assert!(second.as_mut().now_or_never().is_none());
        let _other = turns.enter(&other).turn().await.unwrap();
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "the one before it has its turn");
        drop(second.await.unwrap());
        third.await.unwrap();
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more_and_nothing_is_kept_of_a_group_without_calls() {
        let turns = Turns::new(1_000);
        let group = group("ACC-1");
        let held = turns.enter(&group).turn().await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| turns.enter(&group)).collect();
        assert_eq!(turns.enter(&group).turn().await.unwrap_err(), TooMany);
        // One that is not waited for any more makes room.
        waiting.pop();
        assert!(turns.enter(&group).turn().now_or_never().is_none());
        assert_eq!(turns.waiting(), WAITING_MAX as u64 - 1);
        drop((held, waiting));
        assert!(turns.lock().groups.is_empty() && turns.waiting() == 0);
        let few = Turns::new(1);
        let _held = few.enter(&group).turn().await.unwrap();
        let _waits = few.enter(&group);
        assert_eq!(few.enter(&GroupName::new("ACC-2").unwrap()).turn().await.unwrap_err(), TooMany);
    }
}
