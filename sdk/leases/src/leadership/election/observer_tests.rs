use std::slice;

use aegis_domain::Term;
use chrono::DateTime;
use uuid::Uuid;

use super::*;

const LEASE: Duration = Duration::from_secs(1);

fn instance(n: u32) -> InstanceName {
    InstanceName::new(format!("member-{n}")).unwrap()
}

fn session(n: u128, revision: u64) -> Versioned<SessionRecord> {
    let record =
        SessionRecord { session: SessionId::from_uuid(Uuid::from_u128(n)), lease_ms: 1000, eligible: true };
    Versioned { revision, record: Some(record) }
}

fn owned_by(member: u32, session: u128, revision: u64) -> Versioned<OwnerRecord> {
    let holder =
        Holder { instance: instance(member), session: SessionId::from_uuid(Uuid::from_u128(session)) };
    let since = DateTime::UNIX_EPOCH;
    let record = OwnerRecord::claimed(None, Term(0), holder, since);
    Versioned { revision, record: Some(record) }
}

fn due(observer: &Observer, now: Instant) -> Vec<GroupName> {
    observer.due(now)
}

fn candidates(observer: &Observer, now: Instant) -> Vec<Candidate> {
    observer.due(now).iter().filter_map(|group| observer.candidate(group, now)).collect()
}

fn roster(group: &GroupName) -> Roster {
    Roster { declared: [group.clone()].into(), on_demand: None }
}

fn observer(now: Instant) -> (Observer, GroupName) {
    let group = GroupName::new("ACC-1").unwrap();
    let mut observer = Observer::new(instance(1), Policy::BALANCED, roster(&group), now);
    observer.see_session(&instance(1), &session(1, 1), now);
    (observer, group)
}

#[test]
fn a_session_is_silent_only_after_a_whole_lease_without_a_new_revision() {
    let start = Instant::now();
    let (mut observer, _) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    assert!(observer.silent(start + LEASE - Duration::from_millis(1)).is_empty());
    observer.see_session(&instance(2), &session(2, 6), start + LEASE / 2);
    assert!(observer.silent(start + LEASE).is_empty());
    assert_eq!(observer.silent(start + LEASE + LEASE / 2), [(instance(2), 6)]);
}

#[test]
fn seeing_the_same_revision_again_does_not_prolong_it() {
    let start = Instant::now();
    let (mut observer, _) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_session(&instance(2), &session(2, 5), start + LEASE - Duration::from_millis(1));
    assert_eq!(observer.silent(start + LEASE).len(), 1);
}

#[test]
fn a_group_is_vacant_once_the_owners_very_session_is_gone() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    assert!(due(&observer, start + LEASE * 10).is_empty(), "the owner's session is alive");
    observer.see_session(&instance(2), &Versioned { revision: 7, record: None }, start + LEASE);
    assert_eq!(
        due(&observer, start + LEASE),
        std::slice::from_ref(&group),
        "the only member left claims at once"
    );
    observer.see_owner(&group, owned_by(2, 2, 6), start + LEASE);
    observer.see_session(&instance(2), &session(3, 8), start + LEASE);
    assert!(
        !due(&observer, start + LEASE * 2).is_empty(),
        "a new session of the same instance is not the owner"
    );
}

#[test]
fn a_late_word_of_a_deletion_does_not_undo_a_newer_session() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(3, 8), start);
    observer.see_owner(&group, owned_by(2, 3, 9), start);
    observer.see_session(&instance(2), &Versioned { revision: 7, record: None }, start);
    assert!(due(&observer, start + LEASE * 10).is_empty());
}

#[test]
fn a_group_without_any_owner_so_far_waits_for_the_others_to_appear() {
    let start = Instant::now();
    let (observer, group) = observer(start);
    assert!(due(&observer, start).is_empty());
    assert_eq!(due(&observer, start + LEASE), [group]);
}

