//! The guard: checks the lease before each exclusive handler, and again before its reply.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aegis_domain::wire::control::Owner;
use aegis_domain::{GroupName, SessionId, Term};
use tokio::sync::watch;

use super::health::LeaseHealth;

/// What an instance owns, and until when it may act. Cheap to clone; all clones are one guard.
///
/// # Examples
/// ```no_run
/// # async fn example(service: aegis_sdk::Service) -> Result<(), Box<dyn std::error::Error>> {
/// let guard = service.guard();
/// for (group, term) in guard.serving() {
///     println!("{group} in term {term}");
/// }
/// // Work beside calls, a timer say: only while the group is owned, and again before what it does takes effect.
/// let account = "ACC-1".parse()?;
/// if let Some(term) = guard.admit(&account) {
///     let still = guard.still_holds(&account, term);
///     println!("{still}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

/// Leave to handle one call. The group is not handed over while it lives, up to the service's drain
/// time.
#[derive(Debug)]
pub struct Permit {
    term: Term,
    calls: watch::Sender<usize>,
}

/// How a group is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    /// The term.
    pub term: Term,
    /// It is on its way to another: no new call is taken.
    pub leaving: bool,
}

#[derive(Debug)]
struct Inner {
    epoch: Instant,
    /// Nanoseconds after `epoch`; the owner may act before that.
    deadline: AtomicU64,
    held: RwLock<Held>,
    changes: watch::Sender<u64>,
    /// As in `held`, for those who wait for a change of it.
    session: watch::Sender<Option<SessionId>>,
    eligible: watch::Sender<bool>,
    health: LeaseHealth,
}

#[derive(Debug, Default)]
struct Held {
    session: Option<SessionId>,
    groups: HashMap<GroupName, Tenancy>,
    /// Who owns which group, as last heard: for refusals that say where to go.
    owners: HashMap<GroupName, Owner>,
}

#[derive(Debug)]
struct Tenancy {
    term: Term,
    /// Whether the log has it, where it must have it first.
    recorded: bool,
    /// On its way to another: what runs may finish.
    leaving: bool,
    /// How many calls are being handled.
    calls: watch::Sender<usize>,
}

impl Tenancy {
    fn serves(&self) -> bool {
        self.recorded && !self.leaving
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                epoch: Instant::now(),
                deadline: AtomicU64::new(0),
                held: RwLock::default(),
                changes: watch::Sender::new(0),
                session: watch::Sender::new(None),
                eligible: watch::Sender::new(true),
                health: LeaseHealth::default(),
            }),
        }
    }
}

impl Guard {
    /// The term under which the instance may begin to act for the group now; `None` when it may not.
    #[must_use]
    pub fn admit(&self, group: &GroupName) -> Option<Term> {
        self.look(group, Instant::now, |tenancy| tenancy.serves().then_some(tenancy.term))
    }

    /// The same at that time.
    #[cfg(test)]
    pub(super) fn admit_at(&self, group: &GroupName, now: Instant) -> Option<Term> {
        self.look(group, || now, |tenancy| tenancy.serves().then_some(tenancy.term))
    }

    /// Whether what was begun under this term may still be finished.
    #[must_use]
    pub fn still_holds(&self, group: &GroupName, term: Term) -> bool {
        self.look(group, Instant::now, |tenancy| (tenancy.term == term).then_some(())).is_some()
    }

    /// The groups that the instance takes calls for.
    #[must_use]
    pub fn serving(&self) -> BTreeMap<GroupName, Term> {
        self.groups_that(Tenancy::serves)
    }

    /// Moves on whenever [`Guard::serving`] may have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Who owns the group, as far as this instance has heard.
    #[must_use]
    pub fn owner_of(&self, group: &GroupName) -> Option<Owner> {
        self.held().owners.get(group).cloned()
    }

