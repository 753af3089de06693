use std::collections::BTreeMap;

use aegis_domain::{GroupName, InstanceName, SessionId, Term};
use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::leadership::store::{Change, Holder, OwnerRecord, SessionRecord, Versioned};

fn me() -> InstanceName {
    "t-1".parse().unwrap()
}

fn group() -> GroupName {
    "ACC-1".parse().unwrap()
}

fn election(now: Now) -> Election {
    let roster = Roster { declared: [group()].into(), on_demand: None };
    let settings = Settings { me: me(), policy: Policy::BALANCED, roster, max_groups: 10 };
    let initial = Initial { session: None, held: BTreeMap::new(), eligible: true, terms: BTreeMap::new() };
    Election::new(settings, initial, now)
}

/// A session of this member, and the record by which another has given it the group.
fn appointed() -> (SessionId, Versioned<SessionRecord>, Versioned<OwnerRecord>) {
    let session = SessionId::from_uuid(Uuid::from_u128(1));
    let record = SessionRecord { session, lease_ms: 1_000, eligible: true };
    let holder = Holder { instance: me(), session };
    let owner = OwnerRecord::claimed(None, Term(6), holder, DateTime::UNIX_EPOCH);
    let (seen, owner) = (Some(record), Some(owner));
    (session, Versioned { revision: 10, record: seen }, Versioned { revision: 11, record: owner })
}

#[test]
fn what_a_session_was_given_before_the_member_knew_of_it_is_its_own_at_once() {
    let now = Now { instant: Instant::now(), wall: DateTime::UNIX_EPOCH };
    let mut election = election(now);
    let (session, seen, owner) = appointed();
    // The acknowledgement of the session is late: others have seen it, and one of them has given it the group.
    let told = [Change::Session(me(), seen), Change::Owner(group(), owner)].map(Input::Changed);
    let early = election.step([Input::WatchBegan].into_iter().chain(told), now);
    assert!(!early.iter().any(|effect| matches!(effect, Effect::Guard(GuardChange::Grant(..)))), "{early:?}");
    let effects = election.step([Input::Session(Some(session))], now);
    let granted = Effect::Guard(GuardChange::Grant(session, vec![(group(), Term(7))]));
    assert!(effects.contains(&granted), "{effects:?}");
}

#[test]
fn a_silent_session_is_examined_once_at_a_time_while_other_work_goes_on() {
    let start = Instant::now();
    let at = |ms| Now { instant: start + Duration::from_millis(ms), wall: DateTime::UNIX_EPOCH };
    let mut election = election(at(0));
    let (_, seen, _) = appointed();
    election.step([Input::Changed(Change::Session("t-2".parse().unwrap(), seen))], at(0));
    let examinations = |effects: Vec<Effect>| {
        let is_read = |effect: &&Effect| matches!(effect, Effect::Call(_, StoreCall::Session(_)));
        effects.iter().filter(is_read).count()
    };
    assert_eq!(examinations(election.step([], at(999))), 0);
    assert_eq!(examinations(election.step([], at(1_000))), 1);
    // The store is slow: nothing is asked twice, and the next step is not due at once for ever.
    for ms in (1_100..3_000).step_by(100) {
        assert_eq!(examinations(election.step([], at(ms))), 0, "{ms}");
        assert!(election.next_step() > at(ms).instant, "{ms}");
    }
}
