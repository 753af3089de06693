//! Reads the stream, applies it batch by batch, and keeps each batch with its checkpoint in one transaction.

mod history;
mod rebuild;
mod write;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_nats::supervise::recover;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::handle::Request;
use super::history::Contradiction;
use super::running::{Beside, News, Running, news};
use super::source::{Source, Sourced};
use super::unwritten::Unwritten;
use super::wal::WalCheckpoints;
use super::{
    Checkpoint, Database, Feed, Handle, Held, Outlet, ProblemCode, Progress, Projection, StoreError, Stream,
};

/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the stream is asked whether it still has the history that was applied.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stream that seems to have another history gets to think better of it: a server that has just started
/// may not have read all of its files.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Drives one projection.
#[derive(Debug)]
pub struct Driver<P: Projection, F, O> {
    held: Held<P>,
    feed: F,
    outlet: O,
    options: P::Options,
    stream: Stream,
    progress: Progress,
    handle: Handle,
    requests: mpsc::Receiver<Request>,
    unwritten: Unwritten<P::Batch>,
    /// What follows may belong to another history, and is not applied before that is known.
    unsure: bool,
}

impl<P: Projection, F: Feed<Value = P::Value>, O: Outlet<P>> Driver<P, F, O> {
    /// Restores what the file holds of this stream; `outlet` gets to see it first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn restore(
        database: Database,
        progress: Progress,
        feed: F,
        options: P::Options,
        stream: Stream,
        outlet: impl FnOnce(&P, Checkpoint) -> O,
    ) -> Result<Self, StoreError> {
        let held = Held::restore(database, &options, &stream).await?;
        let checkpoint = held.checkpoint;
        progress.stands_at(checkpoint);
        progress.heard_of(stream.last);
        tracing::info!(projection = P::NAME, position = %checkpoint.position, head = %stream.last, "projection restored");
        let (handle, requests) = Handle::new();
        let outlet = outlet(&held.projection, checkpoint);
        let unwritten = Unwritten::default();
        let driver =
            Self { held, feed, outlet, options, stream, progress, handle, requests, unwritten, unsure: true };
        if let Some(detail) = &driver.held.lost {
            driver.tell_of_history(detail);
            // Nothing of the other one is held any more.
            driver.progress.solved(ProblemCode::HistoryReplaced);
        }
        Ok(driver)
    }

    /// How to ask it for something while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Follows the stream until stopped. A panic in between costs what memory holds: it is restored from the file.
    pub async fn run(mut self, stop: CancellationToken) {
        for attempt in 1.. {
            match AssertUnwindSafe(self.live(attempt > 1, &stop)).catch_unwind().await {
                Ok(()) => return,
                Err(panic) => recover(P::NAME, attempt, panic).await,
            }
        }
    }

    async fn live(&mut self, again: bool, stop: &CancellationToken) {
        if again && stop.run_until_cancelled(self.restore_again()).await.is_none() {
            return;
        }
        let _stopped: Option<std::convert::Infallible> = stop.run_until_cancelled(self.work()).await;
    }

    /// What memory holds may be half of a batch: the file is whole.
    async fn restore_again(&mut self) {
        let mut pauses = every(PAUSE);
        loop {
            pauses.tick().await;
            let database = self.held.database.clone();
            let (feed, options) = (&self.feed, &self.options);
            let restored = async move {
                let stream = feed.history().stream(database.position().await?).await?;
                let held = Held::restore(database, options, &stream).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>((held, stream))
            };
            match restored.await {
                Ok((held, stream)) => {
                    (self.held, self.stream) = (held, stream);
                    self.unwritten.clear(&self.progress);
                    self.progress.stands_at(self.held.checkpoint);
                    self.outlet.replaced(&self.held.projection, self.held.checkpoint).await;
                    return;
                }
                Err(error) => tracing::warn!(projection = P::NAME, %error, "the file cannot be restored yet"),
            }
        }
    }

    async fn work(&mut self) -> std::convert::Infallible {
        let _wal_checkpoints = WalCheckpoints::of(&self.held.database);
        self.count_gaps().await;
        let mut looks = every(LOOK);
        // Nothing is held, and there is something to hold: the faster way is the one nobody looks at.
        let anew = self.held.checkpoint.position == Sequence::ZERO && !self.stream.is_empty;
        let mut rebuild = anew.then(|| self.rebuild(self.stream.last, Beside::Nothing));
        let mut source = (!anew).then(|| self.source());
        let mut attempt = 0;
        loop {
            let standing = rebuild.as_ref().is_some_and(Running::stands);
            let mut replaced = None;
            tokio::select! {
                sourced = next(&mut source), if !standing => match self.take(sourced).await {
                    Taken::Done => {}
                    Taken::Damaged => {
                        let running =
                            rebuild.take().unwrap_or_else(|| self.rebuild(self.progress.head(), Beside::Nothing));
                        rebuild.insert(running).beside = Beside::Nothing;
                    }
                    Taken::OtherHistory(found) => replaced = Some(found),
                },
                _ = looks.tick(), if !standing => replaced = self.look().await,
                () = sleep_until(self.unwritten.due()), if !standing && self.unwritten.any() => {
                    if !self.write().await {
                        rebuild = Some(self.rebuild(self.progress.head(), Beside::Nothing));
                    }
                }
                news = news(&mut rebuild) => match news {
                    // The rebuild reads on to here; what has become of it shows in its outcome.
                    News::Halt(position) => { let _ended = position.send(self.reached(rebuild.as_ref())); }
                    News::Ended(outcome) => {
                        let Some(mut running) = rebuild.take() else { continue };
                        let waiting = std::mem::take(&mut running.waiting);
                        if self.conclude(outcome, running.beside, waiting).await {
                            attempt = 0;
                            source = Some(self.source());
                        } else if running.beside != Beside::Live {
                            tokio::time::sleep(PAUSE * (1 << u32::min(attempt, 5))).await;
                            attempt += 1;
                            rebuild = Some(self.rebuild(self.stream.last.max(self.progress.head()), running.beside));
                        }
                    }
                },
                Some(request) = self.requests.recv() => {
                    let running =
                        rebuild.take().unwrap_or_else(|| self.rebuild(self.progress.head(), Beside::Live));
                    rebuild.insert(running).waiting.push(request);
                }
            }
            if let Some(Contradiction { stream, detail }) = replaced {
                self.tell_of_history(&detail);
                self.outlet.history_replaced();
                self.unwritten.clear(&self.progress);
                self.progress.head_is(stream.last);
                self.stream = stream;
                source = None;
                let waiting = rebuild.take().map(|mut running| std::mem::take(&mut running.waiting));
                let mut running = self.rebuild(self.stream.last, Beside::OtherHistory);
                running.waiting = waiting.unwrap_or_default();
                rebuild = Some(running);
            }
        }
    }

    fn source(&mut self) -> Source<P::Value> {
        self.unsure = true;
        Source::start(&self.feed, self.held.checkpoint.position.next())
    }

    /// Applies what the source has to say.
    async fn take(&mut self, sourced: Sourced<P::Value>) -> Taken {
        match sourced {
            Sourced::Entries(entries) => {
                if self.unsure {
                    match self.look_until_known().await {
                        Some(contradiction) => return Taken::OtherHistory(contradiction),
                        None => self.unsure = false,
                    }
                }
                if self.apply(entries).await { Taken::Done } else { Taken::Damaged }
            }
            Sourced::Resumed => {
                self.unsure = true;
                Taken::Done
            }
            Sourced::Idle => {
                self.progress.head_is(self.held.checkpoint.position);
                Taken::Done
            }
            Sourced::Blind => Taken::Done,
        }
    }
}

/// What came of something that the source said.
enum Taken {
    /// It was applied.
    Done,
    /// The live file is damaged.
    Damaged,
    /// The stream has another history.
    OtherHistory(Contradiction),
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn next<T: Send + 'static>(source: &mut Option<Source<T>>) -> Sourced<T> {
    match source {
        Some(source) => source.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
