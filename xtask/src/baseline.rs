//! The figures that stand: kept in `benches/baseline.json`, shown in `docs/performance.md`, and what later runs are
//! compared with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::output::say;
use crate::workspace::root;

/// By so much the 99th percentile of a later run may be worse than what stands.
const WORSE: f64 = 1.10;

/// One figure, as the benchmarks write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    metric: String,
    subject: String,
    value: f64,
    unit: String,
    reference: f64,
    pub(crate) ratio: f64,
    bar: String,
    trials: u64,
}

impl Row {
    /// What the same row of another run has, too.
    pub(crate) fn key(&self) -> (String, String) {
        (self.metric.clone(), self.subject.clone())
    }

    pub(crate) fn bar(&self) -> &str {
        &self.bar
    }

    /// Whether anything is promised of it.
    pub(crate) fn has_bar(&self) -> bool {
        self.limit().is_some()
    }

    /// Whether more is better.
    pub(crate) fn is_at_least(&self) -> bool {
        self.bar.starts_with(">=")
    }

    /// Whether its bar holds.
    pub(crate) fn holds(&self) -> bool {
        self.would_hold(self.ratio)
    }

    /// Whether its bar would hold with that ratio.
    pub(crate) fn would_hold(&self, ratio: f64) -> bool {
        match self.limit() {
            None => true,
            Some(limit) if self.is_at_least() => ratio >= limit,
            Some(limit) => ratio <= limit,
        }
    }

    fn limit(&self) -> Option<f64> {
        self.bar.trim_start_matches(['<', '>', '=', ' ']).parse().ok()
    }

    /// Most of it as cells of a table.
    pub(crate) fn cells(&self) -> String {
        let Self { metric, subject, value, reference, unit, ratio, .. } = self;
        format!("{metric} | {subject} | {value:.1} | {reference:.1} | {unit} | {ratio:.3}")
    }

    #[cfg(test)]
    pub(crate) fn of(metric: &str, ratio: f64, bar: &str) -> Self {
        Self {
            metric: metric.to_owned(),
            subject: "sdk".to_owned(),
            value: ratio * 100.0,
            unit: "us".to_owned(),
            reference: 100.0,
            ratio,
            bar: bar.to_owned(),
            trials: 10,
        }
    }
}

pub(crate) type Baseline = BTreeMap<String, Vec<Row>>;

/// Reads what a benchmark has written.
pub(crate) fn read(results: &Path) -> Result<Vec<Row>> {
    let text =
        fs::read_to_string(results).with_context(|| format!("{} cannot be read", results.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no figures", results.display()))
}

/// Makes these the figures that stand.
pub(crate) fn save(name: &str, rows: Vec<Row>) -> Result<()> {
    let mut baseline = stored()?;
    baseline.insert(name.to_owned(), rows);
    fs::write(file(), serde_json::to_string_pretty(&baseline)? + "\n")?;
    let page = root().join("docs/performance.md");
    let text = fs::read_to_string(&page).with_context(|| format!("{} cannot be read", page.display()))?;
    fs::write(&page, with_table(&text, name, &baseline[name])?)?;
    say(format_args!("the figures of {name} stand in {} and {}", file().display(), page.display()));
    Ok(())
}

/// Fails when a 99th percentile is worse than what stands, by ratio to its reference: that is the same on any machine.
pub(crate) fn compare(name: &str, rows: &[Row]) -> Result<bool> {
    let baseline = stored()?;
    let before = baseline.get(name);
    let before = before.with_context(|| format!("no figures of {name} stand yet: run with --save first"))?;
    let verdicts = verdicts(before, rows);
    ensure!(!verdicts.is_empty(), "{name} has no 99th percentile to compare");
    for verdict in &verdicts {
        let word = if verdict.holds { "holds" } else { "WORSE" };
        say(format_args!(
            "{word}  {}: ratio {:.3}, and {:.3} stood before",
            verdict.metric, verdict.now, verdict.before
        ));
    }
    Ok(verdicts.iter().all(|verdict| verdict.holds))
}

#[derive(Debug, PartialEq)]
struct Verdict {
    metric: String,
    before: f64,
    now: f64,
    holds: bool,
}

fn verdicts(before: &[Row], now: &[Row]) -> Vec<Verdict> {
    let pairs =
        before.iter().filter(|row| row.metric.contains("p99") && row.bar.starts_with("<=")).map(|row| {
            let same = |other: &&Row| other.metric == row.metric && other.subject == row.subject;
            (row, now.iter().find(same))
        });
    pairs
        .map(|(row, now)| Verdict {
            metric: row.metric.clone(),
            before: row.ratio,
            // A figure that is not measured any more is no figure that holds.
            now: now.map_or(f64::INFINITY, |now| now.ratio),
            holds: now.is_some_and(|now| now.ratio <= row.ratio * WORSE),
        })
        .collect()
}

/// The figures that stand, by benchmark.
pub(crate) fn stored() -> Result<Baseline> {
    match fs::read_to_string(file()) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} is damaged", file().display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Baseline::new()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file().display())),
    }
}

fn file() -> PathBuf {
    root().join("benches/baseline.json")
}

/// The page with the table of this benchmark between its two marks.
fn with_table(page: &str, name: &str, rows: &[Row]) -> Result<String> {
    let (begin, end) = (format!("<!-- figures of {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) =
        page.split_once(&begin).with_context(|| format!("the page has no line {begin:?}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("the page has no line {end:?}"))?;
    let mut table = String::from(
        "\n| figure | of | measured | reference | unit | ratio | bar | trials |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        writeln!(
            table,
            "| {} | {} | {:.1} | {:.1} | {} | {:.3} | {} | {} |",
            row.metric, row.subject, row.value, row.reference, row.unit, row.ratio, row.bar, row.trials
        )?;
    }
    Ok(format!("{before}{begin}{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metric: &str, ratio: f64, bar: &str) -> Row {
        Row::of(metric, ratio, bar)
    }

    #[test]
    fn a_tail_that_is_a_tenth_worse_fails_and_nothing_else_does() {
        let before = [
            row("call p99", 1.0, "<= 1.05"),
            row("call p50", 1.0, "<= 1.05"),
            row("rate p99", 1.0, ">= 0.9"),
        ];
        let holds =
            |now: &[Row]| verdicts(&before, now).iter().map(|verdict| verdict.holds).collect::<Vec<_>>();
        assert_eq!(holds(&[row("call p99", 1.09, "<= 1.05"), row("call p50", 9.0, "<= 1.05")]), [true]);
        assert_eq!(holds(&[row("call p99", 1.11, "<= 1.05")]), [false]);
        assert_eq!(holds(&[]), [false], "a figure that is gone does not hold");
    }

    #[test]
    fn a_table_replaces_the_one_before() {
        let page = "# Figures\n<!-- figures of rpc -->\nold\n<!-- end of rpc -->\nrest\n";
        let page = with_table(page, "rpc", &[row("call p99", 1.0, "<= 1.05")]).unwrap();
        assert!(page.contains("| call p99 | sdk | 100.0 | 100.0 | us | 1.000 | <= 1.05 | 10 |"), "{page}");
        assert!(!page.contains("old") && page.ends_with("<!-- end of rpc -->\nrest\n"), "{page}");
        assert_eq!(with_table(&page, "rpc", &[row("call p99", 1.0, "<= 1.05")]).unwrap(), page);
        assert!(with_table(&page, "events", &[]).is_err());
    }
}
