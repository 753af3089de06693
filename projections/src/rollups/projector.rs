//! The rollups' projector: the driver of their projection.

use aegis_nats::Connection;
use tokio_util::sync::CancellationToken;

use super::feed::Heartbeats;
use super::{Batch, INSTANCES_MAX, Rolling, Rollups};
use crate::engine::{Checkpoint, Driver, Outlet, ProblemCode, Progress};
use crate::projector::{ProjectorError, stream};

/// Reads the heartbeat stream into the rollups.
#[derive(Debug)]
pub struct RollupProjector {
    driver: Driver<Rolling, Heartbeats, LeftOut>,
}

/// Readers ask the file; only what was left out is told.
#[derive(Debug)]
struct LeftOut {
    progress: Progress,
}

impl RollupProjector {
    /// Goes on where the file stands, or anew from what the stream still holds. Run it with
    /// [`RollupProjector::run`].
    ///
    /// # Errors
    /// See [`ProjectorError`].
    pub async fn restore(connection: &Connection, rollups: &Rollups) -> Result<Self, ProjectorError> {
        let feed = Heartbeats { connection: connection.clone() };
        let stream = stream(&feed, &rollups.database).await?;
        let outlet = LeftOut { progress: rollups.progress.clone() };
        let (database, progress) = (rollups.database.clone(), rollups.progress.clone());
        let driver =
            Driver::restore(database, progress, feed, rollups.retention, stream, |_, _| outlet).await?;
        Ok(Self { driver })
    }

    /// Follows the stream until stopped.
    pub async fn run(self, stop: CancellationToken) {
        self.driver.run(stop).await;
    }
}

impl Outlet<Rolling> for LeftOut {
    fn folded(&mut self, batch: &Batch, _checkpoint: Checkpoint) {
        self.progress.left_out(batch.left_out);
        if batch.left_out > 0 {
            let message = format!(
                "heartbeats come from more than {INSTANCES_MAX} instances, and the figures of further ones are not kept: \
                 give instances stable names, or keep figures for a shorter time ([metrics] of the configuration)"
            );
            if self.progress.met(ProblemCode::TooManyInstances, message.clone()) {
                tracing::error!("{message}");
            }
        }
    }

    async fn committed(&mut self, rolling: &Rolling, batch: &Batch, _checkpoint: Checkpoint) {
        if batch.left_out == 0 && !rolling.is_full() {
            self.progress.solved(ProblemCode::TooManyInstances);
        }
    }

    async fn replaced(&mut self, _rolling: &Rolling, _checkpoint: Checkpoint) {}
}
