//! Self-preservation: when this replica has seen long enough that most are silent, or that they are not, it
//! says so in the log. Of any number of replicas one writes each change, because the journal takes one writer
//! at a head and the second finds that all is said.

use std::time::{Duration, Instant};

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::Command;
use aegis_domain::{Actor, AggregateId, Context};
use aegis_journal::Journal;
use aegis_nats::Connection;
use anyhow::Context as _;
use chrono::Utc;

use super::judge::Visibility;

/// What is seen has to stand this long before it is said: replicas do not hear the same beat at the same
/// time, and must not contradict each other.
const STEADY: Duration = Duration::from_secs(1);
/// A replica that cannot read the heartbeats for so long finds out whether anybody can.
const BLIND: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Preservation {
    connection: Connection,
    journal: Journal,
    /// What would be recorded now, and since when it would.
    wish: Option<(bool, Instant)>,
}

impl Preservation {
    pub(super) fn new(connection: Connection, journal: Journal) -> Self {
        Self { connection, journal, wish: None }
    }

    /// What this replica sees now, against what the log says.
    pub(super) async fn observe(
        &mut self,
        outlook: Visibility,
        alive: usize,
        preserved: bool,
    ) -> anyhow::Result<()> {
        let (wanted, silent) = match outlook {
            Visibility::Clear => (false, 0),
            Visibility::Silent { silent } => (true, silent),
            Visibility::Unsure => {
                self.wish = None;
                return Ok(());
            }
        };
        if self.stands(wanted, preserved, STEADY) {
            self.record(wanted, silent, alive).await?;
        }
        Ok(())
    }

    /// This replica cannot read the heartbeats. If the stream does not answer at all, no replica can.
    pub(super) async fn blind(&mut self, alive: usize, preserved: bool) -> anyhow::Result<()> {
        if alive > 0 && self.stands(true, preserved, BLIND) && !self.stream_answers().await {
            self.record(true, alive, alive).await?;
        }
        Ok(())
    }

    /// Whether there is something to say, and has been for so long.
    fn stands(&mut self, wanted: bool, preserved: bool, for_so_long: Duration) -> bool {
        if wanted == preserved {
            self.wish = None;
            return false;
        }
        let since = match self.wish {
            Some((wish, since)) if wish == wanted => since,
            Some(_) | None => Instant::now(),
        };
        self.wish = Some((wanted, since));
        since.elapsed() >= for_so_long
    }

    async fn stream_answers(&self) -> bool {
        let stream = self.connection.namespace().heartbeats_stream();
        self.connection.jetstream().get_stream(stream).await.is_ok()
    }

    async fn record(&self, enter: bool, silent: usize, alive: usize) -> anyhow::Result<()> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let command = if enter {
            Command::EnterSelfPreservation { silent: count(silent), alive: count(alive) }
        } else {
            Command::LeaveSelfPreservation
        };
        let context = Context::new(Actor::system("liveness"), Utc::now());
        let id = AggregateId::Installation;
        match self.journal.execute::<Installation>(&id, command, &context).await {
            Ok(executed) if executed.recorded.is_empty() => {}
            Ok(_) if enter => tracing::warn!(silent, alive, "most instances are silent: marking none down"),
            Ok(_) => tracing::info!(alive, "instances are seen again: judging each by itself"),
            Err(error) => {
                tracing::warn!(%error, "self-preservation was not recorded; trying again");
                return Err(error).context("self-preservation was not recorded");
            }
        }
        Ok(())
    }
}