#[test]
fn each_further_rank_waits_a_step_longer() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    for n in 2..=3 {
        observer.see_session(&instance(n), &session(u128::from(n), u64::from(n)), start);
    }
    let rank = rank(&group, &instance(1), &[instance(1), instance(2), instance(3)]);
    assert_eq!(observer.next_deadline(true), Some(start + LEASE), "sessions are due after a lease");
    let turn = start + LEASE + Policy::BALANCED.rank_step() * rank;
    assert!(due(&observer, turn - Duration::from_nanos(1)).is_empty());
    assert_eq!(due(&observer, turn), [group]);
}

#[test]
fn a_member_that_cannot_claim_is_not_woken_by_what_it_would_claim() {
    let start = Instant::now();
    let (mut observer, _) = observer(start);
    assert_eq!(observer.next_deadline(true), Some(start + LEASE));
    assert_eq!(observer.next_deadline(false), None);
    observer.see_session(&instance(2), &session(2, 5), start);
    assert_eq!(observer.next_deadline(false), Some(start + LEASE));
}

#[test]
fn a_silent_session_is_looked_at_once_in_a_step_whatever_the_look_has_found() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    let (late, step) = (start + LEASE, Policy::BALANCED.rank_step());
    observer.retry_session(&instance(2), late);
    // Of a store that was made anew: its revisions are lower than what is known.
    observer.see_session(&instance(2), &session(3, 1), late);
    assert!(observer.silent(late).is_empty());
    assert_eq!(observer.next_deadline(true), Some(late + step));
    assert_eq!(observer.silent(late + step), [(instance(2), 5)]);
    let gone = late + step;
    observer.see_session(&instance(2), &Versioned { revision: 6, record: None }, gone);
    let [candidate] = &candidates(&observer, gone)[..] else { panic!("nothing is due") };
    assert_eq!(candidate.vacancy, gone - start, "the look does not count as a sign of life");
}

#[test]
fn a_vacancy_counts_from_when_the_lost_owner_was_last_heard() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    observer.see_session(&instance(2), &session(2, 7), start + LEASE / 4);
    observer.see_session(&instance(2), &Versioned { revision: 8, record: None }, start + LEASE);
    let claimed = start + LEASE + Duration::from_millis(5);
    let [candidate] = &candidates(&observer, claimed)[..] else { panic!("nothing is due") };
    assert_eq!((&candidate.group, candidate.proven), (&group, true));
    assert_eq!(candidate.vacancy, LEASE - LEASE / 4 + Duration::from_millis(5));
}

#[test]
fn a_vacancy_counts_from_when_the_owner_gave_the_group_up() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    let mut vacant = owned_by(2, 2, 9);
    vacant.record.as_mut().unwrap().holder = None;
    observer.see_owner(&group, vacant, start + LEASE);
    let [candidate] = &candidates(&observer, start + LEASE * 2)[..] else { panic!("nothing is due") };
    assert_eq!((candidate.vacancy, candidate.before.revision), (LEASE, 9));
}

#[test]
fn a_holder_that_was_never_seen_is_not_taken_for_dead_without_a_look() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    let [candidate] = &candidates(&observer, start + LEASE)[..] else { panic!("nothing is due") };
    assert!(!candidate.proven);
}

#[test]
fn a_member_that_gave_a_group_up_delays_no_other() {
    let start = Instant::now();
    let group = (0..)
        .map(|n| GroupName::new(format!("ACC-{n}")).unwrap())
        .find(|group| rank(group, &instance(1), &[instance(1), instance(2)]) == 1)
        .unwrap();
    let mut observer = Observer::new(instance(1), Policy::BALANCED, roster(&group), start);
    observer.see_session(&instance(1), &session(1, 1), start);
    observer.see_session(&instance(2), &session(2, 2), start);
    observer.see_owner(&group, owned_by(2, 2, 3), start);
    let vacated = owned_by(2, 2, 3).record.unwrap().vacated("drain");
    observer.see_owner(&group, Versioned { revision: 4, record: Some(vacated) }, start);
    assert_eq!(due(&observer, start), [group]);
}

