use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use crate::fail::fail;

const TICK: Duration = Duration::from_millis(10);

/// Runs `check` until it returns `Ok`, and hands back its value.
///
/// Level-triggered: `check` looks at the state as it is now, so nothing is lost when it changed
/// before the wait began. An `Err` carries the status seen, which the panic message quotes. A
/// check that itself hangs is cut off at the deadline.
///
/// # Panics
/// When `timeout` has passed.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::time::Duration;
/// let done = std::thread::spawn(|| ());
/// aegis_testkit::wait_until("the thread to end", Duration::from_secs(1), async || {
///     if done.is_finished() { Ok(()) } else { Err("still running".to_owned()) }
/// })
/// .await;
/// # });
/// ```
pub async fn wait_until<T, F>(what: &str, timeout: Duration, check: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    match try_wait_until(timeout, check).await {
        Ok(value) => value,
        Err(status) => fail(format_args!("waited {timeout:?} for {what}; last status: {status}")),
    }
}

/// Like [`wait_until`], but returns the last status instead of panicking.
///
/// # Errors
/// The last status seen, once `timeout` has passed.
// NOTE: `AsyncFnMut` would let checks borrow mutably, but its futures are not provably `Send`,
// which would keep servers out of spawned tasks.
pub async fn try_wait_until<T, F>(timeout: Duration, mut check: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + timeout;
    let mut status = None;
    loop {
        match tokio::time::timeout_at(deadline, check()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(now)) => status = Some(now),
            Err(_elapsed) => {
                let before = status.unwrap_or_else(|| "none".to_owned());
                return Err(format!("the check was cut off; before that: {before}"));
            }
        }
        if Instant::now() + TICK >= deadline {
            return Err(status.unwrap_or_else(|| "none".to_owned()));
        }
        tokio::time::sleep(TICK).await;
    }
}

/// A TCP port on 127.0.0.1 that was free a moment ago.
///
/// Another process may take it before the caller binds it, so callers retry on a clash.
///
/// # Panics
/// When the machine has no free port.
#[must_use]
pub fn free_port() -> u16 {
    crate::fail::or_fail(
        std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .map(|address| address.port())
            .context("no free TCP port on 127.0.0.1"),
    )
}
