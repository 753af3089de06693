//! Definitions of services.

use hyper::header::{HeaderValue, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;

use super::{Paging, keyed};
use crate::key::{Basis, IdempotencyKey, tag};
use crate::query::query;
use crate::route;
use crate::transport::Outgoing;
use crate::types::{Change, Content, Definition, DefinitionRevision, Instance, New, Page, Reason};
use crate::{Client, Error};

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServicesQuery<'a> {
    include_retired: bool,
    #[serde(flatten)]
    paging: &'a Paging,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Retirement<'a> {
    reason: &'a str,
}

impl Client {
    /// Definitions in order of service; retired ones too, if asked for.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn definitions(
        &self,
        include_retired: bool,
        paging: &Paging,
    ) -> Result<Page<Definition>, Error> {
        let query = query(&ServicesQuery { include_retired, paging });
        self.fetch(Outgoing::new(&route::SERVICES, route::SERVICES.with(&[]) + &query)).await
    }

    /// Defines a service.
    ///
    /// # Errors
    /// `DEFINITION_EXISTS` when there is an active one; see [`Error`].
    pub async fn define(&self, new: &New, key: Option<&IdempotencyKey>) -> Result<Change, Error> {
        let outgoing = Outgoing::new(&route::DEFINE, route::DEFINE.with(&[])).json(new);
        self.fetch(keyed(outgoing, key)).await
    }

    /// One definition, also when it was retired.
    ///
    /// # Errors
    /// `DEFINITION_NOT_FOUND`; see [`Error`].
    pub async fn definition(&self, service: &str) -> Result<Definition, Error> {
        self.fetch(Outgoing::new(&route::SERVICE, route::SERVICE.with(&[service]))).await
    }

    /// One definition, unless it still is at this revision.
    ///
    /// # Errors
    /// As of [`Client::definition`].
    pub async fn definition_unless(&self, service: &str, revision: u64) -> Result<Option<Definition>, Error> {
        let outgoing = Outgoing::new(&route::SERVICE, route::SERVICE.with(&[service]));
        self.fetch_changed(outgoing.header(IF_NONE_MATCH, tag(revision))).await
    }

    /// Replaces what a definition says: what the content leaves away is gone.
    ///
    /// # Errors
    /// `DEFINITION_CONFLICT` when it is not based on what stands; see [`Error`].
    pub async fn replace(&self, service: &str, basis: Basis, content: &Content) -> Result<Change, Error> {
        let outgoing = Outgoing::new(&route::REPLACE, route::REPLACE.with(&[service])).json(content);
        self.fetch(outgoing.header(IF_MATCH, basis.header())).await
    }

    /// Defines a service, unless it has a definition.
    ///
    /// # Errors
    /// `DEFINITION_EXISTS`; see [`Error`].
    pub async fn create(&self, service: &str, content: &Content) -> Result<Change, Error> {
        let outgoing = Outgoing::new(&route::REPLACE, route::REPLACE.with(&[service])).json(content);
        self.fetch(outgoing.header(IF_NONE_MATCH, HeaderValue::from_static("*"))).await
    }

    /// Takes a definition out of use.
    ///
    /// # Errors
    /// As of [`Client::replace`].
    pub async fn retire(&self, service: &str, basis: Basis, reason: &str) -> Result<Change, Error> {
        let query = query(&Retirement { reason });
        let outgoing = Outgoing::new(&route::RETIRE, route::RETIRE.with(&[service]) + &query);
        self.fetch(outgoing.header(IF_MATCH, basis.header())).await
    }

    /// Brings a retired definition back as it was.
    ///
    /// # Errors
    /// As of [`Client::replace`].
    pub async fn reinstate(
        &self,
        service: &str,
        basis: Basis,
        reason: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<Change, Error> {
        let outgoing = Outgoing::new(&route::REINSTATE, route::REINSTATE.with(&[service]));
        let outgoing = outgoing.json(&Reason { reason: reason.to_owned() }).header(IF_MATCH, basis.header());
        self.fetch(keyed(outgoing, key)).await
    }

    /// The versions of a definition, newest first.
    ///
    /// # Errors
    /// As of [`Client::definition`].
    pub async fn definition_history(
        &self,
        service: &str,
        paging: &Paging,
    ) -> Result<Page<DefinitionRevision>, Error> {
        let path = route::HISTORY.with(&[service]) + &query(paging);
        self.fetch(Outgoing::new(&route::HISTORY, path)).await
    }

    /// The instances of a service, defined or not.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn service_instances(&self, service: &str, paging: &Paging) -> Result<Page<Instance>, Error> {
        let path = route::SERVICE_INSTANCES.with(&[service]) + &query(paging);
        self.fetch(Outgoing::new(&route::SERVICE_INSTANCES, path)).await
    }
}
