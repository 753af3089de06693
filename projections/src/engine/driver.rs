//! Reads the stream, applies it batch by batch, and keeps each batch with its mark in one transaction.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aegis_domain::Sequence;
use aegis_domain::wire::chain::Hash;
use aegis_sdk::supervise::recover;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::checkpoint::Checkpoints;
use super::error::Chain;
use super::handle::Request;
use super::history::Contradiction;
use super::rebuild::{Rebuild, Rebuilt};
use super::running::{Beside, News, Running, news};
use super::source::{Source, Sourced};
use super::unwritten::Unwritten;
use super::{
    Database, Entry, Feed, Gap, Handle, Held, Mark, Outlet, ProblemCode, Progress, Projection, RebuildError,
    StoreError,
};

/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the stream is asked whether it still has the history that was applied.
const LOOK: Duration = Duration::from_secs(2);
/// How long a stream that seems to have another history gets to think better of it: a server that has just started
/// may not have read all of its files.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Where the stream stands when a driver begins.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What makes it this stream: one that was removed and made again under the same name is another.
    pub identity: String,
    /// Its last sequence.
    pub last: Sequence,
    /// Whether it holds any message.
    pub is_empty: bool,
    /// The hash of the message at the position that was asked for, if it is there.
    pub at: Option<(Sequence, Hash)>,
}

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

