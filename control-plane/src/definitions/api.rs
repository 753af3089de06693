//! Over the API of a control plane.

use std::collections::BTreeMap;

use aegis_api_client::types::{
    Content as Sent, Definition as Shown, DefinitionAction, DefinitionRevision, DefinitionStatus, Failover,
    FailoverInput, FailoverPolicy as Policy, New, RegistrationPolicy as Registration,
};
use aegis_api_client::{Basis, Error};
use aegis_domain::aggregate::Definition;
use aegis_domain::aggregate::definition::{Change, Command, Content};
use aegis_domain::aggregate::policy::{FailoverPolicy, Percent, RegistrationPolicy};
use aegis_domain::{AggregateVersion, Sequence, ServiceName, Version};
use aegis_projections::view::history::{Action, FieldChange, Revision};
use anyhow::{Context as _, anyhow};
use async_trait::async_trait;

use super::Definitions;
use crate::output::one_line;
use crate::remote::{Api, told};

#[async_trait(?Send)]
impl Definitions for Api {
    async fn all(&self) -> anyhow::Result<BTreeMap<ServiceName, Definition>> {
        let shown = self.whole(async |paging| self.client.definitions(true, &paging).await).await?;
        shown
            .into_iter()
            .map(|shown| {
                let name = one_line(&shown.service);
                definition(shown).with_context(|| format!("the definition of {name} cannot be read"))
            })
            .collect()
    }

    async fn change(&self, service: &ServiceName, change: Command) -> anyhow::Result<u64> {
        let name = service.as_str();
        let on = |expected: AggregateVersion| Basis::Revision(expected.get());
        let done = match change {
            Command::Define { service, content, reason } => {
                let new = New { service: service.to_string(), content: sent(content, reason) };
                self.client.define(&new, None).await
            }
            Command::Amend { expected, change, reason } => {
                let content = whole(change).context("INTERNAL: a change that does not say every field")?;
                self.client.replace(name, on(expected), &sent(content, reason)).await
            }
            Command::Retire { expected, reason } => self.client.retire(name, on(expected), &reason).await,
            Command::Reinstate { expected, reason } => {
                self.client.reinstate(name, on(expected), &reason, None).await
            }
        };
        done.map(|done| done.revision).map_err(|e| refused(&e))
    }

    async fn history(&self, service: &ServiceName) -> anyhow::Result<Vec<Revision>> {
        // What the log has by now is there before it is asked for, since a page of versions does not say how far it goes.
        self.caught_up().await?;
        let (mut revisions, mut paging) = (vec![], Self::first_page());
        loop {
            let page = match self.client.definition_history(service.as_str(), &paging).await {
                Ok(page) => page,
                Err(error) if error.code() == Some("DEFINITION_NOT_FOUND") => return Ok(vec![]),
                Err(error) => return Err(told(&error)),
            };
            for shown in page.items {
                revisions.push(revision(shown)?);
            }
            match page.next_cursor {
                Some(cursor) => paging.after = Some(cursor),
                None => break,
            }
        }
        revisions.reverse();
        Ok(revisions)
    }
}

/// As the commands of NATS say it.
fn refused(error: &Error) -> anyhow::Error {
    match error.code() {
        Some(code @ ("DEFINITION_CONFLICT" | "DEFINITION_EXISTS" | "DEFINITION_NOT_FOUND")) => {
            let detail = error.problem().map(|problem| one_line(&problem.detail)).unwrap_or_default();
            anyhow!("{code}: somebody changed it since the plan was made ({detail})")
        }
        Some(_) | None => told(error),
    }
}

