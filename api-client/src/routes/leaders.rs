//! Who leads which group.

use serde::Serialize;

use super::{Filtered, Paging, keyed};
use crate::key::IdempotencyKey;
use crate::query::query;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{HandedOver, Leader, Page, StepDown};
use crate::{Client, Error};

/// Which groups.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeadersFilter {
    /// Those of this service.
    pub service: Option<String>,
    /// Those that instances of this name own.
    pub instance: Option<String>,
}

impl Client {
    /// The owners of groups; groups that nobody owns first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn leaders(&self, filter: &LeadersFilter, paging: &Paging) -> Result<Page<Leader>, Error> {
        let path = route::LEADERS.with(&[]) + &query(&Filtered { filter, paging });
        self.fetch(Outgoing::new(&route::LEADERS, path)).await
    }

    /// Has the owner of a group hand it over.
    ///
    /// # Errors
    /// `NOT_ACTIVE` if no instance owns the group: there is nothing to hand over. `MEMBER_NOT_FOUND` if no other instance can
    /// take it: start one, then try again. The rest as in [`Error`].
    pub async fn step_down(
        &self,
        service: &str,
        group: &str,
        how: &StepDown,
        key: Option<&IdempotencyKey>,
    ) -> Result<HandedOver, Error> {
        let outgoing = Outgoing::new(&route::STEP_DOWN, route::STEP_DOWN.with(&[service, group])).json(how);
        self.fetch(keyed(outgoing, key)).await
    }
}
