//! Which lane is next.

use aegis_domain::wire::command::Priority;

/// Of so many commands one comes from the high lane first, and one from each of the lower ones, if they have any:
/// the most urgent come first, and none waits for ever.
const HIGH: u64 = 8;
const LOWER: u64 = 32;

/// Counts the commands that were taken.
#[derive(Debug, Default)]
pub(super) struct Schedule(u64);

impl Schedule {
    /// The lanes in the order in which the next command is looked for.
    pub(super) fn order(&self) -> [Priority; 4] {
        use Priority::{Critical, High, Low, Normal};
        let turn = self.0 + 1;
        if turn.is_multiple_of(LOWER) {
            [Low, Normal, Critical, High]
        } else if turn % LOWER == LOWER / 2 {
            [Normal, Low, Critical, High]
        } else if turn % HIGH == HIGH / 2 {
            [High, Critical, Normal, Low]
        } else {
            Priority::ALL
        }
    }

    pub(super) fn advance(&mut self) {
        self.0 += 1;
    }
}

/// The place of a priority among the lanes.
pub(super) fn index(priority: Priority) -> usize {
    match priority {
        Priority::Critical => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_come_first_and_every_lane_has_its_share() {
        let mut schedule = Schedule::default();
        let mut first = [0; 4];
        for _ in 0..320 {
            first[index(schedule.order()[0])] += 1;
            schedule.advance();
        }
        assert_eq!(first, [260, 40, 10, 10]);
        assert_eq!(Schedule::default().order(), Priority::ALL);
        for (place, priority) in Priority::ALL.into_iter().enumerate() {
            assert_eq!(index(priority), place);
        }
    }
}