impl Stream {
    /// A stream that has come so far.
    #[must_use]
    pub fn new(identity: impl Into<String>, last: Sequence) -> Self {
        Self { identity: identity.into(), last, is_empty: last == Sequence::ZERO, at: None }
    }
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
        outlet: impl FnOnce(&P, Mark) -> O,
    ) -> Result<Self, StoreError> {
        let held = Held::restore(database, &options, &stream).await?;
        let mark = held.mark;
        progress.stands_at(mark);
        progress.heard_of(stream.last);
        tracing::info!(projection = P::NAME, position = %mark.position, head = %stream.last, "projection restored");
        let (handle, requests) = Handle::new();
        let outlet = outlet(&held.projection, mark);
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
                    self.progress.stands_at(self.held.mark);
                    self.outlet.replaced(&self.held.projection, self.held.mark).await;
                    return;
                }
                Err(error) => tracing::warn!(projection = P::NAME, %error, "the file cannot be restored yet"),
            }
        }
    }

    async fn work(&mut self) -> std::convert::Infallible {
        let _checkpoints = Checkpoints::of(&self.held.database);
        self.count_gaps().await;
        let mut looks = every(LOOK);
        // Nothing is held, and there is something to hold: the faster way is the one nobody looks at.
        let anew = self.held.mark.position == Sequence::ZERO && !self.stream.is_empty;
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
        Source::start(&self.feed, self.held.mark.position.next())
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
                self.progress.head_is(self.held.mark.position);
                Taken::Done
            }
            Sourced::Blind => Taken::Done,
        }
    }

    /// Whether the stream contradicts what was applied, as far as it answers.
    async fn look(&self) -> Option<Contradiction> {
        let first = self.contradiction().await.ok().flatten()?;
        tracing::warn!(
            projection = P::NAME,
            detail = first.detail,
            "the stream seems to have another history"
        );
        tokio::time::sleep(SECOND_LOOK).await;
        self.contradiction().await.ok().flatten()
    }

    async fn look_until_known(&self) -> Option<Contradiction> {
        let mut pauses = every(SECOND_LOOK);
        loop {
            pauses.tick().await;
            match self.contradiction().await {
                Ok(None) => return None,
                Ok(Some(_)) => {
                    if let Some(contradiction) = self.look().await {
                        return Some(contradiction);
                    }
                }
                Err(error) => {
                    tracing::warn!(projection = P::NAME, %error, "whether the stream has the same history is not known yet");
                }
            }
        }
    }

    async fn contradiction(&self) -> Result<Option<Contradiction>, Box<dyn std::error::Error + Send + Sync>> {
        self.feed.history().contradicts(&self.stream.identity, self.held.mark).await
    }

    fn tell_of_history(&self, detail: &str) {
        tracing::error!(
            projection = P::NAME,
            detail,
            "the stream has another history than the one that was applied; rebuilding from what is there"
        );
        self.progress.history_replaced(format!(
            "the stream has another history than the one that was applied: {detail}; rebuilding from what is there"
        ));
    }

    /// How far a rebuild has to come at least.
    fn reached(&self, rebuild: Option<&Running<P>>) -> Sequence {
        match rebuild.map(|running| running.beside) {
            Some(Beside::OtherHistory) => Sequence::ZERO,
            Some(Beside::Live | Beside::Nothing) | None => self.held.mark.position,
        }
    }

    /// Applies entries and writes them, if they can be written; `false` when the live file is damaged.
    async fn apply(&mut self, entries: Vec<Entry<P::Value>>) -> bool {
        for entry in entries.last().into_iter().chain(entries.first()) {
            self.progress.heard_of(Sequence(entry.sequence.get() + entry.pending));
        }
        let folded = self.held.fold(entries);
        self.progress.came_again(folded.duplicates);
        for gap in &folded.gaps {
            tracing::error!(projection = P::NAME, first = %gap.first, last = %gap.last, "the log has a gap");
        }
        if folded.applied == 0 {
            return true;
        }
        self.outlet.folded(&folded.batch, self.held.mark);
        self.unwritten.push(folded);
        self.unwritten.is_put_off() || self.write().await
    }

    /// Writes what is folded; `false` when the live file is damaged. What cannot be written waits: readers of memory
    /// are told of it, and more is applied, until so much waits that no more may.
    async fn write(&mut self) -> bool {
        loop {
            let written = self.held.commit(self.unwritten.batches()).await;
            let Err(error) = written else { break };
            self.progress.failed();
            if error.is_damage() {
                tracing::error!(error = %Chain(&error), "the projection's database is damaged; rebuilding it");
                return false;
            }
            tracing::error!(error = %Chain(&error), "the projection cannot be written; trying again");
            let message =
                format!("the file cannot be written, and readers are served from memory: {}", Chain(&error));
            drop(error);
            self.progress.met(ProblemCode::Unwritable, message);
            self.progress.unwritten(self.unwritten.entries());
            self.tell().await;
            if self.unwritten.put_off(PAUSE) {
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.tell().await;
        let gaps = self.unwritten.batches().iter().any(|folded| !folded.gaps.is_empty());
        for folded in self.unwritten.batches() {
            self.progress.committed(folded.applied);
        }
        self.unwritten.clear(&self.progress);
        self.progress.stands_at(self.held.mark);
        if self.progress.solved(ProblemCode::Unwritable) {
            tracing::info!(projection = P::NAME, "the projection can be written again, and has been");
        }
        if gaps {
            self.count_gaps().await;
        }
        true
    }

    /// Tells readers of what they have not been told of.
    async fn tell(&mut self) {
        for folded in self.unwritten.untold() {
            self.outlet.committed(&self.held.projection, &folded.batch, folded.mark).await;
        }
    }

    fn rebuild(&self, head: Sequence, beside: Beside) -> Running<P> {
        tracing::info!(projection = P::NAME, %head, "rebuilding beside the live database");
        self.progress.rebuild_begins();
        let rebuild = Rebuild {
            database: self.held.database.clone(),
            feed: self.feed.clone(),
            options: self.options.clone(),
            log: self.stream.identity.clone(),
            head,
            progress: self.progress.clone(),
        };
        Running::start(|halt| rebuild.run(halt), beside)
    }

    /// Puts the rebuilt projection in place; `false` when there is none.
    async fn conclude(
        &mut self,
        outcome: Result<Rebuilt<P>, StoreError>,
        beside: Beside,
        waiting: Vec<Request>,
    ) -> bool {
        let short = |rebuilt: &Rebuilt<P>| {
            beside != Beside::OtherHistory && rebuilt.mark.position < self.held.mark.position
        };
        let done = match outcome {
            Ok(rebuilt) if short(&rebuilt) => Err(StoreError::fell_short()),
            Ok(rebuilt) => self.held.database.swap().await.map(|()| rebuilt),
            Err(error) => Err(error),
        };
        let succeeded = done.is_ok();
        let answer = match done {
            Ok(Rebuilt { projection, mark }) => {
                (self.held.projection, self.held.mark) = (projection, mark);
                self.unwritten.clear(&self.progress);
                self.progress.stands_at(mark);
                self.count_gaps().await;
                self.outlet.replaced(&self.held.projection, mark).await;
                for code in [ProblemCode::HistoryReplaced, ProblemCode::Unwritable] {
                    self.progress.solved(code);
                }
                tracing::info!(projection = P::NAME, position = %mark.position, "rebuilt, and in its place");
                Ok(mark.position)
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a rebuild failed; the projection goes on as it was");
                self.progress.failed();
                self.held.database.abandon_rebuild();
                if beside != Beside::Live {
                    let why = Chain(&error);
                    let message = format!("the file has to be made anew, and cannot be yet: {why}");
                    self.progress.met(ProblemCode::Unwritable, message);
                }
                Err(RebuildError::Failed(Chain(&error).to_string()))
            }
        };
        // Last of all: whoever sees it finds everything in its place.
        self.progress.rebuild_ends(succeeded);
        for request in waiting {
            // Whoever asked may have gone.
            let _gone = request.send(answer.clone());
        }
        succeeded
    }

    async fn count_gaps(&self) {
        match self.held.database.gaps().await {
            Ok(gaps) => self.progress.gaps_are(gaps.len() as u64, gaps.iter().map(Gap::length).sum()),
            Err(error) => tracing::warn!(error = %Chain(&error), "the gaps cannot be counted"),
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
