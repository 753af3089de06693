//! What one member has seen of the others: pure, so that every rule about time can be tested.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, InstanceName, SessionId};

use super::Policy;
use super::rank::rank;
use super::store::{OwnerRecord, SessionRecord, Versioned};

#[derive(Debug)]
pub(super) struct Observer {
    me: InstanceName,
    policy: Policy,
    sessions: BTreeMap<InstanceName, Seen>,
    /// When each session that has ended was last seen to be renewed.
    ended: BTreeMap<SessionId, Instant>,
    groups: BTreeMap<GroupName, Group>,
}

/// A session, and since when its revision stands still.
#[derive(Debug, Clone, Copy)]
struct Seen {
    session: SessionId,
    revision: u64,
    lease: Duration,
    since: Instant,
}

#[derive(Debug)]
struct Group {
    revision: u64,
    record: Option<OwnerRecord>,
    /// Since when nobody is known to own it.
    vacant_since: Option<Instant>,
    /// When its lost owner was last seen to renew; `vacant_since` when it gave the group up.
    unheard_since: Option<Instant>,
    /// After a failed claim, not before this.
    not_before: Option<Instant>,
}

impl Observer {
    pub(super) fn new(me: InstanceName, policy: Policy, groups: &[GroupName], now: Instant) -> Self {
        let vacant = || Group {
            revision: 0,
            record: None,
            vacant_since: Some(now),
            unheard_since: None,
            not_before: None,
        };
        Self {
            me,
            policy,
            sessions: BTreeMap::new(),
            ended: BTreeMap::new(),
            groups: groups.iter().map(|group| (group.clone(), vacant())).collect(),
        }
    }

    /// A session was seen: by the watch, or by a direct read.
    pub(super) fn see_session(
        &mut self,
        instance: &InstanceName,
        found: &Versioned<SessionRecord>,
        now: Instant,
    ) {
        if self
            .sessions
            .get(instance)
            .is_some_and(|seen| seen.revision >= found.revision && found.record.is_some())
        {
            return;
        }
        match &found.record {
            Some(record) => {
                let seen = Seen {
                    session: record.session,
                    revision: found.revision,
                    lease: Duration::from_millis(record.lease_ms),
                    since: now,
                };
                let before = self.sessions.insert(instance.clone(), seen);
                if let Some(before) = before.filter(|before| before.session != seen.session) {
                    self.ended.insert(before.session, before.since);
                }
            }
            // A deletion is older than what we know when its revision is lower; revision 0 is a key
            // that has left no trace.
            None => {
                if self
                    .sessions
                    .get(instance)
                    .is_some_and(|seen| found.revision == 0 || seen.revision < found.revision)
                {
                    let before = self.sessions.remove(instance);
                    self.ended.extend(before.map(|before| (before.session, before.since)));
                }
            }
        }
        self.look_for_vacancies(now);
    }

    /// An owner was seen: by the watch, or by a direct read.
    pub(super) fn see_owner(&mut self, name: &GroupName, found: Versioned<OwnerRecord>, now: Instant) {
        let Some(group) = self.groups.get_mut(name) else { return };
        if found.revision < group.revision {
            return;
        }
        group.revision = found.revision;
        group.record = found.record;
        group.not_before = None;
        self.look_for_vacancies(now);
    }

    /// A claim failed for a reason that passes: not again for a rank step.
    pub(super) fn hold_off(&mut self, name: &GroupName, now: Instant) {
        if let Some(group) = self.groups.get_mut(name) {
            group.not_before = Some(now + self.policy.rank_step());
        }
    }

    /// The other members' sessions whose revision has stood still for a whole lease.
    pub(super) fn silent(&self, now: Instant) -> Vec<(InstanceName, u64)> {
        let silent = self.others().filter(|(_, seen)| now >= seen.since + seen.lease);
        silent.map(|(instance, seen)| (instance.clone(), seen.revision)).collect()
    }

    /// A silent session could not be examined: look again a little later.
    pub(super) fn retry_session(&mut self, instance: &InstanceName, now: Instant) {
        if let Some(seen) = self.sessions.get_mut(instance) {
            seen.since = now.checked_sub(seen.lease.saturating_sub(self.policy.rank_step())).unwrap_or(now);
        }
    }

    /// The vacant groups that it is this member's turn to claim.
    pub(super) fn due(&self, now: Instant) -> Vec<GroupName> {
        let due =
            self.groups.iter().filter(|(name, group)| self.turn(name, group).is_some_and(|turn| now >= turn));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// How long the group has had no owner, as this member saw it: since the owner gave it up, or since it
    /// was last seen to renew its session.
    pub(super) fn vacancy(&self, name: &GroupName, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.groups.get(name)?.unheard_since?))
    }

    /// When something is to be done next, if nothing is seen before.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let sessions = self.others().map(|(_, seen)| seen.since + seen.lease);
        let turns = self.groups.iter().filter_map(|(name, group)| self.turn(name, group));
        sessions.chain(turns).min()
    }

    fn others(&self) -> impl Iterator<Item = (&InstanceName, &Seen)> {
        self.sessions.iter().filter(|(instance, _)| **instance != self.me)
    }

    fn turn(&self, name: &GroupName, group: &Group) -> Option<Instant> {
        let vacant_since = group.vacant_since?;
        // Members that start together would otherwise find only themselves, and the first of them
        // would take every group: a group that nobody ever led waits for one lease.
        let settle = if group.record.is_none() { self.policy.lease() } else { Duration::ZERO };
        let rank = rank(name, &self.me, self.sessions.keys());
        let turn = vacant_since + settle + self.policy.rank_step() * rank;
        Some(group.not_before.map_or(turn, |not_before| turn.max(not_before)))
    }

    fn look_for_vacancies(&mut self, now: Instant) {
        for group in self.groups.values_mut() {
            let holder = group.record.as_ref().and_then(|record| record.holder.as_ref());
            let held = holder.is_some_and(|holder| {
                self.sessions.get(&holder.instance).is_some_and(|seen| seen.session == holder.session)
            });
            if held {
                (group.vacant_since, group.unheard_since) = (None, None);
            } else {
                let unheard = holder.and_then(|holder| self.ended.get(&holder.session)).copied();
                group.vacant_since = group.vacant_since.or(Some(now));
                group.unheard_since = group.unheard_since.or(unheard).or(group.vacant_since);
            }
        }
        // What no group waits for any more is forgotten.
        let holders = self.groups.values().filter_map(|group| group.record.as_ref()?.holder.as_ref());
        let waited_for: BTreeSet<_> = holders.map(|holder| holder.session).collect();
        self.ended.retain(|session, _| waited_for.contains(session));
    }
}

#[cfg(test)]
#[path = "observer_tests.rs"]
mod tests;
