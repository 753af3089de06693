//! The session of this member: creation, renewal, loss. Pure, as the election is: [`Session::step`] is told
//! what happened and at what time, and says what to do.

mod effect;

use std::time::{Duration, Instant};

use aegis_domain::SessionId;
use aegis_nats::bucket::CasError;

use super::Policy;
use super::store::{SessionRecord, StoreError, Versioned};
pub(super) use effect::{Effect, GuardChange, StoreCall};

/// One thing that has happened.
#[derive(Debug)]
pub(super) enum Input {
    /// Whether the instance serves: while it does not, it has no session.
    Serving(bool),
    /// Whether the member takes groups.
    Eligible(bool),
    /// The session key was read.
    Read(Result<Versioned<SessionRecord>, StoreError>),
    /// The session key was written.
    Written(Result<u64, CasError>),
    /// No answer came within the time that the call was given.
    TimedOut,
    /// The session key was deleted, or not: it is not renewed any more.
    Ended,
    /// The pause before the next try, or until the next renewal, is over.
    Waited,
}

#[derive(Debug)]
pub(super) struct Session {
    policy: Policy,
    /// The session of this process that ended with a panic: no handler acts under it any more.
    former: Option<SessionId>,
    serving: bool,
    eligible: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The instance does not serve.
    Away,
    /// A session is being begun.
    Beginning(Beginning),
    /// There is one.
    Live(Live),
    /// It is being ended, since the instance does not serve.
    Ending,
}

#[derive(Debug, Default)]
struct Beginning {
    attempt: usize,
    /// Since when a record of somebody else stands still, and at which revision.
    still: Option<(u64, Instant)>,
    /// The last session that was tried to be written.
    tried: Option<SessionId>,
    /// What is being written, and when it was sent.
    writing: Option<(SessionRecord, Instant)>,
}

#[derive(Debug)]
struct Live {
    record: SessionRecord,
    revision: u64,
    /// When the next renewal is to be sent.
    due: Instant,
    activity: Activity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    /// Nothing is under way.
    Resting,
    /// A renewal that was sent then is under way.
    Renewing(Instant),
    /// The key is read: it says what became of an earlier renewal.
    Reading,
}

impl Session {
    pub(super) fn new(policy: Policy, former: Option<SessionId>, eligible: bool) -> Self {
        Self { policy, former, serving: false, eligible, stage: Stage::Away }
    }

    /// Takes what has happened, and says what to do about it, at most one call or pause. `fresh` is the id of the session
    /// if one is begun now: no id may be given twice.
    pub(super) fn step(&mut self, input: Input, now: Instant, fresh: SessionId) -> Vec<Effect> {
        match input {
            Input::Serving(serving) => self.serving = serving,
            Input::Eligible(eligible) => self.eligible = eligible,
            Input::Read(_) | Input::Written(_) | Input::TimedOut | Input::Ended | Input::Waited => {}
        }
        match std::mem::replace(&mut self.stage, Stage::Away) {
            Stage::Away if self.serving => self.begin(),
            Stage::Away => Vec::new(),
            Stage::Beginning(beginning) => self.go_on_beginning(beginning, input, now, fresh),
            Stage::Live(live) => self.go_on_living(live, input, now),
            Stage::Ending => match input {
                Input::Ended if self.serving => self.begin(),
                Input::Ended => Vec::new(),
                Input::Serving(_)
                | Input::Eligible(_)
                | Input::Read(_)
                | Input::Written(_)
                | Input::TimedOut
                | Input::Waited => {
                    self.stage = Stage::Ending;
                    Vec::new()
                }
            },
        }
    }

    /// The revision to end when the member stops, if it has a session. A renewal may be under way: its revision is then
    /// another, the deletion does nothing, and the others fence the session after one lease.
    pub(super) fn revision(&self) -> Option<u64> {
        match &self.stage {
            Stage::Live(live) => Some(live.revision),
            Stage::Away | Stage::Beginning(_) | Stage::Ending => None,
        }
    }

    /// How long one answer is waited for. When it is lost, as happens when the connection is, there is time
    /// for another try before the lease is over.
    fn patience(&self) -> Duration {
        self.policy.lease() / 2
    }

    /// Creates a session under a fresh id. One that stands under this name already is left alone until it
    /// has stood still for its whole lease: it may be a former life of this instance, or another process
    /// that was given the same name and acts under it.
    fn begin(&mut self) -> Vec<Effect> {
        self.stage = Stage::Beginning(Beginning { attempt: 1, ..Beginning::default() });
        vec![Effect::Call(StoreCall::Read, None)]
    }

    fn retry(&mut self, mut beginning: Beginning) -> Vec<Effect> {
        beginning.attempt += 1;
        let wait = Effect::Retry { attempt: beginning.attempt, at_most: self.policy.rank_step() };
        self.stage = Stage::Beginning(beginning);
        vec![wait]
    }

    fn go_on_beginning(
        &mut self,
        mut beginning: Beginning,
        input: Input,
        now: Instant,
        fresh: SessionId,
    ) -> Vec<Effect> {
        match input {
            Input::Waited => {
                self.stage = Stage::Beginning(beginning);
                vec![Effect::Call(StoreCall::Read, None)]
            }
            Input::Read(Ok(before)) => self.write_first(beginning, &before, now, fresh),
            Input::Read(Err(error)) => {
                tracing::warn!(%error, "the lease store cannot be read; trying again");
                self.retry(beginning)
            }
            Input::Written(Ok(revision)) => {
                let Some((record, sent)) = beginning.writing.take() else { return self.retry(beginning) };
                let session = record.session;
                let mut effects = vec![Effect::Guard(GuardChange::Begin(session))];
                effects.push(self.extend(sent));
                let due = sent + self.policy.renew_every();
                let live = Live { record, revision, due, activity: Activity::Resting };
                effects.extend(self.rest(live, now));
                effects
            }
            Input::Written(Err(error)) => {
                tracing::warn!(%error, "no session yet; trying again");
                self.retry(beginning)
            }
            Input::Serving(_) | Input::Eligible(_) | Input::TimedOut | Input::Ended => {
                self.stage = Stage::Beginning(beginning);
                Vec::new()
            }
        }
    }

