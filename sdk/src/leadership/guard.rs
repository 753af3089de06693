//! The guard that stands before each exclusive handler and again before its reply.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aegis_domain::{GroupName, SessionId, Term};
use tokio::sync::watch;

/// What an instance owns, and until when it may act. Cheap to clone; all clones are one guard.
#[derive(Debug, Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    epoch: Instant,
    /// Nanoseconds after `epoch`; the owner may act before that.
    deadline: AtomicU64,
    held: RwLock<Held>,
    serving: watch::Sender<BTreeMap<GroupName, Term>>,
}

#[derive(Debug, Default)]
struct Held {
    session: Option<SessionId>,
    draining: bool,
    groups: BTreeMap<GroupName, Tenancy>,
}

#[derive(Debug, Clone, Copy)]
struct Tenancy {
    term: Term,
    draining: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                epoch: Instant::now(),
                deadline: AtomicU64::new(0),
                held: RwLock::default(),
                serving: watch::channel(BTreeMap::new()).0,
            }),
        }
    }
}

impl Guard {
    /// The term under which the instance may begin to act for the group now; `None` when it may not.
    #[must_use]
    pub fn admit(&self, group: &GroupName) -> Option<Term> {
        let tenancy = self.tenancy(group)?;
        (!tenancy.draining).then_some(tenancy.term)
    }

    /// Whether what was begun under this term may still be finished.
    #[must_use]
    pub fn still_holds(&self, group: &GroupName, term: Term) -> bool {
        self.tenancy(group).is_some_and(|tenancy| tenancy.term == term)
    }

    /// The groups that the instance takes calls for, and each change of them.
    #[must_use]
    pub fn serving(&self) -> watch::Receiver<BTreeMap<GroupName, Term>> {
        self.inner.serving.subscribe()
    }

    /// A new session begins; everything held under the one before is over.
    pub(crate) fn begin(&self, session: SessionId) {
        self.change(|held| {
            *held = Held { session: Some(session), draining: held.draining, groups: BTreeMap::new() }
        });
    }

    /// The session is lost: nothing is held any more.
    pub(crate) fn revoke(&self) {
        self.inner.deadline.store(0, Ordering::SeqCst);
        self.change(|held| *held = Held { draining: held.draining, ..Held::default() });
    }

    /// A renewal was acknowledged: the owner may act until then.
    pub(crate) fn extend(&self, until: Instant) {
        let nanos = until.saturating_duration_since(self.inner.epoch).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.inner.deadline.fetch_max(nanos, Ordering::SeqCst);
    }

    /// These groups were claimed under this session. Does nothing when that session is over.
    pub(crate) fn grant(&self, session: SessionId, claimed: impl IntoIterator<Item = (GroupName, Term)>) {
        self.change(|held| {
            if held.session == Some(session) {
                let tenancies = claimed
                    .into_iter()
                    .map(|(group, term)| (group, Tenancy { term, draining: held.draining }));
                held.groups.extend(tenancies);
            }
        });
    }

    /// No new call is taken for any group; what runs may finish.
    pub(crate) fn drain(&self) {
        self.change(|held| {
            held.draining = true;
            held.groups.values_mut().for_each(|tenancy| tenancy.draining = true);
        });
    }

    /// The group was given up, or belongs to another.
    pub(crate) fn release(&self, group: &GroupName) {
        self.change(|held| {
            held.groups.remove(group);
        });
    }

    /// Whether the instance is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.held().draining
    }

    /// The session in force.
    pub(crate) fn session(&self) -> Option<SessionId> {
        self.held().session
    }

    /// The term under which the group is held, draining or not.
    pub(crate) fn held_term(&self, group: &GroupName) -> Option<Term> {
        Some(self.held().groups.get(group)?.term)
    }

    /// All groups held, draining ones too.
    pub(crate) fn groups(&self) -> Vec<(GroupName, Term)> {
        self.held().groups.iter().map(|(group, tenancy)| (group.clone(), tenancy.term)).collect()
    }

    fn tenancy(&self, group: &GroupName) -> Option<Tenancy> {
        let now = self.inner.epoch.elapsed();
        if now >= Duration::from_nanos(self.inner.deadline.load(Ordering::SeqCst)) {
            return None;
        }
        self.held().groups.get(group).copied()
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.inner.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.inner.held.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut held);
        let serving: BTreeMap<_, _> = held
            .groups
            .iter()
            .filter(|(_, tenancy)| !tenancy.draining)
            .map(|(group, tenancy)| (group.clone(), tenancy.term))
            .collect();
        self.inner.serving.send_if_modified(|before| {
            let changed = *before != serving;
            *before = serving;
            changed
        });
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
        guard.grant(session, [(group.clone(), Term(3))]);
        (guard, session, group)
    }

    #[test]
    fn nothing_is_admitted_before_a_renewal_or_after_the_deadline() {
        let (guard, _, group) = owner();
        assert_eq!(guard.admit(&group), None);
        guard.extend(Instant::now() + Duration::from_secs(60));
        assert_eq!(guard.admit(&group), Some(Term(3)));
        let (late, _, group) = owner();
        late.extend(Instant::now());
        assert_eq!(late.admit(&group), None);
        assert!(!late.still_holds(&group, Term(3)));
    }

    #[test]
    fn a_draining_owner_finishes_but_takes_nothing_new() {
        let (guard, _, group) = owner();
        guard.extend(Instant::now() + Duration::from_secs(60));
        guard.drain();
        assert_eq!(guard.admit(&group), None);
        assert!(guard.still_holds(&group, Term(3)));
        assert!(guard.serving().borrow().is_empty());
    }

    #[test]
    fn a_lost_session_takes_everything_with_it_for_good() {
        let (guard, session, group) = owner();
        guard.extend(Instant::now() + Duration::from_secs(60));
        guard.revoke();
        guard.grant(session, [(group.clone(), Term(4))]);
        guard.extend(Instant::now() + Duration::from_secs(60));
        assert_eq!(guard.admit(&group), None);
    }
}
