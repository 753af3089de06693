//! Metrics of a program's own: counters, gauges and histograms, in bounded memory. They go where the metrics of the service go: into
//! its heartbeats, to OpenTelemetry, and to Prometheus.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aegis_domain::wire::heartbeat::{OWN_MAX, Own};

/// The most series of a program, labels and all; what comes after that is counted nowhere, and told once in the log.
pub const SERIES_MAX: usize = 1_000;
/// The most labels of a series, the most bytes of a name, and of the value of a label.
const LABELS_MAX: usize = 8;
const NAME_MAX: usize = 64;
const VALUE_MAX: usize = 128;

/// What no name begins with, and what none ends with.
const RESERVED: ([&str; 2], [&str; 4]) = (["aegis_", "process_"], ["_total", "_count", "_sum", "_bucket"]);

/// A name or a label breaks a rule, or the name stands for another kind of metric already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetric {
    /// A name of a metric or of a label.
    #[error(
        "{0:?} is no name of a metric or a label: use lower-case letters, digits and '_', a letter first, 64 at most"
    )]
    Name(String),
    /// Too many labels, one twice, one that exports add, or the value of one is too long.
    #[error(
        "{name}: use {LABELS_MAX} labels at most, each once, with values of {VALUE_MAX} bytes at most, and neither \"le\" nor \"quantile\""
    )]
    Labels {
        /// The metric.
        name: String,
    },
    /// A name that exports give, or make of other names.
    #[error(
        "{name}: names that begin with aegis_ or process_, or end with _total, _count, _sum or _bucket, are given by exports"
    )]
    Reserved {
        /// The metric.
        name: String,
    },
    /// The bounds of a histogram do not grow.
    #[error("{name}: bounds of a histogram are finite and grow")]
    Bounds {
        /// The metric.
        name: String,
    },
    /// It is another kind already, or a histogram with other bounds.
    #[error("{name} is a {known} already")]
    Kind {
        /// The metric.
        name: String,
        /// What it is.
        known: &'static str,
    },
}

/// The metrics of a program. Cheap to clone; all clones are the same.
///
/// ```
/// # fn example(metrics: &aegis_telemetry::metrics::OwnMetrics) -> Result<(), aegis_telemetry::metrics::InvalidMetric> {
/// let placed = metrics.counter("orders_placed", "Orders that were placed", [("side", "buy")])?;
/// placed.add(1);
/// metrics.gauge("orders_open", "Orders that are open", [])?.set(17.0);
/// let risk = metrics.histogram("risk_seconds", "How long the risk check took", [], &[0.001, 0.01, 0.1])?;
/// risk.record(0.004);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct OwnMetrics(Arc<RwLock<Families>>);

#[derive(Debug, Default)]
struct Families {
    by_name: BTreeMap<String, Family>,
    series: usize,
    told_of_too_many: bool,
}

#[derive(Debug)]
struct Family {
    #[cfg_attr(not(feature = "totals"), expect(dead_code, reason = "exports alone tell it"))]
    help: String,
    kind: Kind,
    series: BTreeMap<Labels, Cell>,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Counter,
    Gauge,
    Histogram(Vec<f64>),
}

/// Names and values, in order of name.
pub type Labels = Vec<(String, String)>;

#[derive(Debug, Clone)]
enum Cell {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
}

/// Counts up. Cheap to clone; keep it where it counts.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

/// A value that goes up and down. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