#[test]
fn an_ineligible_member_has_no_rank_and_succeeds_no_owner() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    let mut sitting = session(2, 5);
    sitting.record.as_mut().unwrap().eligible = false;
    observer.see_session(&instance(2), &sitting, start);
    assert_eq!(due(&observer, start + LEASE), std::slice::from_ref(&group), "nobody comes before");
    assert_eq!(observer.successor(&group, None), None);
    assert_eq!(observer.successor(&group, Some(&instance(2))), None);
    observer.see_session(&instance(2), &session(2, 6), start);
    let holder = Holder { instance: instance(2), session: SessionId::from_uuid(Uuid::from_u128(2)) };
    assert_eq!(observer.successor(&group, None), Some(holder.clone()));
    assert_eq!(observer.successor(&group, Some(&instance(2))), Some(holder));
    assert_eq!(observer.successor(&group, Some(&instance(1))), None, "it is the one that leaves");
}

#[test]
fn a_group_on_demand_is_known_from_its_first_owner_on() {
    let start = Instant::now();
    let on_demand: crate::leadership::Accept = std::sync::Arc::new(|group| group.as_str().starts_with("ACC"));
    let roster = Roster { declared: BTreeSet::new(), on_demand: Some(on_demand) };
    let mut observer = Observer::new(instance(1), Policy::BALANCED, roster, start);
    observer.see_session(&instance(1), &session(1, 1), start);
    let (taken, other) = (GroupName::new("ACC-9").unwrap(), GroupName::new("desk").unwrap());
    for group in [&taken, &other] {
        observer.see_owner(group, owned_by(2, 2, 6), start);
    }
    assert_eq!((observer.count(), due(&observer, start)), (1, vec![taken]));
}

#[test]
fn a_session_of_ones_own_that_was_seen_to_end_is_over_whatever_its_keeper_believes() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    let mine = |n: u128| SessionId::from_uuid(Uuid::from_u128(n));
    assert!(!observer.is_over(mine(1)));
    observer.see_owner(&group, owned_by(1, 1, 2), start);
    observer.see_session(&instance(1), &Versioned { revision: 3, record: None }, start);
    assert!(observer.is_over(mine(1)));
    observer.see_session(&instance(1), &session(4, 4), start);
    assert!(!observer.is_over(mine(4)));
    assert!(observer.is_over(mine(1)), "a session ends for good");
}

#[test]
fn its_own_groups_come_first_and_those_that_others_left_from_the_other_end() {
    let start = Instant::now();
    let declared: BTreeSet<_> = (0..100).map(|n| GroupName::new(format!("ACC-{n}")).unwrap()).collect();
    let roster = Roster { declared: declared.clone(), on_demand: None };
    let members = [instance(1), instance(2)];
    let mut observer = Observer::new(instance(1), Policy::BALANCED, roster, start);
    observer.see_session(&instance(1), &session(1, 1), start);
    observer.see_session(&instance(2), &session(2, 2), start);
    let (own, left): (Vec<_>, Vec<_>) =
        declared.iter().cloned().partition(|group| rank(group, &instance(1), &members) == 0);
    assert!(!own.is_empty() && !left.is_empty());
    assert_eq!(due(&observer, start + LEASE), own, "the other's are not this one's turn yet");
    let later = start + LEASE + Policy::BALANCED.rank_step();
    let all: Vec<_> = own.iter().chain(left.iter().rev()).cloned().collect();
    assert_eq!(due(&observer, later), all);
    observer.see_owner(&left[0], owned_by(2, 2, 5), later);
    assert!(observer.candidate(&left[0], later).is_none(), "it was claimed meanwhile");
    assert!(observer.candidate(&left[1], later).is_some());
}

#[test]
fn vacant_groups_are_told_until_they_are_owned_or_have_been_vacant_for_long() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    assert!(observer.is_vacant_within(LEASE, start));
    assert!(!observer.is_vacant_within(LEASE, start + LEASE));
    observer.see_session(&instance(2), &session(2, 5), start);
    observer.see_owner(&group, owned_by(2, 2, 6), start);
    assert!(!observer.is_vacant_within(LEASE, start));
    let lost = start + LEASE * 3;
    observer.see_session(&instance(2), &Versioned { revision: 7, record: None }, lost);
    assert!(observer.is_vacant_within(LEASE, lost));
    observer.see_session(&instance(3), &session(3, 8), lost);
    observer.see_owner(&group, owned_by(3, 3, 9), lost);
    assert!(!observer.is_vacant_within(LEASE, lost) && due(&observer, lost + LEASE * 9).is_empty());
    observer.see_owner(&group, Versioned { revision: 10, record: None }, lost);
    assert!(observer.is_vacant_within(LEASE, lost));
}