fn definition(shown: Shown) -> anyhow::Result<(ServiceName, Definition)> {
    let content = Content {
        owner: shown.owner,
        description: shown.description,
        version: Version::new(shown.version)?,
        min_instances: shown.min_instances.map(u32::try_from).transpose()?,
        max_instances: shown.max_instances.map(u32::try_from).transpose()?,
        p99_limit_ms: shown.p99_limit_ms.map(u32::try_from).transpose()?,
        error_limit_percent: shown.error_limit_percent.map(Percent::new).transpose()?,
        failover: shown.failover.map(failover).transpose()?,
        registration: registration(shown.registration)?,
        labels: shown.labels,
    };
    let retired = match shown.status {
        DefinitionStatus::Active => false,
        DefinitionStatus::Retired => true,
        DefinitionStatus::Unknown => return Err(newer("status")),
    };
    let version = AggregateVersion(shown.revision);
    Ok((ServiceName::new(shown.service)?, Definition { content: Some(content), retired, version }))
}

fn failover(shown: Failover) -> anyhow::Result<FailoverPolicy> {
    Ok(match shown.policy {
        Policy::Aggressive => FailoverPolicy::Aggressive,
        Policy::Balanced => FailoverPolicy::Balanced,
        Policy::Conservative => FailoverPolicy::Conservative,
        Policy::Custom => FailoverPolicy::Custom { lease_ms: shown.lease_ms },
        Policy::Unknown => return Err(newer("failover policy")),
    })
}

fn registration(shown: Registration) -> anyhow::Result<RegistrationPolicy> {
    Ok(match shown {
        Registration::Open => RegistrationPolicy::Open,
        Registration::Warn => RegistrationPolicy::Warn,
        Registration::Enforce => RegistrationPolicy::Enforce,
        Registration::Unknown => return Err(newer("registration policy")),
    })
}

fn revision(shown: DefinitionRevision) -> anyhow::Result<Revision> {
    let action = match shown.action {
        DefinitionAction::Defined => Action::Defined,
        DefinitionAction::Amended => Action::Amended,
        DefinitionAction::Retired => Action::Retired,
        DefinitionAction::Reinstated => Action::Reinstated,
        DefinitionAction::Unknown => return Err(newer("action")),
    };
    let changes = shown.changes.into_iter();
    let changes = changes.map(|it| FieldChange { field: it.field, before: it.before, after: it.after });
    Ok(Revision {
        revision: shown.revision,
        sequence: Sequence(shown.sequence),
        at: shown.at,
        by: shown.by,
        action,
        reason: shown.reason,
        changes: changes.collect(),
    })
}

fn newer(what: &str) -> anyhow::Error {
    anyhow!(
        "the control plane is newer than this program: it tells a {what} that is not known here; upgrade this program"
    )
}

fn sent(content: Content, reason: Option<String>) -> Sent {
    Sent {
        owner: content.owner,
        description: content.description,
        version: content.version.to_string(),
        min_instances: content.min_instances.map(u64::from),
        max_instances: content.max_instances.map(u64::from),
        p99_limit_ms: content.p99_limit_ms.map(u64::from),
        error_limit_percent: content.error_limit_percent.map(Percent::get),
        failover: content.failover.map(asked),
        registration: Some(match content.registration {
            RegistrationPolicy::Open => Registration::Open,
            RegistrationPolicy::Warn => Registration::Warn,
            RegistrationPolicy::Enforce => Registration::Enforce,
        }),
        labels: Some(content.labels),
        reason,
    }
}

fn asked(policy: FailoverPolicy) -> FailoverInput {
    let (policy, lease_ms) = match policy {
        FailoverPolicy::Aggressive => (Policy::Aggressive, None),
        FailoverPolicy::Balanced => (Policy::Balanced, None),
        FailoverPolicy::Conservative => (Policy::Conservative, None),
        FailoverPolicy::Custom { lease_ms } => (Policy::Custom, Some(lease_ms)),
    };
    FailoverInput { policy, lease_ms }
}

/// What a change says, if it says every field: over the API a change replaces all of them.
fn whole(change: Change) -> Option<Content> {
    Some(Content {
        owner: change.owner?,
        description: change.description?,
        version: change.version?,
        min_instances: change.min_instances?,
        max_instances: change.max_instances?,
        p99_limit_ms: change.p99_limit_ms?,
        error_limit_percent: change.error_limit_percent?,
        failover: change.failover?,
        registration: change.registration?,
        labels: change.labels?,
    })
}
