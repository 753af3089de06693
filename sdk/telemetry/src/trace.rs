//! New traces, and steps of those that are under way.

use aegis_domain::wire::TraceParent;
use rand::Rng as _;

/// The begin of a trace.
pub fn begin() -> TraceParent {
    let mut random = rand::rng();
    TraceParent::new(random.random(), random.random())
}

/// The trace that a message says it belongs to, or the begin of one.
pub fn of(said: Option<&str>) -> TraceParent {
    said.and_then(TraceParent::parse).unwrap_or_else(begin)
}

/// One step further in a trace, or the begin of one.
pub fn next(within: Option<&TraceParent>) -> TraceParent {
    within.map_or_else(begin, |trace| trace.child(rand::rng().random()))
}
