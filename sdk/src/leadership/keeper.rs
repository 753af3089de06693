//! Keeps the session of this instance alive, and notices when it is lost.

use std::time::{Duration, Instant};

use aegis_domain::{InstanceName, SessionId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{LeaseStore, SessionRecord};
use super::{Guard, Policy};
use crate::nats::bucket::CasError;
use crate::nats::connection::backoff;

pub(crate) struct Keeper<S> {
    pub(crate) store: S,
    pub(crate) me: InstanceName,
    pub(crate) policy: Policy,
    pub(crate) guard: Guard,
    /// The session of this process that ended with a panic: nobody acts under it any more.
    pub(crate) former: Option<SessionId>,
    /// Whether the instance serves. While it does not, it has no session.
    pub(crate) serving: watch::Receiver<bool>,
}

struct Live {
    record: SessionRecord,
    revision: u64,
    /// When the next renewal is to be sent.
    due: Instant,
}

impl<S: LeaseStore> Keeper<S> {
    /// Renews until stopped, then ends the session so that nobody needs to wait for it.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut last = None;
        let (mut standing, mut serving) = (self.guard.standing(), self.serving.clone());
        let work = async {
            loop {
                // Whoever looks whether it serves has ended with it.
                drop(serving.wait_for(|serves| *serves).await);
                let mut live = self.begin(&mut standing).await;
                last = Some(live.revision);
                loop {
                    if !*serving.borrow_and_update() {
                        self.guard.revoke();
                        let ended = self.store.end_session(&self.me, live.revision).await;
                        tracing::warn!(instance = %self.me, ?ended, "the session was ended: the instance does not serve");
                        break;
                    }
                    if !self.renew(&mut live, &mut standing, &mut serving).await {
                        self.guard.revoke();
                        tracing::warn!(instance = %self.me, "the session was lost; beginning another");
                        break;
                    }
                    last = Some(live.revision);
                }
                last = None;
            }
        };
        let _stopped = stop.run_until_cancelled(work).await;
        self.guard.revoke();
        if let Some(revision) = last {
            // A renewal may have been under way: its revision is then another, the deletion does
            // nothing, and the members fence the session after one lease.
            let ended = self.store.end_session(&self.me, revision).await;
            tracing::debug!(?ended, "session ended");
        }
    }

    /// Creates a session under a fresh id. One that stands under this name already is left alone until it
    /// has stood still for its whole lease: it may be a former life of this instance, or another process
    /// that was given the same name and acts under it.
    async fn begin(&self, standing: &mut watch::Receiver<bool>) -> Live {
        let lease_ms = u64::try_from(self.policy.lease().as_millis()).unwrap_or(u64::MAX);
        let mut still: Option<(u64, Instant)> = None;
        let mut tried = None;
        for attempt in 1.. {
            tokio::time::sleep(backoff(attempt).min(self.policy.rank_step())).await;
            let before = match self.store.session(&self.me).await {
                Ok(before) => before,
                Err(error) => {
                    tracing::warn!(%error, "the lease store cannot be read; trying again");
                    continue;
                }
            };
            let found = before.record.as_ref().map(|record| record.session);
            // One of ours whose acknowledgement was lost goes on. Any other begins under an id of its own: what
            // was tried and is not there may have been there, and have been fenced.
            let session = found.filter(|found| tried == Some(*found));
            let session = session.unwrap_or_else(|| SessionId::from_uuid(Uuid::new_v4()));
            if let Some(other) = before.record.as_ref().filter(|record| !self.is_ours(record, session)) {
                match still {
                    Some((revision, since)) if revision == before.revision => {
                        if since.elapsed() < Duration::from_millis(other.lease_ms) {
                            continue;
                        }
                    }
                    Some(_) => {
                        tracing::warn!(instance = %self.me, "another process runs under this name: give each its own");
                        still = Some((before.revision, Instant::now()));
                        continue;
                    }
                    None => {
                        still = Some((before.revision, Instant::now()));
                        continue;
                    }
                }
            }
            let record = SessionRecord { session, lease_ms, standing: *standing.borrow_and_update() };
            tried = Some(session);
            let sent = Instant::now();
            match self.store.put_session(&self.me, &record, before.revision).await {
                Ok(revision) => {
                    self.guard.begin(session);
                    self.acknowledged(sent);
                    return Live { record, revision, due: sent + self.policy.renew_every() };
                }
                Err(error) => tracing::warn!(%error, "no session yet; trying again"),
            }
        }
        unreachable!("the attempts never end")
    }

    /// Whether the record is of this session, or of one of this process that is over.
    fn is_ours(&self, record: &SessionRecord, session: SessionId) -> bool {
        record.session == session || Some(record.session) == self.former
    }

    /// One renewal, when it is due or there is something to say. False when the session is gone for good.
    async fn renew(
        &self,
        live: &mut Live,
        standing: &mut watch::Receiver<bool>,
        serving: &mut watch::Receiver<bool>,
    ) -> bool {
        tokio::select! {
            () = tokio::time::sleep_until(live.due.into()) => {}
            // The guard keeps the other end.
            _ = standing.changed() => {}
            Ok(()) = serving.changed() => {
                // Looked at before the next renewal.
                serving.mark_changed();
                return true;
            }
        }
        live.record.standing = *standing.borrow_and_update();
        let sent = Instant::now();
        live.due = sent + self.policy.renew_every();
        let renewal = self.store.put_session(&self.me, &live.record, live.revision);
        match tokio::time::timeout(self.patience(), renewal).await {
            Ok(Ok(revision)) => {
                live.revision = revision;
                self.guard.renewed(self.policy.lease());
                self.acknowledged(sent);
                true
            }
            // Either somebody has fenced the session, or an earlier renewal was applied although its
            // acknowledgement never came. The key says which.
            Ok(Err(CasError::Conflict)) => self.adopt(live).await,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a renewal failed; trying again");
                true
            }
            Err(_elapsed) => {
                tracing::warn!("a renewal was not acknowledged within half a lease; trying again");
                true
            }
        }
    }

    async fn adopt(&self, live: &mut Live) -> bool {
        let read = tokio::time::timeout(self.patience(), self.store.session(&self.me));
        let Ok(read) = read.await else {
            tracing::warn!("the session was not read within half a lease; trying again");
            return true;
        };
        match read {
            Ok(found) => match found.record {
                Some(record) if record.session == live.record.session => {
                    live.revision = found.revision;
                    // The renewal that was applied is too old to count from; the next follows at once.
                    live.due = Instant::now();
                    true
                }
                Some(_) | None => false,
            },
            Err(error) => {
                tracing::warn!(%error, "the session cannot be read; trying again");
                true
            }
        }
    }

    /// How long one answer is waited for. When it is lost, as happens when the connection is, there is time
    /// for another try before the lease is over.
    fn patience(&self) -> Duration {
        self.policy.lease() / 2
    }

    fn acknowledged(&self, sent: Instant) {
        self.guard.extend(sent + self.policy.lease() - self.policy.margin());
    }
}
