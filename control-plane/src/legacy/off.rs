//! Without the wire of the Python SDK.

use std::sync::Arc;

use aegis_domain::Sequence;
use aegis_projections::Live;
use aegis_projections::state::InstanceKey;
use prometheus_client::registry::Registry;

use crate::adapter::Adapter;
use crate::background::Background;

/// None is subscribed to.
pub(crate) const SUBJECTS: &[&str] = &[];

/// Nothing is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) wellness: Wellness,
}

/// Never tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wellness;

impl Wellness {
    pub(crate) fn is_well(&self, _: &InstanceKey, _: Sequence) -> bool {
        false
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) struct Gauges;

impl Gauges {
    pub(crate) fn new(_: &mut Registry, _: &Known) -> Self {
        Self
    }

    pub(crate) fn read(&self, _: &Live) {}
}

/// There is no task.
pub(crate) fn start(
    _: &Background,
    _: impl Future<Output = ()> + Send + 'static,
    _: &Arc<Adapter>,
    _: &Known,
) {
}