    /// Like [`Guard::admit`], with leave to handle one call.
    pub fn enter(&self, group: &GroupName) -> Option<Permit> {
        self.look(group, Instant::now, |tenancy| {
            tenancy.serves().then(|| {
                // Under the lock, so that whoever ends the stage after this sees the call.
                tenancy.calls.send_modify(|calls| *calls += 1);
                Permit { term: tenancy.term, calls: tenancy.calls.clone() }
            })
        })
    }

    /// Whether the group is on its way to another.
    pub fn is_leaving(&self, group: &GroupName) -> bool {
        self.held().groups.get(group).is_some_and(|tenancy| tenancy.leaving)
    }

    /// A new session begins; everything held under the one before is over.
    pub fn begin(&self, session: SessionId) {
        self.change(|held| (held.session, held.groups) = (Some(session), HashMap::new()));
        self.inner.session.send_replace(Some(session));
    }

    /// The session is lost: nothing is held any more.
    pub fn revoke(&self) {
        self.inner.deadline.store(0, Ordering::SeqCst);
        self.change(|held| (held.session, held.groups) = (None, HashMap::new()));
        self.inner.session.send_replace(None);
    }

    /// A renewal of this lease was acknowledged in time, or late: for [`Guard::lowest_lease`].
    pub fn renewed(&self, lease: Duration) {
        let now = Instant::now();
        self.inner.health.renewed(self.deadline().saturating_duration_since(now), lease, now);
    }

    /// What was left of the lease at worst when a renewal was acknowledged, over the last minute, in percent; none when
    /// nothing was renewed in it.
    pub fn lowest_lease(&self) -> Option<u8> {
        self.inner.health.lowest(Instant::now())
    }

