//! By NATS: the lease store, and the instances themselves.

use aegis_domain::ServiceName;
use aegis_leases::leadership::overview::{Leader, Leaders};
use aegis_sdk::{Operator, OperatorError};
use async_trait::async_trait;

use super::{DrainArgs, Group, GroupState, Groups, Operations, Owner, StepdownArgs};
use crate::output::one_line;

#[async_trait(?Send)]
impl Operations for Operator {
    async fn leaders(&self, service: Option<&ServiceName>) -> anyhow::Result<Groups> {
        let Leaders { leaders, unreadable } =
            Self::leaders(self, service).await.map_err(|e| with_code(&e))?;
        Ok(Groups { groups: leaders.into_iter().map(group).collect(), unreadable })
    }

    async fn step_down(&self, asked: &StepdownArgs) -> anyhow::Result<Owner> {
        let StepdownArgs { service, group, to, reason, .. } = asked;
        let owner = Self::step_down(self, service, group, to.as_ref(), reason).await;
        let owner = owner.map_err(|e| with_code(&e))?;
        Ok(Owner { instance: owner.instance.to_string(), term: owner.term.get() })
    }

    async fn drain(&self, asked: &DrainArgs) -> anyhow::Result<()> {
        let done = Self::drain(self, &asked.service, &asked.instance, &asked.reason).await;
        done.map(drop).map_err(|e| with_code(&e))
    }

    async fn forget(&self, asked: &DrainArgs) -> anyhow::Result<()> {
        let done = Self::forget(self, &asked.service, &asked.instance, &asked.reason).await;
        done.map(drop).map_err(|e| with_code(&e))
    }
}

fn group(leader: Leader) -> Group {
    let record = leader.record;
    let state = match (&record.holder, leader.lives) {
        (Some(_), true) => GroupState::Owned,
        (Some(_), false) => GroupState::Lost,
        (None, _) => GroupState::Vacant,
    };
    Group {
        service: leader.service.to_string(),
        group: leader.group.to_string(),
        owner: record.holder.map(|holder| holder.instance.to_string()),
        term: record.term.get(),
        since: record.since,
        state,
    }
}

pub(super) fn with_code(error: &OperatorError) -> anyhow::Error {
    // In part the words of whoever refused.
    anyhow::anyhow!("{}: {}", error.code, one_line(&error.message))
}
