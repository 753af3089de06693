//! What one member has seen of the others: pure, so that every rule about time can be tested.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aegis_domain::claim::{first, rank};
use aegis_domain::{GroupName, InstanceName, SessionId};

use super::pauses::Pauses;
use crate::leadership::store::{Holder, OwnerRecord, PauseRecord, SessionRecord, Versioned};
use crate::leadership::{Policy, Roster};

#[derive(Debug)]
pub(super) struct Observer {
    me: InstanceName,
    policy: Policy,
    roster: Roster,
    sessions: BTreeMap<InstanceName, Seen>,
    /// When each session that has ended was last seen to be renewed.
    ended: BTreeMap<SessionId, Instant>,
    /// The last session of this member's own that was seen to end.
    mine_ended: Option<SessionId>,
    groups: BTreeMap<GroupName, Group>,
    /// How many of them are vacant.
    vacant: usize,
    pauses: Pauses,
}

/// A session, and since when its revision stands still.
#[derive(Debug, Clone, Copy)]
struct Seen {
    session: SessionId,
    revision: u64,
    lease: Duration,
    eligible: bool,
    since: Instant,
    /// It was examined: not again before this.
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct Group {
    revision: u64,
    record: Option<OwnerRecord>,
    /// Since when no owner is known.
    vacant_since: Option<Instant>,
    /// When its lost owner was last seen to renew; `vacant_since` when it gave the group up.
    unheard_since: Option<Instant>,
    /// After a failed claim, not before this.
    not_before: Option<Instant>,
}

/// A group that this member is to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) group: GroupName,
    /// Its owner key, as last seen. The claim expects that revision, so an old view of it does no harm.
    pub(super) before: Versioned<OwnerRecord>,
    /// Whether the end of its holder's session was seen. A session ends once, so that is for good;
    /// without it, the session has to be looked at.
    pub(super) proven: bool,
    /// How long it has had no owner, as this member saw it: since the owner gave it up, or since it was
    /// last seen to renew its session.
    pub(super) vacancy: Duration,
}

/// When this member may claim a vacant group.
#[derive(Debug, Clone, Copy)]
struct ClaimSlot {
    /// How many members claim it before.
    rank: u32,
    at: Instant,
}

impl Observer {
    pub(super) fn new(me: InstanceName, policy: Policy, roster: Roster, now: Instant) -> Self {
        let groups: BTreeMap<_, _> =
            roster.declared.iter().map(|group| (group.clone(), Group::vacant(now))).collect();
        let (sessions, ended, vacant) = (BTreeMap::new(), BTreeMap::new(), groups.len());
        Self {
            me,
            policy,
            roster,
            sessions,
            ended,
            mine_ended: None,
            groups,
            vacant,
            pauses: Pauses::default(),
        }
    }

    /// A session was seen: by the watch, or by a direct read.
    pub(super) fn see_session(
        &mut self,
        instance: &InstanceName,
        found: &Versioned<SessionRecord>,
        now: Instant,
    ) {
        let known = self.sessions.get(instance).copied();
        match &found.record {
            Some(_) if known.is_some_and(|known| known.revision >= found.revision) => {}
            Some(record) => {
                let seen = Seen {
                    session: record.session,
                    revision: found.revision,
                    lease: Duration::from_millis(record.lease_ms),
                    eligible: record.eligible,
                    since: now,
                    not_before: None,
                };
                self.sessions.insert(instance.clone(), seen);
                // A renewal changes nothing for the groups, and most of what is seen is a renewal.
                if known.is_none_or(|known| known.session != seen.session) {
                    self.session_changed(instance, known, now);
                }
            }
            // A deletion is older than what we know when its revision is lower; revision 0 is a key
            // that has left no trace.
            None => {
                if known.is_some_and(|known| found.revision == 0 || known.revision < found.revision) {
                    self.sessions.remove(instance);
                    self.session_changed(instance, known, now);
                }
            }
        }
    }

    /// An owner was seen: by the watch, or by a direct read.
    pub(super) fn see_owner(&mut self, name: &GroupName, found: Versioned<OwnerRecord>, now: Instant) {
        // A group that is taken on demand is known from its first owner on.
        if found.record.is_some() && !self.groups.contains_key(name) && self.roster.takes(name) {
            self.groups.insert(name.clone(), Group::vacant(now));
            self.vacant += 1;
        }
        let Some(group) = self.groups.get_mut(name) else { return };
        if found.revision < group.revision {
            return;
        }
        group.revision = found.revision;
        group.record = found.record;
        group.not_before = None;
        let was_vacant = group.is_vacant();
        group.look_for_vacancy(&self.sessions, &self.ended, now);
        self.vacant = self.vacant - usize::from(was_vacant) + usize::from(group.is_vacant());
    }

    /// A pause of automatic failover was seen, or its end.
    pub(super) fn see_pause(
        &mut self,
        group: Option<GroupName>,
        found: &Versioned<PauseRecord>,
        now: Instant,
    ) {
        self.pauses.see(group, found, now);
    }

