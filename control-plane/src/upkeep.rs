//! Periodic upkeep of the projections.

use std::time::Duration;

use aegis_projections::registry::UnwrittenLetters;
use aegis_projections::{Live, beats};

use crate::background::Task;

/// Writes the dead letters that could not be written when their messages were read.
#[derive(Debug)]
pub(crate) struct DeadLetters(pub(crate) UnwrittenLetters);

/// Forgets the heartbeats of instances that are long over.
#[derive(Debug)]
pub(crate) struct Heartbeats(pub(crate) Live);

impl Task for DeadLetters {
    const NAME: &'static str = "owed-dead-letters";
    const PERIOD: Duration = Duration::from_secs(1);

    async fn activate(&mut self) -> anyhow::Result<String> {
        let written = self.0.settle().await.map_err(|error| anyhow::anyhow!(error))?;
        Ok(format!("{written} dead letters were written late"))
    }
}

impl Task for Heartbeats {
    const NAME: &'static str = "old-heartbeats";
    const PERIOD: Duration = Duration::from_secs(60);

    async fn activate(&mut self) -> anyhow::Result<String> {
        Ok(format!("the last heartbeats of {} instances are kept", beats::forget(&self.0)))
    }
}
