//! The rollups' projector: the driver of their projection.

use aegis_sdk::Connection;
use tokio_util::sync::CancellationToken;

use super::feed::Heartbeats;
use super::{Batch, Rolling, Rollups};
use crate::engine::{Driver, Mark, Outlet};
use crate::projector::{ProjectorError, stream};

/// Reads the heartbeat stream into the rollups.
#[derive(Debug)]
pub struct RollupProjector {
    driver: Driver<Rolling, Heartbeats, Nobody>,
}

/// Nobody is told of batches: readers ask the file.
#[derive(Debug)]
struct Nobody;

impl RollupProjector {
    /// Goes on where the file stands, or anew from what the stream still holds. Run it with
    /// [`RollupProjector::run`].
    ///
    /// # Errors
    /// See [`ProjectorError`].
    pub async fn restore(connection: &Connection, rollups: &Rollups) -> Result<Self, ProjectorError> {
        let feed = Heartbeats { connection: connection.clone() };
        let stream = stream(&feed, &rollups.database).await?;
        let (database, progress) = (rollups.database.clone(), rollups.progress.clone());
        let driver = Driver::restore(database, progress, feed, rollups.keep, stream, |_, _| Nobody).await?;
        Ok(Self { driver })
    }

    /// Follows the stream until stopped.
    pub async fn run(self, stop: CancellationToken) {
        self.driver.run(stop).await;
    }
}

impl Outlet<Rolling> for Nobody {
    async fn committed(&mut self, _rolling: &Rolling, _batch: &Batch, _mark: Mark) {}

    async fn replaced(&mut self, _rolling: &Rolling, _mark: Mark) {}
}