    /// A watch begins: of a pause that has ended unheard it says nothing.
    pub(super) fn doubt_pauses(&mut self, now: Instant) {
        self.pauses.doubt(now);
    }

    /// Whether this session of the member's own was seen to end. Its keeper may not know yet: it waits for
    /// an acknowledgement that never comes.
    pub(super) fn is_over(&self, mine: SessionId) -> bool {
        self.mine_ended == Some(mine)
    }

    /// A claim failed for a reason that passes: not again for a rank step.
    pub(super) fn hold_off(&mut self, name: &GroupName, now: Instant) {
        if let Some(group) = self.groups.get_mut(name) {
            group.not_before = Some(now + self.policy.rank_step());
        }
    }

    /// The other members' sessions whose revision has stood still for a whole lease.
    pub(super) fn silent(&self, now: Instant) -> Vec<(InstanceName, u64)> {
        let silent = self.others().filter(|(_, seen)| now >= seen.due());
        silent.map(|(instance, seen)| (instance.clone(), seen.revision)).collect()
    }

    /// A silent session was examined: if it still is what was seen, look again a little later.
    pub(super) fn retry_session(&mut self, instance: &InstanceName, now: Instant) {
        if let Some(seen) = self.sessions.get_mut(instance) {
            seen.not_before = Some(now + self.policy.rank_step());
        }
    }

    /// The vacant groups that it is this member's turn to claim, in the order in which it claims them: first those that are
    /// its own to claim, then what others have left longer than they should, from the other end. Members that claim the
    /// same groups so meet once, and do not get in each other's way at each of them.
    pub(super) fn due(&self, now: Instant) -> Vec<GroupName> {
        let (mut own, mut left) = (Vec::new(), Vec::new());
        for (name, group) in self.vacant_groups() {
            match self.claim_slot(name, group) {
                Some(turn) if now < turn.at => {}
                Some(turn) if turn.rank == 0 => own.push(name.clone()),
                Some(_) => left.push(name.clone()),
                None => {}
            }
        }
        own.extend(left.into_iter().rev());
        own
    }

    /// What is to be claimed of a group, if it still is this member's turn.
    pub(super) fn candidate(&self, name: &GroupName, now: Instant) -> Option<Candidate> {
        let group = self.groups.get(name)?;
        self.claim_slot(name, group).filter(|slot| now >= slot.at)?;
        Some(Candidate {
            group: name.clone(),
            before: Versioned { revision: group.revision, record: group.record.clone() },
            proven: group.holder().is_none_or(|holder| self.has_ended(holder)),
            vacancy: now.saturating_duration_since(group.unheard_since.unwrap_or(now)),
        })
    }

    /// The revision of the owner key of a group, as far as was seen.
    pub(super) fn revision(&self, name: &GroupName) -> u64 {
        self.groups.get(name).map_or(0, |group| group.revision)
    }

    /// What the owner key of a group said last.
    pub(super) fn owner(&self, name: &GroupName) -> Option<Versioned<OwnerRecord>> {
        let group = self.groups.get(name)?;
        Some(Versioned { revision: group.revision, record: group.record.clone() })
    }

    /// The groups whose owner key names this session, as far as was seen.
    pub(super) fn held_under(&self, session: SessionId) -> Vec<(GroupName, Versioned<OwnerRecord>)> {
        let held = self
            .groups
            .iter()
            .filter(|(_, group)| group.holder().is_some_and(|holder| holder.session == session));
        let found = |group: &Group| Versioned { revision: group.revision, record: group.record.clone() };
        held.map(|(name, group)| (name.clone(), found(group))).collect()
    }

    /// Whether the owner of the group has a session that lives, as far as was seen.
    pub(super) fn is_owned(&self, name: &GroupName) -> bool {
        self.groups.get(name).is_some_and(|group| !group.is_vacant())
    }

    /// Whether the end of the holder's session was seen; it ends once, so that is for good.
    pub(super) fn has_ended(&self, holder: &Holder) -> bool {
        self.ended.contains_key(&holder.session)
    }

    /// Who is to have the group: this other member, or the one that would claim it first. It lives and
    /// stands, as far as was seen. Never this member itself.
    pub(super) fn successor(&self, group: &GroupName, to: Option<&InstanceName>) -> Option<Holder> {
        let others = self.others().filter(|(_, seen)| seen.eligible).map(|(instance, _)| instance);
        let chosen = match to {
            Some(to) => others.filter(|other| *other == to).last(),
            None => first(group, others),
        };
        let (instance, seen) = self.sessions.get_key_value(chosen?)?;
        Some(Holder { instance: instance.clone(), session: seen.session })
    }

    /// Whether this member would claim the group before that other one.
    pub(super) fn precedes(&self, group: &GroupName, other: &InstanceName) -> bool {
        first(group, [&self.me, other]) == Some(&self.me)
    }

    /// How many groups there are.
    pub(super) fn count(&self) -> usize {
        self.groups.len()
    }

    /// Whether this member takes part in the election of the group.
    pub(super) fn takes(&self, group: &GroupName) -> bool {
        self.roster.takes(group)
    }