/// How often values fell under each bound. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    bounds: Vec<f64>,
    /// One more than bounds: the last is of what lies above all.
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Counter {
    /// Adds this many.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Sets it. A value that is not finite is passed over.
    pub fn set(&self, value: f64) {
        if value.is_finite() {
            self.0.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Adds to it; less than zero takes away.
    pub fn add(&self, change: f64) {
        add(&self.0, change);
    }

    fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Histogram {
    fn new(bounds: &[f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds: bounds.to_vec(), counts, sum: AtomicU64::new(0) }))
    }

    /// Records a value. One that is not finite is passed over.
    pub fn record(&self, value: f64) {
        if value.is_finite() {
            let at = self.0.bounds.partition_point(|bound| *bound < value);
            self.0.counts[at].fetch_add(1, Ordering::Relaxed);
            add(&self.0.sum, value);
        }
    }

    fn sum(&self) -> f64 {
        f64::from_bits(self.0.sum.load(Ordering::Relaxed))
    }

    fn counts(&self) -> Vec<u64> {
        self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

fn add(cell: &AtomicU64, change: f64) {
    let sum = |bits| {
        let sum = f64::from_bits(bits) + change;
        sum.is_finite().then(|| sum.to_bits())
    };
    // What would not be finite is left as it is.
    let _left_or_added = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
}

impl OwnMetrics {
    /// The counter of this name and these labels, made when it is new. Its name has no `_total`, which Prometheus adds.
    ///
    /// # Errors
    /// See [`InvalidMetric`].
    pub fn counter<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
    ) -> Result<Counter, InvalidMetric> {
        let made = || Cell::Counter(Counter::default());
        match self.series(name, help, Kind::Counter, labels, made)? {
            Cell::Counter(counter) => Ok(counter),
            Cell::Gauge(_) | Cell::Histogram(_) => Ok(Counter::default()),
        }
    }

    /// The gauge of this name and these labels, made when it is new, at zero.
    ///
    /// # Errors
    /// See [`InvalidMetric`].
    pub fn gauge<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
    ) -> Result<Gauge, InvalidMetric> {
        let made = || Cell::Gauge(Gauge::default());
        match self.series(name, help, Kind::Gauge, labels, made)? {
            Cell::Gauge(gauge) => Ok(gauge),
            Cell::Counter(_) | Cell::Histogram(_) => Ok(Gauge::default()),
        }
    }

    /// The histogram of this name and these labels, made when it is new. Bounds are upper ones, in the unit that the name ends with.
    ///
    /// # Errors
    /// See [`InvalidMetric`].
    pub fn histogram<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [(&str, &str); N],
        bounds: &[f64],
    ) -> Result<Histogram, InvalidMetric> {
        let grows = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if bounds.is_empty() || !grows || bounds.iter().any(|bound| !bound.is_finite()) {
            return Err(InvalidMetric::Bounds { name: name.to_owned() });
        }
        let made = || Cell::Histogram(Histogram::new(bounds));
        match self.series(name, help, Kind::Histogram(bounds.to_vec()), labels, made)? {
            Cell::Histogram(histogram) => Ok(histogram),
            Cell::Counter(_) | Cell::Gauge(_) => Ok(Histogram::new(bounds)),
        }
    }

    fn series<const N: usize>(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        labels: [(&str, &str); N],
        made: impl FnOnce() -> Cell,
    ) -> Result<Cell, InvalidMetric> {
        for name in labels.iter().map(|(label, _)| *label).chain([name]) {
            if !is_name(name) {
                return Err(InvalidMetric::Name(name.chars().take(NAME_MAX).collect()));
            }
        }
        if N > LABELS_MAX || labels.iter().any(|(_, value)| value.len() > VALUE_MAX) {
            return Err(InvalidMetric::Labels { name: name.to_owned() });
        }
        let mut labels: Labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into();
        labels.sort();
        let is_bound = |label: &str| label == "le" || label == "quantile";
        let twice = labels.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if twice || labels.iter().any(|(label, _)| is_bound(label)) {
            return Err(InvalidMetric::Labels { name: name.to_owned() });
        }
        if RESERVED.0.iter().any(|prefix| name.starts_with(prefix))
            || RESERVED.1.iter().any(|suffix| name.ends_with(suffix))
        {
            return Err(InvalidMetric::Reserved { name: name.to_owned() });
        }
        let help: String = help.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut families = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let families = &mut *families;
        let full = families.series >= SERIES_MAX;
        if let Some(family) = families.by_name.get(name) {
            if family.kind != kind {
                return Err(InvalidMetric::Kind { name: name.to_owned(), known: family.kind.name() });
            }
            if let Some(cell) = family.series.get(&labels) {
                return Ok(cell.clone());
            }
        }
        let cell = made();
        if full {
            if !std::mem::replace(&mut families.told_of_too_many, true) {
                tracing::warn!(
                    name,
                    most = SERIES_MAX,
                    "there are too many metrics: new ones are counted nowhere"
                );
            }
            return Ok(cell);
        }
        families.series += 1;
        let new = || Family { help, kind, series: BTreeMap::new() };
        let family = families.by_name.entry(name.to_owned()).or_insert_with(new);
        family.series.insert(labels, cell.clone());
        Ok(cell)
    }

    /// For a heartbeat: [`OWN_MAX`] of them at most, in order of name. Of a histogram how many values there were, and their sum.
    #[must_use]
    pub fn told(&self) -> Vec<Own> {
        let families = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let all = families.by_name.iter().flat_map(|(name, family)| {
            family
                .series
                .iter()
                .flat_map(move |(labels, cell)| cell.told(&format!("{name}{}", Shown(labels))))
        });
        all.take(OWN_MAX).collect()
    }

    /// All of them, for an export.
    #[cfg(feature = "totals")]
    #[must_use]
    pub fn each(&self) -> Vec<Read> {
        let families = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let each = families.by_name.iter().map(|(name, family)| Read {
            name: name.clone(),
            help: family.help.clone(),
            values: family.series.iter().map(|(labels, cell)| (labels.clone(), cell.read())).collect(),
        });
        each.collect()
    }
}

/// A metric of a program's own, read at one moment.
#[cfg(feature = "totals")]
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Its name.
    pub name: String,
    /// What it is.
    pub help: String,
    /// Its series.
    pub values: Vec<(Labels, Value)>,
}

