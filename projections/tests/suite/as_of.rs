//! The registry as it stood: from snapshots and the index, the same as a fold of the log.

use aegis_domain::Sequence;
use aegis_projections::fact::Fact;
use aegis_projections::state::KEEP_ENDED;
use aegis_projections::store::{AsOfError, At};
use aegis_projections::{Retention, State};
use chrono::TimeDelta;
use proptest::prelude::*;

use crate::log::{any_log, fold};
use crate::projector::log;
use crate::store::{END, LOG, Opened, block_on, dead, entry, opened, recorded_at};

/// So many snapshots that every test passes some.
const OFTEN: Retention = Retention { events: u64::MAX, snapshot_every: 7, keep_ended: KEEP_ENDED };

async fn as_of(opened: &Opened, at: At) -> State {
    let state = opened.store.as_of(at).await.unwrap();
    assert_eq!(State::from_canonical(&state.canonical().unwrap()).unwrap(), state);
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn at_any_position_snapshots_and_the_index_give_what_the_log_gives(
        log in any_log(), cut in 1..40_usize, junk in proptest::option::of(0..80_u64),
    ) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut opened = opened(&folder.path().join("p.sqlite"), OFTEN, LOG, END).await;
            let entries = |events: &[aegis_domain::Recorded]| {
                let of = |recorded: &aegis_domain::Recorded| {
                    if junk == Some(recorded.sequence.get()) { dead(recorded.sequence) } else { entry(recorded) }
                };
                events.iter().map(of).collect()
            };
            for part in log.events.chunks(cut) {
                opened.take(entries(part)).await;
            }
            for end in 0..=log.events.len() {
                let mut expected = State::default();
                for recorded in &log.events[..end] {
                    if junk == Some(recorded.sequence.get()) {
                        expected.skip(recorded.sequence, recorded.envelope.context.time);
                    } else {
                        expected.apply(recorded);
                    }
                }
                let at = Sequence(end as u64);
                let found = as_of(&opened, At::Sequence(at)).await;
                assert_eq!(found.canonical().unwrap(), expected.canonical().unwrap(), "{at}");
                assert_eq!(found, expected, "as of {at}");
                // At the very time of the message, and until the next one.
                for time in [recorded_at(at), recorded_at(Sequence(end as u64 + 1)) - TimeDelta::nanoseconds(1)] {
                    assert_eq!(as_of(&opened, At::Time(time)).await, expected, "as of {time}");
                }
            }
        });
    }
}

#[tokio::test]
async fn what_is_still_to_come_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&folder.path().join("p.sqlite"), OFTEN, LOG, END).await;
    opened.record(&log(50).events[..50]).await;
    let error = opened.store.as_of(At::Sequence(Sequence(51))).await.unwrap_err();
    assert!(matches!(error, AsOfError::Ahead { position: Sequence(50) }), "{error}");
    let later = recorded_at(Sequence(51)) + TimeDelta::days(1);
    assert_eq!(as_of(&opened, At::Time(later)).await, *opened.state(), "the future begins as it stands");
    assert_eq!(as_of(&opened, At::Time(chrono::DateTime::<chrono::Utc>::MAX_UTC)).await, *opened.state());
}

#[tokio::test]
async fn what_the_index_has_forgotten_is_refused_with_what_to_do() {
    let (folder, events) = (tempfile::tempdir().unwrap(), log(1500).events);
    let retention = Retention { events: 400, snapshot_every: 100, ..OFTEN };
    let mut opened = opened(&folder.path().join("p.sqlite"), retention, LOG, END).await;
    for part in events.chunks(37) {
        opened.record(part).await;
    }
    let end = events.len() as u64;
    let kept = crate::store::held(&opened.store).await.len() as u64;
    assert!((400..=500).contains(&kept), "{kept} events are kept");
    let AsOfError::Forgotten { oldest } =
        opened.store.as_of(At::Sequence(Sequence(end - kept - 1))).await.unwrap_err()
    else {
        unreachable!("a forgotten position was told");
    };
    assert_eq!(oldest.get(), end - kept);
    assert!(
        opened
            .store
            .as_of(At::Time(recorded_at(Sequence(3))))
            .await
            .unwrap_err()
            .to_string()
            .contains("aegis replay")
    );
    for at in [oldest.get(), oldest.get() + 1, end - 1, end] {
        let expected = fold(&events[..usize::try_from(at).unwrap()]);
        assert_eq!(as_of(&opened, At::Sequence(Sequence(at))).await, expected, "as of {at}");
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_reorder_the_log() {
    let (folder, events) = (tempfile::tempdir().unwrap(), log(30).events);
    let mut opened = opened(&folder.path().join("p.sqlite"), OFTEN, LOG, END).await;
    let mut entries: Vec<_> = events[..30].iter().map(entry).collect();
    entries[9].recorded_at = recorded_at(Sequence(2));
    opened.take(entries).await;
    let held = crate::store::held(&opened.store).await;
    assert!(held.is_sorted_by_key(|event| event.recorded_at));
    assert_eq!(as_of(&opened, At::Time(recorded_at(Sequence(2)))).await, fold(&events[..2]));
    let mut both = fold(&events[..9]);
    both.apply(Fact::from(&events[9]).recorded_at(recorded_at(Sequence(9))));
    assert_eq!(as_of(&opened, At::Time(recorded_at(Sequence(9)))).await, both);
}
