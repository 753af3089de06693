//! Two processes of one instance name: the one that is left notices that the other is gone, however that has ended.
//!
//! The registry is of the process that registered last, and the other has told the conflict. A process that is killed tells
//! nothing more: its heartbeats are missed. If it was the one of the registry, the other takes its place.

use std::time::Duration;

use aegis_domain::LifeId;
use aegis_domain::aggregate::Instance;
use aegis_domain::aggregate::instance::{Command, Status};
use aegis_domain::wire::heartbeat::Heartbeat;
use chrono::DateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::identity::Identity;
use crate::{Connection, Journal};

/// So many heartbeats a process misses until it counts as gone.
const MISSED: u32 = 5;
/// The shortest time without heartbeats that says so: another process may have been given other intervals.
const SILENCE: Duration = Duration::from_secs(10);
/// A process that was called gone and was not is listened for longer each time, up to this.
const LONGEST: Duration = Duration::from_secs(600);
/// After so many looks without a conflict, one is looked for less often.
const SOON: u32 = 4;
/// How much less.
const SELDOM: u32 = 4;
/// So many heartbeats are looked at: anybody may send some.
const LOOKED_AT: usize = 1_000;

pub(super) struct Rival {
    pub(super) connection: Connection,
    pub(super) journal: Journal,
    pub(super) identity: Identity,
    /// How often a conflict is looked for.
    pub(super) every: Duration,
    pub(super) heartbeat: Duration,
    pub(super) status: watch::Receiver<Status>,
}

impl Rival {
    pub(super) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.watch()).await;
    }

    async fn watch(&self) {
        let first = (self.heartbeat * MISSED).max(SILENCE);
        let (mut silence, mut gone, mut quiet) = (first, None, 0);
        loop {
            tokio::time::sleep(if quiet < SOON { self.every } else { self.every * SELDOM }).await;
            quiet += 1;
            let Some(other) = self.other().await else { continue };
            quiet = 0;
            silence = if gone == Some(other) { (silence * 2).min(LONGEST) } else { first };
            if self.is_silent(other, silence).await == Some(true) {
                self.outlive(other).await;
                gone = Some(other);
            }
        }
    }

    /// The other life of the name that the log tells of, if there is one.
    async fn other(&self) -> Option<LifeId> {
        let id = self.identity.aggregate();
        let loaded = self.journal.load::<Instance>(&id).await;
        let state = loaded.inspect_err(|error| tracing::debug!(%error, "the log cannot be read")).ok()?.state;
        match state.life() {
            _ if !state.is_alive() => None,
            Some(life) if life == self.identity.life => state.conflict,
            Some(life) => Some(life),
            None => None,
        }
    }

    /// Whether no heartbeat of that life comes for so long; none when nothing can be seen.
    async fn is_silent(&self, other: LifeId, silence: Duration) -> Option<bool> {
        let namespace = self.connection.namespace();
        let subject = namespace.heartbeat_subject(&self.identity.service, &self.identity.instance);
        let stream =
            self.connection.jetstream().get_stream_no_info(namespace.heartbeats_stream()).await.ok()?;
        let mut last = stream.get_last_raw_message_by_subject(&subject).await.ok()?.sequence;
        tokio::time::sleep(silence).await;
        let mut sees_itself = false;
        for _ in 0..LOOKED_AT {
            let Ok(next) = stream.get_first_raw_message_by_subject(&subject, last + 1).await else { break };
            last = next.sequence;
            let life =
                Heartbeat::read(&next.payload, DateTime::UNIX_EPOCH).ok().and_then(|it| it.heartbeat.life);
            if life == Some(other) {
                return Some(false);
            }
            sees_itself |= life == Some(self.identity.life);
        }
        sees_itself.then_some(true)
    }

    /// Tells the log that this process is the only one of its name.
    async fn outlive(&self, other: LifeId) {
        let status = Command::ChangeStatus {
            to: *self.status.borrow(),
            reason: Some("the only process left".to_owned()),
        };
        let commands = [
            Command::EndConflict { life: other },
            Command::Succeed { life: other, registration: self.identity.registration.clone() },
            self.identity.own(status),
        ];
        tracing::warn!(instance = %self.identity.instance, "the other process of this name is gone");
        for command in commands {
            let (id, context) = (self.identity.aggregate(), self.identity.context());
            if let Err(error) = self.journal.execute::<Instance>(&id, command, &context).await {
                tracing::warn!(%error, "it was not recorded; trying again");
                return;
            }
        }
    }
}
