//! Which message is handled next: one of each subject at a time, the oldest first.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::consumer::Position;

/// How many settled messages are remembered, so that one that is delivered again is not handled again.
const REMEMBERED: usize = 4096;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for its turn.
    Waiting,
    /// Somebody handles it.
    Running,
    /// It waits for its next try, and holds its subject meanwhile.
    Delayed,
    /// It is being put aside.
    DeadLettering,
}

/// The messages in hand, by their position in their stream.
#[derive(Debug)]
pub(crate) struct Order<T> {
    ordered: bool,
    slots: HashMap<Position, Slot<T>>,
    subjects: HashMap<String, BTreeSet<Position>>,
    /// Those whose turn may have come, in the order in which it did; looked at again when they are taken.
    ready: VecDeque<Position>,
    lately: Lately,
    epoch: u64,
}

#[derive(Debug)]
struct Slot<T> {
    subject: String,
    phase: Phase,
    epoch: u64,
    /// Another one of its subject was before it, and has ended.
    was_behind: bool,
    value: T,
}

/// The last messages that were settled.
#[derive(Debug, Default)]
struct Lately {
    set: HashSet<Position>,
    queue: VecDeque<Position>,
}

impl<T> Order<T> {
    /// Without order, every message is a subject of its own.
    pub(crate) fn new(ordered: bool) -> Self {
        let (slots, subjects) = (HashMap::new(), HashMap::new());
        Self { ordered, slots, subjects, ready: VecDeque::new(), lately: Lately::default(), epoch: 0 }
    }

    /// Takes a message in. Gives it back when it was settled lately.
    pub(crate) fn insert(&mut self, position: Position, subject: &str, value: T) -> Result<(), T> {
        if let Some(slot) = self.slots.get_mut(&position) {
            slot.value = value;
            return Ok(());
        }
        if self.lately.set.contains(&position) {
            return Err(value);
        }
        let subject = if self.ordered { subject.to_owned() } else { format!("{position:?}") };
        self.subjects.entry(subject.clone()).or_default().insert(position);
        let (phase, epoch, was_behind) = (Phase::Waiting, self.epoch, false);
        self.slots.insert(position, Slot { subject, phase, epoch, was_behind, value });
        self.ready.push_back(position);
        Ok(())
    }

    /// The next message whose turn it is, which is handled from now on.
    pub(crate) fn take(&mut self) -> Option<Position> {
        while let Some(position) = self.ready.pop_front() {
            let Some(slot) = self.slots.get(&position) else { continue };
            let is_first = self.subjects.get(&slot.subject).and_then(BTreeSet::first) == Some(&position);
            // Older ones of its subject that came later, by being delivered again, go first; and one that is
            // handled already ends first.
            if is_first && slot.phase == Phase::Waiting && !self.is_busy(&slot.subject) {
                self.set(position, Phase::Running);
                return Some(position);
            }
        }
        None
    }

    fn is_busy(&self, subject: &str) -> bool {
        let phase = |position| self.slots.get(position).map(|slot| slot.phase);
        let all = self.subjects.get(subject).into_iter().flatten();
        all.into_iter().any(|position| phase(position).is_some_and(|phase| phase != Phase::Waiting))
    }

    pub(crate) fn get_mut(&mut self, position: Position) -> Option<&mut T> {
        self.slots.get_mut(&position).map(|slot| &mut slot.value)
    }

    pub(crate) fn set(&mut self, position: Position, phase: Phase) {
        if let Some(slot) = self.slots.get_mut(&position) {
            slot.phase = phase;
            if phase == Phase::Waiting {
                self.ready.push_back(position);
            }
        }
    }

    /// Takes a settled message out; the next of its subject has its turn.
    pub(crate) fn settle(&mut self, position: Position) -> Option<T> {
        let value = self.remove(position)?;
        self.lately.note(position);
        Some(value)
    }

    fn remove(&mut self, position: Position) -> Option<T> {
        let slot = self.slots.remove(&position)?;
        if let Some(others) = self.subjects.get_mut(&slot.subject) {
            others.remove(&position);
            match others.first() {
                Some(next) => {
                    self.ready.push_back(*next);
                    if let Some(next) = self.slots.get_mut(next) {
                        next.was_behind = true;
                    }
                }
                None => {
                    self.subjects.remove(&slot.subject);
                }
            }
        }
        Some(slot.value)
    }

    /// Whether it could not have its turn before, since another one of its subject stood before it.
    pub(crate) fn was_behind(&self, position: Position) -> bool {
        self.slots.get(&position).is_some_and(|slot| slot.was_behind)
    }

