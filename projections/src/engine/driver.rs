//! Reads the stream, applies it batch by batch, and keeps each batch with its mark in one transaction.

use std::time::Duration;

use aegis_domain::Sequence;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::checkpoint::Checkpoints;
use super::error::Chain;
use super::handle::Request;
use super::rebuild::{Rebuild, Rebuilt};
use super::source::{Source, Sourced};
use super::{
    Database, Entry, Feed, Gap, Handle, Held, Mark, Outlet, Progress, Projection, RebuildError, StoreError,
};

/// How long a failed write waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the stream stands when a driver begins.
#[derive(Debug, Clone)]
pub struct Stream {
    /// What makes it this stream: one that was removed and made again under the same name is another.
    pub identity: String,
    /// Its last sequence.
    pub last: Sequence,
    /// Whether it holds any message.
    pub is_empty: bool,
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
}

/// A rebuild under way.
#[derive(Debug)]
struct Running<P> {
    task: JoinHandle<Result<Rebuilt<P>, StoreError>>,
    halt: Option<oneshot::Receiver<oneshot::Sender<Sequence>>>,
    waiting: Vec<Request>,
    /// Whether there is no live projection beside it to go on with.
    alone: bool,
}

impl Stream {
    /// A stream that has come so far.
    #[must_use]
    pub fn new(identity: impl Into<String>, last: Sequence) -> Self {
        Self { identity: identity.into(), last, is_empty: last == Sequence::ZERO }
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
        Ok(Self { held, feed, outlet, options, stream, progress, handle, requests })
    }

    /// How to ask it for something while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Follows the stream until stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        let _stopped: Option<std::convert::Infallible> = stop.run_until_cancelled(self.work()).await;
    }

    async fn work(&mut self) -> std::convert::Infallible {
        let _checkpoints = Checkpoints::of(&self.held.database);
        self.count_gaps().await;
        // Nothing is held, and there is something to hold: the faster way is the one nobody looks at.
        let anew = self.held.mark.position == Sequence::ZERO && !self.stream.is_empty;
        let mut rebuild = anew.then(|| self.rebuild(self.stream.last, true));
        let mut source = (!anew).then(|| Source::start(&self.feed, self.held.mark.position.next()));
        let mut attempt = 0;
        loop {
            let standing = rebuild.as_ref().is_some_and(Running::stands);
            tokio::select! {
                sourced = next(&mut source), if !standing => {
                    if !self.take(sourced).await {
                        let damaged = rebuild.take().unwrap_or_else(|| self.rebuild(self.progress.head(), true));
                        rebuild.insert(damaged).alone = true;
                    }
                }
                news = news(&mut rebuild) => match news {
                    // The rebuild reads on to here; what has become of it shows in its outcome.
                    News::Halt(position) => { let _ended = position.send(self.held.mark.position); }
                    News::Ended(outcome) => {
                        let Some(mut running) = rebuild.take() else { continue };
                        if self.conclude(outcome, std::mem::take(&mut running.waiting)).await {
                            attempt = 0;
                            source = Some(Source::start(&self.feed, self.held.mark.position.next()));
                        } else if running.alone {
                            tokio::time::sleep(PAUSE * (1 << u32::min(attempt, 5))).await;
                            attempt += 1;
                            rebuild = Some(self.rebuild(self.progress.head(), true));
                        }
                    }
                },
                Some(request) = self.requests.recv() => {
                    let running = rebuild.take().unwrap_or_else(|| self.rebuild(self.progress.head(), false));
                    rebuild.insert(running).waiting.push(request);
                }
            }
        }
    }

    /// Applies what the source has to say; `false` when the live file is damaged.
    async fn take(&mut self, sourced: Sourced<P::Value>) -> bool {
        match sourced {
            Sourced::Entries(entries) => self.apply(entries).await,
            Sourced::Idle => {
                self.progress.head_is(self.held.mark.position);
                true
            }
            Sourced::Blind => true,
        }
    }

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
        while let Err(error) = self.held.commit(&folded).await {
            self.progress.failed();
            if error.is_damage() {
                tracing::error!(error = %Chain(&error), "the projection's database is damaged; rebuilding it");
                return false;
            }
            tracing::error!(error = %Chain(&error), "the projection cannot be written; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        self.progress.stands_at(self.held.mark);
        self.progress.committed(folded.applied);
        if !folded.gaps.is_empty() {
            self.count_gaps().await;
        }
        self.outlet.committed(&self.held.projection, folded.batch, self.held.mark).await;
        true
    }

    fn rebuild(&self, head: Sequence, alone: bool) -> Running<P> {
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
        let (sender, halt) = oneshot::channel();
        Running { task: tokio::spawn(rebuild.run(sender)), halt: Some(halt), waiting: Vec::new(), alone }
    }

    /// Puts the rebuilt projection in place; `false` when there is none.
    async fn conclude(&mut self, outcome: Result<Rebuilt<P>, StoreError>, waiting: Vec<Request>) -> bool {
        let done = match outcome {
            Ok(rebuilt) if rebuilt.mark.position < self.held.mark.position => Err(StoreError::fell_short()),
            Ok(rebuilt) => self.held.database.swap().await.map(|()| rebuilt),
            Err(error) => Err(error),
        };
        let succeeded = done.is_ok();
        let answer = match done {
            Ok(Rebuilt { projection, mark }) => {
                (self.held.projection, self.held.mark) = (projection, mark);
                self.progress.stands_at(mark);
                self.count_gaps().await;
                self.outlet.replaced(&self.held.projection, mark).await;
                tracing::info!(projection = P::NAME, position = %mark.position, "rebuilt, and in its place");
                Ok(mark.position)
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a rebuild failed; the projection goes on as it was");
                self.progress.failed();
                self.held.database.abandon_rebuild();
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

async fn next<T: Send + 'static>(source: &mut Option<Source<T>>) -> Sourced<T> {
    match source {
        Some(source) => source.next().await,
        None => std::future::pending().await,
    }
}

/// What a rebuild has to say.
enum News<P> {
    /// The live projection is to stand still, and to say where.
    Halt(oneshot::Sender<Sequence>),
    /// It has ended.
    Ended(Result<Rebuilt<P>, StoreError>),
}

async fn news<P>(rebuild: &mut Option<Running<P>>) -> News<P> {
    let Some(running) = rebuild else { return std::future::pending().await };
    if let Some(halt) = &mut running.halt {
        let asked = halt.await;
        running.halt = None;
        if let Ok(position) = asked {
            return News::Halt(position);
        }
    }
    let ended = (&mut running.task).await;
    News::Ended(ended.unwrap_or_else(|broken| Err(StoreError::broken(broken))))
}

impl<P> Running<P> {
    /// Whether the live projection stands still meanwhile.
    fn stands(&self) -> bool {
        self.alone || self.halt.is_none()
    }
}

impl<P> Drop for Running<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
