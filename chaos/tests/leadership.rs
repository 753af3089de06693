//! The checker on the real thing: whole, and broken on purpose.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_chaos::campaign::{Campaign, Verdict};
use aegis_chaos::checker::Property;
use aegis_chaos::load::Load;
use aegis_chaos::sabotage::Sabotage;

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_aegis-chaos"))
}

async fn campaign(seeds: u64, sabotage: Option<Sabotage>, keep: &Path) -> Verdict {
    let keep = keep.to_owned();
    let campaign =
        Campaign { program: program(), first_seed: 1, seeds, lanes: 2, sabotage, verbose: true, keep };
    campaign.run().await.unwrap()
}

/// What fell, in a few runs of a service with this rule taken away.
async fn noticed(sabotage: Sabotage) -> Vec<Property> {
    let folder = tempfile::tempdir().unwrap();
    let verdict = campaign(4, Some(sabotage), folder.path()).await;
    assert!(verdict.schedules > 0, "{:?}", verdict.errors);
    verdict.fallen().into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_schedules_of_the_service_as_it_is_break_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let verdict = campaign(4, None, folder.path()).await;
    assert_eq!(verdict.violations.len(), 0, "{}", verdict.summary());
    assert_eq!((verdict.schedules, verdict.errors.len()), (4, 0), "{:?}", verdict.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_expected_revisions_two_owners_of_one_term_are_noticed() {
    let fallen = noticed(Sabotage::DropExpectedRevision).await;
    assert!(fallen.contains(&Property::OneOwnerPerTerm), "{fallen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_guard_stale_answers_are_noticed() {
    let fallen = noticed(Sabotage::SkipGuard).await;
    assert!(fallen.contains(&Property::NoStaleAnswer), "{fallen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fenced_sink_late_writes_are_noticed() {
    let fallen = noticed(Sabotage::OpenSink).await;
    assert!(fallen.contains(&Property::TermsOnlyGrow), "{fallen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_and_ten_kills_nothing_acknowledged_is_lost_or_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let load = Load {
        program: program(),
        time: Duration::from_secs(30),
        callers: 100,
        kills: 10,
        keep: folder.path().to_owned(),
    };
    let tally = load.run().await.unwrap();
    assert!(tally.violations.is_empty(), "{}", tally.summary());
    assert_eq!(tally.kills, 10);
    assert!(tally.acknowledged > 1_000, "{}", tally.summary());
}
