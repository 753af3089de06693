//! Lists of services, each summed up.

use std::sync::Arc;

use aegis_projections::live::Contents;

use super::Question;
use crate::types::{ServiceFilter, ServiceOrder, ServiceSummary};

/// Which services, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServiceQuestion {
    pub(crate) filter: ServiceFilter,
    pub(crate) order: ServiceOrder,
}

/// A list as it stood.
#[derive(Debug, PartialEq)]
pub(crate) struct ServiceList {
    /// The services in order.
    pub(crate) rows: Vec<(String, Arc<ServiceSummary>)>,
}

impl Question for ServiceQuestion {
    type List = ServiceList;

    fn answer(&self, contents: &Contents) -> ServiceList {
        let mut all = ServiceSummary::all(contents, &self.filter);
        all.retain(|summary| self.filter.takes(summary));
        // They come in order of name, and what is equal by rank stays so.
        all.sort_by_cached_key(|summary| self.order.rank(summary));
        let row = |summary: ServiceSummary| (summary.name.clone(), Arc::new(summary));
        ServiceList { rows: all.into_iter().map(row).collect() }
    }

    fn is_by_figures(&self) -> bool {
        false
    }

    fn mark(contents: &Contents) -> u64 {
        contents.state.position.get()
    }
}
