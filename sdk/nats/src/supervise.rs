//! Tasks that live as long as their process: one that panics is begun again, and nobody has to wonder why it is quiet.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use crate::backoff::backoff;

/// A task that ran for so long counts as begun for the first time.
const LIVED: Duration = Duration::from_secs(60);
/// The most characters of a panic that are told.
const CAUSE_MAX: usize = 500;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// How many panics of supervised tasks and threads there were in this process.
#[must_use]
pub fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Runs a task until it ends by itself. One that panics is logged with the cause, counted ([`panics`]) and begun again
/// with `begin`, after a pause that grows as far as two seconds while it goes on panicking. What the task holds for
/// others is given up by the task that follows it, so `begin` starts from nothing.
///
/// # Cancel safety
/// As cancel-safe as the task.
pub async fn supervised(task: &'static str, mut begin: impl AsyncFnMut()) {
    let mut attempt = 1;
    loop {
        let begun = Instant::now();
        match AssertUnwindSafe(begin()).catch_unwind().await {
            Ok(()) => return,
            Err(panic) => note(task, &*panic),
        }
        attempt = if begun.elapsed() > LIVED { 2 } else { attempt + 1 };
        tokio::time::sleep(backoff(attempt)).await;
    }
}

/// For tasks that keep what they own from one life to the next, and catch their panics themselves: logs and counts this
/// one, which ended the `attempt`th life, and waits as [`supervised`] does before the next.
///
/// # Cancel safety
/// Cancel-safe: the panic is counted before the pause.
pub async fn recover(task: &'static str, attempt: usize, panic: Box<dyn Any + Send>) {
    note(task, &*panic);
    drop(panic);
    tokio::time::sleep(backoff(attempt.saturating_add(1))).await;
}

/// Logs a panic that was caught, and counts it.
pub fn note(task: &'static str, panic: &(dyn Any + Send)) {
    PANICS.fetch_add(1, Ordering::Relaxed);
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("of no text");
    let cause: String = text.chars().take(CAUSE_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    tracing::error!(task, cause, "a task panicked: it is begun again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_counted_and_begun_again_until_it_ends() {
        let before = panics();
        let mut runs = 0;
        supervised("of a test", async || {
            runs += 1;
            assert!(runs > 2, "as it is meant");
        })
        .await;
        assert_eq!(runs, 3);
        assert!(panics() >= before + 2);
    }
}
