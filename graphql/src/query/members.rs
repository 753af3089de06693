//! Who would take over which group: its members, in the order of their claims.

use std::collections::{BTreeMap, HashMap};

use aegis_domain::{ErrorCode, GroupName, InstanceName, ServiceName, claim};
use aegis_projections::live::Contents;
use aegis_projections::state::GroupKey;
use aegis_projections::view::{InstanceStatus as ViewStatus, InstanceView, LeaderView};
use async_graphql::{Context, ID, Object, Result, SimpleObject};

use crate::error::{error, require};
use crate::ports::Feed;
use crate::ports::Role;
use crate::types::{InstanceStatus, Long};

/// So many members of a group are told.
const MEMBERS: usize = 20;

#[derive(Debug, Default)]
pub(super) struct MembersQuery;

/// The members of a group.
#[derive(Debug, SimpleObject)]
struct GroupMembers {
    /// `<service>/<group>`
    id: ID,
    /// Whether a member declares it. One that nobody declares is opened on demand: all that take part in elections count as
    /// its members, though one of them may refuse it.
    declared: bool,
    /// How many there are, its owner included.
    member_count: Long,
    /// The first 20: those that run, in the order in which they claim it when it has no owner; then those that do not run.
    members: Vec<GroupMember>,
}

/// A living instance that stands for a group.
#[derive(Debug, SimpleObject)]
struct GroupMember {
    instance: String,
    /// Only a member that runs takes a group over.
    status: InstanceStatus,
    /// Whether it owns the group.
    owner: bool,
}

/// The living instances of a service, by the groups that are asked for.
#[derive(Default)]
struct Standing<'a> {
    declared: HashMap<&'a GroupName, Vec<&'a InstanceView>>,
    /// Those that take part in elections at all.
    electing: Vec<&'a InstanceView>,
}

#[Object]
impl MembersQuery {
    /// Who would take each of these groups over (`<service>/<group>`, 200 at most). Those that are not known are left out.
    async fn group_members(
        &self,
        context: &Context<'_>,
        #[graphql(validator(max_items = 200, list, max_length = 400))] ids: Vec<String>,
    ) -> Result<Vec<GroupMembers>> {
        require(context, Role::Viewer)?;
        let keys = ids.iter().map(|id| key(id)).collect::<Result<Vec<_>>>()?;
        let contents = context.data::<Feed>()?.contents();
        let mut services = BTreeMap::<&ServiceName, Standing<'_>>::new();
        for (service, group) in &keys {
            services.entry(service).or_default().declared.insert(group, vec![]);
        }
        for (service, standing) in &mut services {
            standing.fill(&contents, service);
        }
        let told = keys.iter().filter_map(|key| {
            let leader = contents.state.leaders.get(key)?;
            Some(services.get(&key.0)?.told(key, leader))
        });
        Ok(told.collect())
    }
}

impl<'a> Standing<'a> {
    /// All instances of the service are gone through once.
    fn fill(&mut self, contents: &'a Contents, service: &ServiceName) {
        for (key, view) in contents.instances_of(service) {
            if !view.state.is_alive() {
                continue;
            }
            for group in view.state.registration.iter().flat_map(|registration| &registration.groups) {
                if let Some(members) = self.declared.get_mut(group) {
                    members.push(view);
                }
            }
            if contents.beats.get(key).is_some_and(|beat| beat.heartbeat.metrics.lease.is_some()) {
                self.electing.push(view);
            }
        }
    }

    fn told(&self, (service, group): &GroupKey, leader: &LeaderView) -> GroupMembers {
        let declared = self.declared.get(group).filter(|members| !members.is_empty());
        let members = declared.unwrap_or(&self.electing);
        let by_name: HashMap<&InstanceName, &InstanceView> =
            members.iter().map(|view| (&view.instance, *view)).collect();
        let mut ordered: Vec<_> = claim::order(group, by_name.keys().copied())
            .into_iter()
            .filter_map(|name| by_name.get(name).copied())
            .collect();
        // Stable: each of the two keeps the order of claims.
        ordered.sort_by_key(|view| view.status != ViewStatus::Running);
        let member = |view: &InstanceView| GroupMember {
            instance: view.instance.to_string(),
            status: view.status.into(),
            owner: leader.instance.as_ref() == Some(&view.instance),
        };
        GroupMembers {
            id: ID(format!("{service}/{group}")),
            declared: declared.is_some(),
            member_count: (members.len() as u64).into(),
            members: ordered.into_iter().take(MEMBERS).map(member).collect(),
        }
    }
}

fn key(id: &str) -> Result<GroupKey> {
    let named = id
        .split_once('/')
        .and_then(|(service, group)| Some((ServiceName::new(service).ok()?, GroupName::new(group).ok()?)));
    named.ok_or_else(|| error(ErrorCode::InvalidInput, "an id is <service>/<group>"))
}