/// The value of a series.
#[cfg(feature = "totals")]
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter.
    Counter(u64),
    /// Of a gauge.
    Gauge(f64),
    /// Of a histogram: its bounds, how many fell under each and above the last, and their sum.
    Histogram {
        /// Upper bounds.
        bounds: Vec<f64>,
        /// One more than bounds.
        counts: Vec<u64>,
        /// Of all values.
        sum: f64,
    },
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Cell {
    fn told(&self, name: &str) -> Vec<Own> {
        let own = |suffix: &str, value: f64| Own { name: suffixed(name, suffix), value };
        match self {
            Self::Counter(counter) => vec![own("", whole(counter.value()))],
            Self::Gauge(gauge) => vec![own("", gauge.value())],
            Self::Histogram(histogram) => {
                vec![own("_count", whole(histogram.counts().iter().sum())), own("_sum", histogram.sum())]
            }
        }
    }

    #[cfg(feature = "totals")]
    fn read(&self) -> Value {
        match self {
            Self::Counter(counter) => Value::Counter(counter.value()),
            Self::Gauge(gauge) => Value::Gauge(gauge.value()),
            Self::Histogram(histogram) => Value::Histogram {
                bounds: histogram.0.bounds.clone(),
                counts: histogram.counts(),
                sum: histogram.sum(),
            },
        }
    }
}

/// The suffix stands before the labels.
fn suffixed(name: &str, suffix: &str) -> String {
    match name.split_once('{') {
        Some((name, labels)) => format!("{name}{suffix}{{{labels}"),
        None => format!("{name}{suffix}"),
    }
}

/// Labels as Prometheus writes them; nothing where there are none.
struct Shown<'a>(&'a Labels);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (label, value)) in self.0.iter().enumerate() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, "{}{label}=\"{value}\"", if at == 0 { "{" } else { "," })?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= NAME_MAX
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[expect(clippy::cast_precision_loss, reason = "counters stay far below 2^53")]
fn whole(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(metrics: &OwnMetrics) -> Vec<(String, f64)> {
        metrics.told().into_iter().map(|own| (own.name, own.value)).collect()
    }

    #[test]
    fn the_same_name_and_labels_are_the_same_metric() {
        let metrics = OwnMetrics::default();
        for side in ["buy", "sell", "buy"] {
            metrics.counter("placed", "Orders", [("side", side), ("desk", "fx")]).unwrap().add(1);
        }
        let open = metrics.gauge("open", "Orders", []).unwrap();
        open.set(5.0);
        open.add(-2.0);
        open.set(f64::NAN);
        open.add(f64::INFINITY);
        let risk = metrics.histogram("risk_seconds", "Risk", [], &[0.1, 1.0]).unwrap();
        for value in [0.05, 0.1, 0.5, 7.0, f64::NAN] {
            risk.record(value);
        }
        let expected = [
            ("open", 3.0),
            ("placed{desk=\"fx\",side=\"buy\"}", 2.0),
            ("placed{desk=\"fx\",side=\"sell\"}", 1.0),
            ("risk_seconds_count", 4.0),
            ("risk_seconds_sum", 7.65),
        ];
        assert_eq!(told(&metrics), expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(risk.counts(), [2, 1, 1]);
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_name_and_memory_is_bounded() {
        let metrics = OwnMetrics::default();
        let refused = |result: Result<Counter, InvalidMetric>| result.unwrap_err().to_string();
        assert!(refused(metrics.counter("Placed", "", [])).contains("\"Placed\""));
        assert!(refused(metrics.counter("placed", "", [("le side", "x")])).contains("\"le side\""));
        assert!(refused(metrics.counter("placed", "", [("a", &"x".repeat(129))])).contains("128"));
        assert!(refused(metrics.counter("placed", "", [("a", "1"), ("a", "2")])).contains("each once"));
        assert!(refused(metrics.counter("placed", "", [("le", "1")])).contains("le"));
        for reserved in ["placed_total", "aegis_service_groups", "process_x", "a_bucket"] {
            assert!(refused(metrics.counter(reserved, "", [])).contains("given by exports"), "{reserved}");
        }
        metrics.gauge("open", "", []).unwrap();
        assert!(refused(metrics.counter("open", "", [])).contains("open is a gauge already"));
        assert!(metrics.histogram("h", "", [], &[1.0, 1.0]).is_err());
        metrics.histogram("h", "", [], &[1.0, 2.0]).unwrap();
        assert!(metrics.histogram("h", "", [], &[1.0]).is_err(), "other bounds");
        for n in 0..SERIES_MAX * 2 {
            metrics.counter("placed", "", [("account", &n.to_string())]).unwrap().add(1);
        }
        let families = metrics.0.read().unwrap();
        assert_eq!(families.by_name.values().map(|family| family.series.len()).sum::<usize>(), SERIES_MAX);
        drop(families);
        assert_eq!(metrics.told().len(), OWN_MAX);
    }
}
