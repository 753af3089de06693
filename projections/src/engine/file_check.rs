//! The progress of the check of a file, for those who wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// In the place of a share: no check is under way.
const NONE: u8 = u8::MAX;
/// What of the check is done once each page was looked at, in percent: the rest is the rows' own consistency, which
/// needs no disk.
const PAGES_SHARE: u64 = 70;
/// How many instructions the rows of a page take, about.
const INSTRUCTIONS_PER_PAGE: u64 = 64;

/// How far the check of a file has come. Cheap to clone; all clones tell the same.
#[derive(Debug, Clone)]
pub struct FileCheck(Arc<AtomicU8>);

impl Default for FileCheck {
    fn default() -> Self {
        Self(Arc::new(AtomicU8::new(NONE)))
    }
}

impl FileCheck {
    /// How often SQLite is to tell that it goes on, in its own steps: pages first, then instructions.
    pub(super) const STEP: i32 = 1_000;

    /// About how much of the file is checked, in percent, while a check is under way.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|percent| *percent != NONE)
    }

    /// A check begins. What comes back is to be called after every [`FileCheck::STEP`] steps.
    pub(super) fn begins(&self, pages: i64) -> impl FnMut() -> bool + Send + 'static {
        let (pages, share, mut steps) = (u64::try_from(pages).unwrap_or(0), Arc::clone(&self.0), 0_u64);
        share.store(0, Ordering::Relaxed);
        move || {
            steps += Self::STEP.unsigned_abs() as u64;
            share.store(percent(steps, pages), Ordering::Relaxed);
            true
        }
    }

    /// It has ended.
    pub(super) fn ends(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }
}

/// SQLite does not tell how much there is to do, so this is an estimate: never going back, and never 100.
fn percent(steps: u64, pages: u64) -> u8 {
    let pages = pages.max(1);
    let percent = match steps.checked_sub(pages) {
        None => PAGES_SHARE * steps / pages,
        Some(rows) => PAGES_SHARE + (100 - PAGES_SHARE) * rows / (pages * INSTRUCTIONS_PER_PAGE),
    };
    u8::try_from(percent.min(99)).unwrap_or(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_from_nothing_and_never_says_that_it_is_done() {
        let check = FileCheck::default();
        assert_eq!(check.percent(), None);
        let mut step = check.begins(4_000);
        let mut shown = vec![check.percent().unwrap()];
        for _ in 0..2_000 {
            assert!(step(), "the check goes on");
            shown.push(check.percent().unwrap());
        }
        assert!(shown.is_sorted());
        assert_eq!((shown[0], shown[2], shown.last().copied()), (0, 35, Some(99)));
        check.ends();
        assert_eq!(check.percent(), None);
    }

    #[test]
    fn a_file_without_pages_and_steps_without_end_are_no_trouble() {
        assert_eq!(percent(u64::MAX / 100, 0), 99);
        assert!(FileCheck::default().begins(-1)());
    }
}
