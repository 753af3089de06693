//! The tasks that send metrics and spans, and their end.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::collector::Collector;
use super::config::OtelConfig;
use super::metrics::MetricsExporter;
use super::source::Source;
use super::traces::{self, Lost};

/// How long the last messages may take.
const FLUSH: Duration = Duration::from_secs(2);

/// The export of one service. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Exporter {
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
    _with_it: DropGuard,
}

impl Exporter {
    /// # Errors
    /// When the authorities that the collector is checked against cannot be read.
    pub(crate) fn start(config: &OtelConfig, source: Source) -> std::io::Result<Self> {
        let collector = Arc::new(Collector::new(config)?);
        let lost = Arc::<Lost>::default();
        let (recorder, queue) = traces::queue(config.sample, &lost);
        source.connection.telemetry().spans.record(Box::new(recorder));
        let stop = CancellationToken::new();
        let spans = {
            let (collector, sender, stop) = (Arc::clone(&collector), source.sender.clone(), stop.clone());
            tokio::spawn(bounded(stop.clone(), async move { queue.run(&collector, &sender, &stop).await }))
        };
        let every = Duration::from_millis(config.interval_ms);
        let metrics = MetricsExporter::new(source, lost);
        let metrics = {
            let stop = stop.clone();
            tokio::spawn(bounded(stop.clone(), async move { metrics.run(&collector, every, &stop).await }))
        };
        Ok(Self { tasks: [spans, metrics], _with_it: stop.clone().drop_guard(), stop })
    }

    /// Sends what is left, for two seconds at most.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a task of the export has failed");
            }
        }
    }
}

/// Until the work is done, or it was told to stop and takes too long for that.
async fn bounded(stop: CancellationToken, work: impl Future<Output = ()>) {
    let enough = async {
        stop.cancelled().await;
        tokio::time::sleep(FLUSH).await;
    };
    tokio::select! {
        () = work => {}
        () = enough => tracing::warn!("the last telemetry did not come to the collector in time"),
    }
}