    fn write_first(
        &mut self,
        mut beginning: Beginning,
        before: &Versioned<SessionRecord>,
        now: Instant,
        fresh: SessionId,
    ) -> Vec<Effect> {
        let found = before.record.as_ref().map(|record| record.session);
        // One of ours whose acknowledgement was lost goes on. Any other begins under an id of its own: what
        // was tried and is not there may have been there, and have been fenced.
        let session = found.filter(|found| beginning.tried == Some(*found)).unwrap_or(fresh);
        let is_ours =
            |record: &SessionRecord| record.session == session || Some(record.session) == self.former;
        if let Some(other) = before.record.as_ref().filter(|record| !is_ours(record)) {
            let lease = Duration::from_millis(other.lease_ms);
            match beginning.still {
                Some((revision, since)) if revision == before.revision => {
                    if now.saturating_duration_since(since) < lease {
                        return self.retry(beginning);
                    }
                }
                Some(_) => {
                    tracing::warn!("another process runs under the name of this instance: give each its own");
                    beginning.still = Some((before.revision, now));
                    return self.retry(beginning);
                }
                None => {
                    beginning.still = Some((before.revision, now));
                    return self.retry(beginning);
                }
            }
        }
        let lease_ms = u64::try_from(self.policy.lease().as_millis()).unwrap_or(u64::MAX);
        let record = SessionRecord { session, lease_ms, eligible: self.eligible };
        beginning.tried = Some(session);
        beginning.writing = Some((record.clone(), now));
        self.stage = Stage::Beginning(beginning);
        vec![Effect::Call(StoreCall::Put(record, before.revision), None)]
    }

    fn go_on_living(&mut self, mut live: Live, input: Input, now: Instant) -> Vec<Effect> {
        match (live.activity, input) {
            (Activity::Renewing(sent), Input::Written(Ok(revision))) => {
                live.revision = revision;
                let mut effects = vec![Effect::Guard(GuardChange::Renewed(self.policy.lease()))];
                effects.push(self.extend(sent));
                effects.extend(self.rest(live, now));
                effects
            }
            // Either somebody has fenced the session, or an earlier renewal was applied although its
            // acknowledgement never came. The key says which.
            (Activity::Renewing(_), Input::Written(Err(CasError::Conflict))) => {
                live.activity = Activity::Reading;
                self.stage = Stage::Live(live);
                vec![Effect::Call(StoreCall::Read, Some(self.patience()))]
            }
            (Activity::Renewing(_), Input::Written(Err(error))) => {
                tracing::warn!(%error, "a renewal failed; trying again");
                self.rest(live, now)
            }
            (Activity::Renewing(_), Input::TimedOut) => {
                tracing::warn!("a renewal was not acknowledged within half a lease; trying again");
                self.rest(live, now)
            }
            (Activity::Reading, Input::Read(Ok(found))) => match found.record {
                Some(record) if record.session == live.record.session => {
                    live.revision = found.revision;
                    // The renewal that was applied is too old to count from; the next follows at once.
                    live.due = now;
                    self.rest(live, now)
                }
                Some(_) | None => {
                    tracing::warn!("the session was lost; beginning another");
                    let mut effects = vec![Effect::Guard(GuardChange::Revoke)];
                    if self.serving {
                        effects.extend(self.begin());
                    }
                    effects
                }
            },
            (Activity::Reading, Input::Read(Err(error))) => {
                tracing::warn!(%error, "the session cannot be read; trying again");
                self.rest(live, now)
            }
            (Activity::Reading, Input::TimedOut) => {
                tracing::warn!("the session was not read within half a lease; trying again");
                self.rest(live, now)
            }
            (Activity::Resting, _) => self.rest(live, now),
            (Activity::Renewing(_) | Activity::Reading, _) => {
                self.stage = Stage::Live(live);
                Vec::new()
            }
        }
    }

    /// The next renewal when it is due or there is something to say; none once the instance does not serve.
    fn rest(&mut self, mut live: Live, now: Instant) -> Vec<Effect> {
        live.activity = Activity::Resting;
        if !self.serving {
            tracing::warn!("the session is ended: the instance does not serve");
            self.stage = Stage::Ending;
            let end = StoreCall::End(live.revision);
            return vec![Effect::Guard(GuardChange::Revoke), Effect::Call(end, None)];
        }
        if now < live.due && live.record.eligible == self.eligible {
            let wait = Effect::Until(live.due);
            self.stage = Stage::Live(live);
            return vec![wait];
        }
        live.record.eligible = self.eligible;
        live.due = now + self.policy.renew_every();
        live.activity = Activity::Renewing(now);
        let call = StoreCall::Put(live.record.clone(), live.revision);
        self.stage = Stage::Live(live);
        vec![Effect::Call(call, Some(self.patience()))]
    }

    /// The owner may act for a lease less its margin, counted from when the renewal was sent.
    fn extend(&self, sent: Instant) -> Effect {
        Effect::Guard(GuardChange::Extend(sent + self.policy.lease() - self.policy.margin()))
    }
}
