//! Over the API of a control plane.

use aegis_api_client::LeadersFilter;
use aegis_api_client::types::{Leader, StepDown};
use aegis_domain::ServiceName;
use async_trait::async_trait;

use super::{DrainArgs, Group, GroupState, Groups, Operations, Owner, StepdownArgs};
use crate::remote::{Api, told};

#[async_trait(?Send)]
impl Operations for Api {
    /// As the log has them: an owner that was lost is told once the loss is recorded.
    async fn leaders(&self, service: Option<&ServiceName>) -> anyhow::Result<Groups> {
        let filter = LeadersFilter { service: service.map(ToString::to_string), instance: None };
        let leaders = self.whole(async |paging| self.client.leaders(&filter, &paging).await).await?;
        let mut groups: Vec<_> = leaders.into_iter().map(group).collect();
        groups.sort_by(|a, b| (&a.service, &a.group).cmp(&(&b.service, &b.group)));
        Ok(Groups { groups, unreadable: vec![] })
    }

    async fn step_down(&self, asked: &StepdownArgs) -> anyhow::Result<Owner> {
        let StepdownArgs { service, group, to, reason, .. } = asked;
        let how = StepDown { to: to.as_ref().map(ToString::to_string), reason: reason.clone() };
        let done = self.client.step_down(service.as_str(), group.as_str(), &how, None).await;
        let done = done.map_err(|e| told(&e))?;
        Ok(Owner { instance: done.instance, term: done.term })
    }

    async fn drain(&self, asked: &DrainArgs) -> anyhow::Result<()> {
        let DrainArgs { service, instance, reason, .. } = asked;
        let done = self.client.drain(service.as_str(), instance.as_str(), reason, None).await;
        done.map(drop).map_err(|e| told(&e))
    }

    async fn forget(&self, asked: &DrainArgs) -> anyhow::Result<()> {
        let DrainArgs { service, instance, reason, .. } = asked;
        let done = self.client.forget(service.as_str(), instance.as_str(), reason, None).await;
        done.map(drop).map_err(|e| told(&e))
    }
}

fn group(leader: Leader) -> Group {
    let state = if leader.instance.is_some() { GroupState::Owned } else { GroupState::Vacant };
    Group {
        service: leader.service,
        group: leader.group,
        owner: leader.instance,
        term: leader.term,
        since: leader.since,
        state,
    }
}
