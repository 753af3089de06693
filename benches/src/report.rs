//! The rows of a benchmark, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

/// Which side of the bar is the good one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    /// The ratio may be this at most.
    AtMost(f64),
    /// The ratio must be this at least.
    AtLeast(f64),
    /// The value must be zero.
    Zero,
    /// There is none: the row is there to compare with.
    None,
}

/// One figure beside its reference.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    metric: String,
    subject: &'static str,
    value: f64,
    unit: &'static str,
    reference: f64,
    ratio: f64,
    bar: String,
    holds: bool,
    trials: u64,
}

impl Row {
    pub(crate) fn new(
        metric: impl Into<String>,
        subject: &'static str,
        (value, reference): (f64, f64),
        unit: &'static str,
        bar: Bar,
        trials: u64,
    ) -> Self {
        let ratio = if reference == 0.0 { value } else { value / reference };
        let (bar, holds) = match bar {
            Bar::AtMost(most) => (format!("<= {most}"), ratio <= most),
            Bar::AtLeast(least) => (format!(">= {least}"), ratio >= least),
            Bar::None => ("-".to_owned(), true),
            Bar::Zero => ("= 0".to_owned(), value == 0.0),
        };
        Self { metric: metric.into(), subject, value, unit, reference, ratio, bar, holds, trials }
    }

    pub(crate) fn holds(&self) -> bool {
        self.holds
    }
}

pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:32} {:12} {:>12} {:>12} {:8} {:>7} {:>8} {:>6} {:>8}\n",
        "metric", "subject", "value", "reference", "unit", "ratio", "bar", "holds", "trials"
    );
    for row in rows {
        let holds = if row.holds { "yes" } else { "NO" };
        // Writing to a String cannot fail.
        let _infallible = writeln!(
            text,
            "{:32} {:12} {:>12.1} {:>12.1} {:8} {:>7.3} {:>8} {:>6} {:>8}",
            row.metric,
            row.subject,
            row.value,
            row.reference,
            row.unit,
            row.ratio,
            row.bar,
            holds,
            row.trials
        );
    }
    text
}
