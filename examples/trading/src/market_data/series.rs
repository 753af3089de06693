//! The series of prices, with straight lines between its points, and round and round.

use anyhow::{Context as _, ensure};

const EURUSD: &str = include_str!("../../data/eurusd_annual.csv");
/// Ticks from one point of the series to the next.
const STEPS: u32 = 12;

#[derive(Debug)]
pub(crate) struct Series {
    points: Vec<f64>,
}

impl Series {
    pub(crate) fn eurusd() -> anyhow::Result<Self> {
        Self::parse(EURUSD)
    }

    /// Lines of `year,price` after a header; lines that begin with `#` are comments.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let mut points = Vec::new();
        for line in lines.skip(1) {
            let (_year, price) = line.split_once(',').with_context(|| format!("no comma in {line:?}"))?;
            points.push(price.trim().parse().with_context(|| format!("no price in {line:?}"))?);
        }
        ensure!(!points.is_empty(), "the series is empty");
        Ok(Self { points })
    }

    /// The price at one step, to five places as currencies are quoted. After the last point the series
    /// leads back to the first.
    pub(crate) fn price(&self, step: u64) -> f64 {
        let count = u64::try_from(self.points.len()).unwrap_or(u64::MAX);
        let index = |point: u64| usize::try_from(point % count).unwrap_or_default();
        let point = step / u64::from(STEPS);
        let (from, to) = (self.points[index(point)], self.points[index(point + 1)]);
        let share = f64::from(u32::try_from(step % u64::from(STEPS)).unwrap_or_default()) / f64::from(STEPS);
        ((from + (to - from) * share) * 100_000.0).round() / 100_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_passes_through_its_points_and_comes_round() {
        let series = Series::eurusd().unwrap();
        assert_eq!(series.points.len(), 26);
        let steps = u64::from(STEPS);
        let close = |step, price: f64| assert!((series.price(step) - price).abs() < 1e-9, "step {step}");
        close(0, 1.0658);
        close(steps, 0.9236);
        close(steps / 2, 0.9947);
        close(25 * steps, 1.0824);
        close(26 * steps, 1.0658);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = Series::parse("year,price\n1999;1.0").unwrap_err().to_string();
        assert!(error.contains("1999;1.0"), "{error}");
        assert!(Series::parse("year,price\n").is_err());
    }
}