fn pause(revision: u64, remaining: Duration) -> Versioned<PauseRecord> {
    let remaining_ms = u64::try_from(remaining.as_millis()).unwrap();
    let record = PauseRecord { remaining_ms, until: DateTime::UNIX_EPOCH, reason: "new switch".into() };
    Versioned { revision, record: Some(record) }
}

const OVER: Versioned<PauseRecord> = Versioned { revision: 99, record: None };

/// A member that has seen another one own the group, and lose it.
fn lost(start: Instant) -> (Observer, GroupName) {
    let (mut observer, group) = observer(start);
    observer.see_session(&instance(2), &session(2, 2), start);
    observer.see_owner(&group, owned_by(2, 2, 3), start);
    observer.see_session(&instance(2), &Versioned { revision: 4, record: None }, start + LEASE);
    (observer, group)
}

#[test]
fn what_another_member_has_lost_is_not_claimed_in_a_pause_and_at_once_after_it() {
    let start = Instant::now();
    for scope in [true, false] {
        let (mut observer, group) = lost(start);
        let paused = scope.then(|| group.clone());
        assert_eq!(due(&observer, start + LEASE), slice::from_ref(&group), "without a pause");
        observer.see_pause(paused.clone(), &pause(5, 60 * LEASE), start + LEASE);
        assert!(due(&observer, start + 60 * LEASE).is_empty());
        assert_eq!(observer.candidate(&group, start + 60 * LEASE), None);
        // What it hears late of an earlier one changes nothing.
        observer.see_pause(paused.clone(), &Versioned { revision: 4, record: None }, start + 2 * LEASE);
        observer.see_pause(paused.clone(), &pause(3, LEASE), start + 2 * LEASE);
        assert!(due(&observer, start + 60 * LEASE).is_empty());
        observer.see_pause(paused, &OVER, start + 3 * LEASE);
        assert_eq!(due(&observer, start + 3 * LEASE), [group]);
    }
}

#[test]
fn a_pause_whose_end_was_not_seen_is_over_in_time() {
    let start = Instant::now();
    let (mut observer, group) = lost(start);
    observer.see_pause(None, &pause(5, 60 * LEASE), start + LEASE);
    assert_eq!(observer.next_deadline(true), Some(start + 61 * LEASE), "it is looked at again then");
    assert_eq!(due(&observer, start + 61 * LEASE), slice::from_ref(&group));
    // A watch that begins anew tells of those that stand.
    observer.doubt_pauses(start + 10 * LEASE);
    assert!(due(&observer, start + 14 * LEASE).is_empty());
    assert_eq!(due(&observer, start + 15 * LEASE), [group]);
    observer.see_pause(None, &pause(5, 60 * LEASE), start + 11 * LEASE);
    assert!(due(&observer, start + 60 * LEASE).is_empty());
}

#[test]
fn in_a_pause_the_last_owner_takes_its_group_again_and_groups_without_any_owner_are_claimed() {
    let start = Instant::now();
    let (mut observer, group) = observer(start);
    observer.see_pause(None, &pause(5, 600 * LEASE), start);
    assert_eq!(due(&observer, start + 2 * LEASE), slice::from_ref(&group), "nobody has lost it");
    observer.see_owner(&group, owned_by(1, 7, 8), start + 2 * LEASE);
    observer.see_session(&instance(1), &session(8, 9), start + 3 * LEASE);
    assert_eq!(
        due(&observer, start + 4 * LEASE),
        slice::from_ref(&group),
        "it was its own, under an earlier session"
    );
    // Another group's pause is another matter.
    let (mut observer, group) = lost(start);
    observer.see_pause(Some(GroupName::new("ACC-2").unwrap()), &pause(5, 600 * LEASE), start);
    assert_eq!(due(&observer, start + LEASE), [group]);
}
