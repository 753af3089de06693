//! Calls of a group that are handled one after the other, in the order in which they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_domain::GroupName;
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

impl Turns {
    /// So many calls wait at most.
    pub(super) fn new(most: u64) -> Self {
        Self { queues: Arc::default(), most }
    }

    /// Waits for the turn of a call.
    pub(super) async fn take(&self, group: &GroupName) -> Result<Turn, TooMany> {
        let (mut turn, semaphore) = self.queue(group)?;
        // It is never closed.
        turn.held = semaphore.acquire_owned().await.ok();
        self.lock().waiting -= 1;
        Ok(turn)
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
        let first = turns.take(&one).await.unwrap();
        let mut second = Box::pin(turns.take(&one));
        assert!(second.as_mut().now_or_never().is_none());
        let mut third = Box::pin(turns.take(&one));
        assert!(third.as_mut().now_or_never().is_none());
        let _other = turns.take(&other).await.unwrap();
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "the one before it has its turn");
        drop(second.await.unwrap());
        third.await.unwrap();
    }

    #[tokio::test]
    async fn so_many_wait_and_no_more_and_nothing_is_kept_of_a_group_without_calls() {
        let turns = Turns::new(1_000);
        let group = group("ACC-1");
        let held = turns.take(&group).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(turns.take(&group))).collect();
        for call in &mut waiting {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert_eq!(turns.take(&group).await.unwrap_err(), TooMany);
        // One that is not waited for any more makes room.
        waiting.pop();
        assert!(turns.take(&group).now_or_never().is_none());
        assert_eq!(turns.waiting(), WAITING_MAX as u64 - 1);
        drop((held, waiting));
        assert!(turns.lock().groups.is_empty() && turns.waiting() == 0);
        let few = Turns::new(1);
        let _held = few.take(&group).await.unwrap();
        let mut waits = Box::pin(few.take(&group));
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(few.take(&GroupName::new("ACC-2").unwrap()).await.unwrap_err(), TooMany);
    }
}