    /// A renewal was acknowledged: the owner may act until then.
    pub fn extend(&self, until: Instant) {
        let nanos = until.saturating_duration_since(self.inner.epoch).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        let before = self.inner.deadline.fetch_max(nanos, Ordering::SeqCst);
        if Duration::from_nanos(before) <= self.inner.epoch.elapsed() {
            self.inner.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// These groups are owned under this session. They are served at once, or once the log has them.
    /// Does nothing when that session is over.
    pub fn grant(
        &self,
        session: SessionId,
        owned: impl IntoIterator<Item = (GroupName, Term)>,
        recorded: bool,
    ) {
        self.change(|held| {
            if held.session == Some(session) {
                let tenancy = |term| Tenancy { term, recorded, leaving: false, calls: watch::Sender::new(0) };
                for (group, term) in owned {
                    held.owners.remove(&group);
                    held.groups.insert(group, tenancy(term));
                }
            }
        });
    }

    /// The log has this term.
    pub fn recorded(&self, group: &GroupName, term: Term) {
        self.alter(group, term, |tenancy| tenancy.recorded = true);
    }

    /// No new call is taken for the group; what runs may finish. False when it is not held under this
    /// term. The receiver tells how many calls still run.
    pub fn leave(&self, group: &GroupName, term: Term) -> Option<watch::Receiver<usize>> {
        self.change(|held| {
            let tenancy = held.groups.get_mut(group).filter(|tenancy| tenancy.term == term)?;
            tenancy.leaving = true;
            Some(tenancy.calls.subscribe())
        })
    }

    /// The group is served as before: it was not handed over.
    pub fn stay(&self, group: &GroupName, term: Term) {
        self.alter(group, term, |tenancy| tenancy.leaving = false);
    }

    /// The group was given up, or belongs to another. A later term of it stays.
    pub fn release(&self, group: &GroupName, term: Term) {
        self.change(|held| {
            if held.groups.get(group).is_some_and(|tenancy| tenancy.term == term) {
                held.groups.remove(group);
            }
        });
    }

    /// Who owns the group, if anybody does.
    pub fn hear(&self, group: &GroupName, owner: Option<Owner>) {
        // Nothing that others wait for: no word of a change.
        let mut held = self.inner.held.write().unwrap_or_else(PoisonError::into_inner);
        match owner {
            Some(owner) => held.owners.insert(group.clone(), owner),
            None => held.owners.remove(group),
        };
    }

    /// Whether the instance takes groups.
    pub fn set_eligible(&self, eligible: bool) {
        self.inner.eligible.send_replace(eligible);
    }

    /// Whether the instance takes groups, and each change of it.
    pub fn eligible(&self) -> watch::Receiver<bool> {
        self.inner.eligible.subscribe()
    }

    /// The session in force, and each change of it.
    pub fn sessions(&self) -> watch::Receiver<Option<SessionId>> {
        self.inner.session.subscribe()
    }

    /// The session in force.
    pub fn session(&self) -> Option<SessionId> {
        self.held().session
    }

    /// Until when the owner may act.
    pub fn deadline(&self) -> Instant {
        self.inner.epoch + Duration::from_nanos(self.inner.deadline.load(Ordering::SeqCst))
    }

    /// The term under which the group is held, served or not.
    pub fn held_term(&self, group: &GroupName) -> Option<Term> {
        Some(self.held().groups.get(group)?.term)
    }

    /// All groups held, served or not.
    pub fn groups(&self) -> BTreeMap<GroupName, Term> {
        self.groups_that(|_| true)
    }

    /// All groups held, or so many of them.
    pub fn some_groups(&self, most: usize) -> BTreeMap<GroupName, Term> {
        let held = self.held();
        let groups = held.groups.iter().take(most);
        groups.map(|(group, tenancy)| (group.clone(), tenancy.term)).collect()
    }

    /// The groups whose calls are to arrive here: to be served, or to be told where to go. None once the
    /// lease has been over for so long that others have the groups.
    pub fn reachable(&self, grace: Duration) -> BTreeMap<GroupName, Term> {
        if Instant::now() >= self.deadline() + grace {
            return BTreeMap::new();
        }
        self.groups_that(|tenancy| tenancy.recorded)
    }

    /// How each group is held that calls are taken for, or were until it was to be given up. None once the lease has been over
    /// for so long that others have the groups.
    pub fn tenures(&self, grace: Duration) -> BTreeMap<GroupName, Tenure> {
        if Instant::now() >= self.deadline() + grace {
            return BTreeMap::new();
        }
        let held = self.held();
        let recorded = held.groups.iter().filter(|(_, tenancy)| tenancy.recorded);
        recorded
            .map(|(group, tenancy)| (group.clone(), Tenure { term: tenancy.term, leaving: tenancy.leaving }))
            .collect()
    }

    /// The clock is read under the lock: however long that took, nothing is looked at after the deadline.
    fn look<T>(
        &self,
        group: &GroupName,
        clock: impl FnOnce() -> Instant,
        look: impl FnOnce(&Tenancy) -> Option<T>,
    ) -> Option<T> {
        let held = self.held();
        if clock() >= self.deadline() {
            return None;
        }
        held.groups.get(group).and_then(look)
    }

    fn groups_that(&self, wanted: impl Fn(&Tenancy) -> bool) -> BTreeMap<GroupName, Term> {
        let held = self.held();
        let groups = held.groups.iter().filter(|(_, tenancy)| wanted(tenancy));
        groups.map(|(group, tenancy)| (group.clone(), tenancy.term)).collect()
    }

    fn alter(&self, group: &GroupName, term: Term, alter: impl FnOnce(&mut Tenancy)) {
        self.change(|held| {
            if let Some(tenancy) = held.groups.get_mut(group).filter(|tenancy| tenancy.term == term) {
                alter(tenancy);
            }
        });
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.inner.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut held = self.inner.held.write().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut held);
        drop(held);
        self.inner.changes.send_modify(|changes| *changes += 1);
        answer
    }
}

impl Permit {
    /// The term under which the call is handled.
    pub fn term(&self) -> Term {
        self.term
    }

