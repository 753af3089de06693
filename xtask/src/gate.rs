//! `cargo xtask bench gate`: every benchmark in its quick form, held to its bars and to the figures that stand.
//!
//! Run it before a change is called done that touches a pause, a time-out, a retry, an interval, a buffer or a hot path.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::baseline::{self, Row};
use crate::bench;
use crate::output::say;

/// The benchmarks, the shortest first: what is wrong shows early.
const NAMES: [&str; 11] = [
    "discovery",
    "idle",
    "journal",
    "feed",
    "rpc",
    "events",
    "fleet",
    "attacks",
    "api",
    "projection",
    "failover",
];
/// How often a benchmark is run whose rows fall short: noise does not fall short each time.
const RUNS: usize = 3;
/// So much worse than what stands may be the noise of a quick run. What slips unnoticed slips further.
const NOISE: f64 = 1.5;
/// By so much a bar that was missed before may be missed by more.
const MISSED: f64 = 1.15;
/// How long the whole may take.
const TIME: Duration = Duration::from_secs(15 * 60);

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Holds,
    /// The bar is missed, as it was before.
    MissedBefore,
    Short,
}

/// The best of the runs of one row.
#[derive(Debug, Clone)]
struct Best {
    row: Row,
    stored: Option<f64>,
    verdict: Verdict,
    runs: usize,
}

pub(crate) fn run() -> Result<ExitCode> {
    let begun = Instant::now();
    for name in NAMES {
        bench::build(name)?;
    }
    let measured = Instant::now();
    let stored = baseline::stored()?;
    let mut table = Vec::new();
    let mut broken = 0;
    for name in NAMES {
        match best_of(name, stored.get(name).map_or(&[], Vec::as_slice)) {
            Ok(rows) => table.extend(rows),
            // The others are told all the same.
            Err(error) => {
                broken += 1;
                say(format_args!("{name} cannot be run: {error:#}"));
            }
        }
    }
    print(&table);
    let short = broken + table.iter().filter(|(_, best)| best.verdict == Verdict::Short).count();
    let took = measured.elapsed();
    say(format_args!(
        "{} rows, {short} short ({broken} benchmarks cannot be run); measured in {} s, built in {} s",
        table.len(),
        took.as_secs(),
        (measured - begun).as_secs()
    ));
    if took > TIME {
        say(format_args!(
            "that is longer than the {} s it may take: make a quick form quicker",
            TIME.as_secs()
        ));
    }
    Ok(if short == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The rows of a benchmark, each from the run in which it was best.
fn best_of(name: &'static str, stored: &[Row]) -> Result<Vec<(&'static str, Best)>> {
    let mut order = Vec::new();
    let mut rows: BTreeMap<(String, String), Best> = BTreeMap::new();
    for run in 1..=RUNS {
        say(format_args!("{name}, run {run}"));
        for row in bench::quick(name)? {
            let key = row.key();
            let before = stored.iter().find(|stored| stored.key() == key).map(|stored| stored.ratio);
            let verdict = judge(&row, before);
            let best = Best { row, stored: before, verdict, runs: run };
            match rows.get_mut(&key) {
                None => {
                    order.push(key.clone());
                    rows.insert(key, best);
                }
                Some(known) if known.verdict > verdict => *known = best,
                Some(known) if known.verdict == Verdict::Short => known.runs = run,
                Some(_) => {}
            }
        }
        if rows.values().all(|best| best.verdict != Verdict::Short) {
            break;
        }
    }
    Ok(order.into_iter().filter_map(|key| Some((name, rows.remove(&key)?))).collect())
}

fn judge(row: &Row, stored: Option<f64>) -> Verdict {
    // How much worse than what stands: above 1 is worse, whichever side the bar is on.
    let worse = stored
        .filter(|stored| *stored > 0.0 && row.ratio > 0.0)
        .map(|stored| if row.is_at_least() { stored / row.ratio } else { row.ratio / stored });
    match (row.holds(), worse) {
        (true, Some(worse)) if row.has_bar() && worse > NOISE => Verdict::Short,
        (true, _) => Verdict::Holds,
        (false, Some(worse)) if stored.is_some_and(|ratio| !row.would_hold(ratio)) && worse <= MISSED => {
            Verdict::MissedBefore
        }
        (false, _) => Verdict::Short,
    }
}

fn print(table: &[(&'static str, Best)]) {
    say("| benchmark | figure | of | measured | reference | unit | ratio | stood | bar | runs | verdict |");
    say("|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, Best { row, stored, verdict, runs }) in table {
        let stood = stored.map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
        let verdict = match verdict {
            Verdict::Holds => "holds",
            Verdict::MissedBefore => "missed, as before",
            Verdict::Short => "SHORT",
        };
        say(format_args!("| {name} | {} | {stood} | {} | {runs} | {verdict} |", row.cells(), row.bar()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_falls_short_of_its_bar_or_far_behind_what_stands() {
        let row = |ratio, bar: &str| Row::of("call p99", ratio, bar);
        for (ratio, bar, stored, verdict) in [
            (0.9, "<= 1", None, Verdict::Holds),
            (1.1, "<= 1", None, Verdict::Short),
            (0.9, "<= 1", Some(0.5), Verdict::Short),
            (0.7, "<= 1", Some(0.5), Verdict::Holds),
            (1.1, "<= 1", Some(1.05), Verdict::MissedBefore),
            (1.3, "<= 1", Some(1.05), Verdict::Short),
            (0.85, ">= 0.9", Some(0.82), Verdict::MissedBefore),
            (0.6, ">= 0.9", Some(0.82), Verdict::Short),
            (1.0, ">= 0.9", Some(2.0), Verdict::Short),
            (0.0, "= 0", Some(0.0), Verdict::Holds),
            (1.0, "= 0", Some(0.0), Verdict::Short),
            (9.0, "-", Some(1.0), Verdict::Holds),
        ] {
            assert_eq!(judge(&row(ratio, bar), stored), verdict, "{ratio} {bar} {stored:?}");
        }
    }
}