    /// Takes out all messages that no handler has, oldest first.
    pub(crate) fn let_go(&mut self) -> Vec<T> {
        let idle = |phase| matches!(phase, Phase::Waiting | Phase::Delayed);
        let mut left: Vec<_> =
            self.slots.iter().filter(|(_, slot)| idle(slot.phase)).map(|(position, _)| *position).collect();
        left.sort_unstable();
        left.into_iter().filter_map(|position| self.remove(position)).collect()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.values().map(|slot| &slot.value)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn count(&self, phase: Phase) -> usize {
        self.slots.values().filter(|slot| slot.phase == phase).count()
    }

    /// From now on; for [`Order::since_before`].
    pub(crate) fn mark(&mut self) -> u64 {
        self.epoch += 1;
        self.epoch
    }

    /// How many of those in hand were there before the mark.
    pub(crate) fn since_before(&self, mark: u64) -> usize {
        self.slots.values().filter(|slot| slot.epoch < mark).count()
    }
}

impl Lately {
    fn note(&mut self, position: Position) {
        if self.set.insert(position) {
            self.queue.push_back(position);
        }
        if self.queue.len() > REMEMBERED
            && let Some(oldest) = self.queue.pop_front()
        {
            self.set.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sequence: u64) -> Position {
        Position { sequence, stored: 0 }
    }

    fn order(messages: &[(u64, &str)]) -> Order<u64> {
        let mut order = Order::new(true);
        for (sequence, subject) in messages {
            order.insert(at(*sequence), subject, *sequence).unwrap();
        }
        order
    }

    #[test]
    fn one_of_a_subject_at_a_time_and_others_beside_it() {
        let mut order = order(&[(1, "a"), (2, "a"), (3, "b")]);
        assert_eq!((order.take(), order.take(), order.take()), (Some(at(1)), Some(at(3)), None));
        order.settle(at(1));
        assert_eq!((order.take(), order.take()), (Some(at(2)), None));
        assert_eq!([1, 2, 3].map(|sequence| order.was_behind(at(sequence))), [false, true, false]);
    }

    #[test]
    fn the_later_ones_wait_while_an_earlier_one_is_tried_again() {
        let mut order = order(&[(1, "a"), (2, "a")]);
        order.take();
        order.set(at(1), Phase::Delayed);
        assert_eq!(order.take(), None);
        order.set(at(1), Phase::Waiting);
        assert_eq!((order.take(), order.take()), (Some(at(1)), None));
    }

    #[test]
    fn an_older_one_that_comes_again_goes_first_unless_a_later_one_is_handled() {
        let mut order = order(&[(5, "a")]);
        order.insert(at(3), "a", 3).unwrap();
        assert_eq!((order.take(), order.take()), (Some(at(3)), None));
        order.settle(at(3));
        assert_eq!(order.take(), Some(at(5)));
        order.insert(at(4), "a", 4).unwrap();
        assert_eq!(order.take(), None);
        order.settle(at(5));
        assert_eq!(order.take(), Some(at(4)));
    }

    #[test]
    fn what_was_settled_is_not_handled_again_and_what_is_in_hand_is_there_once() {
        let mut order = order(&[(1, "a"), (2, "a")]);
        order.take();
        order.insert(at(1), "a", 100).unwrap();
        assert_eq!((order.len(), order.take()), (2, None));
        assert_eq!(order.settle(at(1)), Some(100), "the newer copy is the one to acknowledge");
        assert_eq!(order.insert(at(1), "a", 7), Err(7));
    }

    #[test]
    fn another_message_at_the_place_of_one_that_was_settled_is_handled() {
        let mut order = order(&[(1, "a")]);
        order.take();
        order.settle(at(1));
        let other = Position { sequence: 1, stored: 5 };
        assert_eq!(order.insert(other, "a", 2), Ok(()));
        assert_eq!(order.take(), Some(other));
    }

    #[test]
    fn without_order_all_are_handled_at_once() {
        let mut order = Order::new(false);
        for sequence in 1..=3 {
            order.insert(at(sequence), "a", ()).unwrap();
        }
        assert_eq!([order.take(), order.take(), order.take()], [Some(at(1)), Some(at(2)), Some(at(3))]);
    }

    #[test]
    fn messages_without_a_handler_are_given_back_oldest_first() {
        let mut order = order(&[(4, "b"), (1, "a"), (3, "a"), (2, "c")]);
        order.take();
        assert_eq!(order.let_go(), [1, 2, 3]);
        assert_eq!((order.len(), order.count(Phase::Running)), (1, 1));
        let mark = order.mark();
        order.insert(at(9), "z", 9).unwrap();
        assert_eq!(order.since_before(mark), 1);
    }
}