    /// Waits until no other call of the group is handled.
    pub async fn alone(&self) {
        // This permit keeps the sender.
        drop(self.calls.subscribe().wait_for(|calls| *calls <= 1).await);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.calls.send_modify(|calls| *calls -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn owner() -> (Guard, SessionId, GroupName) {
        let guard = Guard::default();
        let session = SessionId::from_uuid(Uuid::from_u128(1));
        let group = GroupName::new("ACC-1").unwrap();
        guard.begin(session);
        guard.grant(session, [(group.clone(), Term(3))], true);
        (guard, session, group)
    }

    fn renewed(guard: &Guard) {
        guard.extend(Instant::now() + Duration::from_secs(60));
    }

    #[test]
    fn nothing_is_admitted_before_a_renewal_or_after_the_deadline() {
        let (guard, _, group) = owner();
        assert_eq!(guard.admit(&group), None);
        renewed(&guard);
        assert_eq!(guard.admit(&group), Some(Term(3)));
        let (late, _, group) = owner();
        late.extend(Instant::now());
        assert_eq!(late.admit(&group), None);
        assert!(!late.still_holds(&group, Term(3)));
    }

    #[test]
    fn a_leaving_owner_finishes_but_takes_nothing_new_until_it_stays() {
        let (guard, _, group) = owner();
        renewed(&guard);
        let permit = guard.enter(&group).unwrap();
        let calls = guard.leave(&group, Term(3)).unwrap();
        assert_eq!((guard.admit(&group), guard.still_holds(&group, Term(3))), (None, true));
        assert!(guard.serving().is_empty() && guard.reachable(Duration::ZERO).contains_key(&group));
        assert_eq!((*calls.borrow(), permit.term()), (1, Term(3)));
        drop(permit);
        assert_eq!(*calls.borrow(), 0);
        guard.stay(&group, Term(2));
        assert_eq!(guard.admit(&group), None, "another term");
        guard.stay(&group, Term(3));
        assert_eq!(guard.admit(&group), Some(Term(3)));
    }

    #[test]
    fn a_term_that_must_be_in_the_log_first_is_served_once_it_is_there() {
        let (guard, session, group) = owner();
        renewed(&guard);
        guard.grant(session, [(group.clone(), Term(4))], false);
        assert!(guard.enter(&group).is_none() && guard.reachable(Duration::ZERO).is_empty());
        guard.recorded(&group, Term(3));
        assert_eq!(guard.admit(&group), None, "another term");
        guard.recorded(&group, Term(4));
        assert_eq!(guard.admit(&group), Some(Term(4)));
    }

    #[test]
    fn calls_stop_to_arrive_when_the_lease_has_been_over_for_a_while_and_come_again_with_it() {
        let (guard, _, group) = owner();
        guard.extend(Instant::now());
        assert!(guard.reachable(Duration::from_secs(60)).contains_key(&group));
        assert!(guard.reachable(Duration::ZERO).is_empty());
        let mut changes = guard.changes();
        changes.mark_unchanged();
        renewed(&guard);
        assert!(changes.has_changed().unwrap() && guard.reachable(Duration::ZERO).contains_key(&group));
        changes.mark_unchanged();
        renewed(&guard);
        assert!(!changes.has_changed().unwrap(), "a renewal in time changes nothing");
    }

    #[test]
    fn a_term_that_the_log_lacks_is_not_served_because_its_hand_over_came_to_nothing() {
        let (guard, session, group) = owner();
        renewed(&guard);
        guard.grant(session, [(group.clone(), Term(4))], false);
        assert!(guard.leave(&group, Term(4)).is_some());
        guard.stay(&group, Term(4));
        assert_eq!(guard.admit(&group), None);
        // The other way round, the log may hear of it while it is on its way.
        assert!(guard.leave(&group, Term(4)).is_some());
        guard.recorded(&group, Term(4));
        assert_eq!(guard.admit(&group), None);
        guard.stay(&group, Term(4));
        assert_eq!(guard.admit(&group), Some(Term(4)));
    }

    #[test]
    fn a_lost_session_takes_everything_with_it_for_good() {
        let (guard, session, group) = owner();
        renewed(&guard);
        guard.revoke();
        guard.grant(session, [(group.clone(), Term(4))], true);
        renewed(&guard);
        assert_eq!(guard.admit(&group), None);
    }
}