    /// When something is to be done next, if nothing is seen before: by a member that `claims` groups, or
    /// by one that cannot now.
    pub(super) fn next_deadline(&self, claims: bool) -> Option<Instant> {
        let sessions = self.others().map(|(_, seen)| seen.due());
        let slots =
            || self.vacant_groups().filter_map(|(name, group)| Some(self.claim_slot(name, group)?.at));
        sessions.chain(claims.then(slots).into_iter().flatten()).min()
    }

    /// Whether a group has become vacant in this time, and still is.
    pub(super) fn is_vacant_within(&self, time: Duration, now: Instant) -> bool {
        let within = |since| now.saturating_duration_since(since) < time;
        self.vacant_groups().any(|(_, group)| group.vacant_since.is_some_and(within))
    }

    /// The vacant groups. Nothing is looked for while there are none, which is nearly always.
    fn vacant_groups(&self) -> impl Iterator<Item = (&GroupName, &Group)> {
        let groups = (self.vacant > 0).then_some(&self.groups);
        groups.into_iter().flatten().filter(|(_, group)| group.is_vacant())
    }

    fn others(&self) -> impl Iterator<Item = (&InstanceName, &Seen)> {
        self.sessions.iter().filter(|(instance, _)| **instance != self.me)
    }

    fn claim_slot(&self, name: &GroupName, group: &Group) -> Option<ClaimSlot> {
        let vacant_since = group.vacant_since?;
        // Members that start together would otherwise find only themselves, and the first of them
        // would take every group: a group that nobody ever led waits for one lease.
        let settle = if group.record.is_none() { self.policy.lease() } else { Duration::ZERO };
        // A member that has just given the group up does not take part, although its session lives.
        let resigned = group.resigned();
        let eligible = self.sessions.iter().filter(|(_, seen)| seen.eligible).map(|(member, _)| member);
        let members = eligible.filter(|member| Some(*member) != resigned);
        let rank = rank(name, &self.me, members);
        let at = vacant_since + settle + self.policy.rank_step() * rank;
        let not_before = group.not_before.max(self.paused_until(name, group));
        Some(ClaimSlot { rank, at: not_before.map_or(at, |not_before| at.max(not_before)) })
    }

    /// Until when only its last owner may take the group, if that has lost or left it in a pause.
    fn paused_until(&self, name: &GroupName, group: &Group) -> Option<Instant> {
        let last = group.holder().map(|holder| &holder.instance).or_else(|| group.resigned())?;
        self.pauses.until(name).filter(|_| *last != self.me)
    }

    /// A session has ended (this one, if there was one) or begun: who owns what?
    fn session_changed(&mut self, instance: &InstanceName, ended: Option<Seen>, now: Instant) {
        if *instance == self.me {
            self.mine_ended = ended.map(|ended| ended.session).or(self.mine_ended);
        }
        self.ended.extend(ended.map(|ended| (ended.session, ended.since)));
        for group in self.groups.values_mut() {
            group.look_for_vacancy(&self.sessions, &self.ended, now);
        }
        self.vacant = self.groups.values().filter(|group| group.is_vacant()).count();
        // What no group waits for any more is forgotten.
        let waited_for: BTreeSet<_> =
            self.groups.values().filter_map(|group| Some(group.holder()?.session)).collect();
        self.ended.retain(|session, _| waited_for.contains(session));
    }
}

impl Seen {
    /// When it is to be examined.
    fn due(&self) -> Instant {
        let silent = self.since + self.lease;
        self.not_before.map_or(silent, |not_before| silent.max(not_before))
    }
}

impl Group {
    fn vacant(now: Instant) -> Self {
        Self { revision: 0, record: None, vacant_since: Some(now), unheard_since: None, not_before: None }
    }

    fn is_vacant(&self) -> bool {
        self.vacant_since.is_some()
    }

    fn holder(&self) -> Option<&Holder> {
        self.record.as_ref()?.holder.as_ref()
    }

    /// The member that gave the group up, while it is vacant.
    fn resigned(&self) -> Option<&InstanceName> {
        let record = self.record.as_ref().filter(|record| record.holder.is_none())?;
        Some(&record.predecessors.last()?.instance)
    }

    fn look_for_vacancy(
        &mut self,
        sessions: &BTreeMap<InstanceName, Seen>,
        ended: &BTreeMap<SessionId, Instant>,
        now: Instant,
    ) {
        let holder = self.holder();
        let held = holder.is_some_and(|holder| {
            sessions.get(&holder.instance).is_some_and(|seen| seen.session == holder.session)
        });
        let unheard = holder.and_then(|holder| ended.get(&holder.session)).copied();
        if held {
            (self.vacant_since, self.unheard_since) = (None, None);
        } else {
            self.vacant_since = self.vacant_since.or(Some(now));
            self.unheard_since = self.unheard_since.or(unheard).or(self.vacant_since);
        }
    }
}

#[cfg(test)]
#[path = "observer_tests.rs"]
mod tests;
