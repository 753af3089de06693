//! What is served under which name, and how a call came.

use std::collections::HashMap;
use std::sync::Arc;

use aegis_domain::{GroupName, MethodName};

use super::method::{Kind, Method, Served};
use crate::Connection;
use aegis_telemetry::metrics::Role;

/// How a call came.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// To any instance, or to this very one.
    Balanced,
    /// To the owner of the group.
    Group(GroupName),
    /// To the owner of a group that was given up here.
    Left(GroupName),
}

impl Way {
    /// The group that the call is for.
    pub(super) fn group(&self) -> Option<&GroupName> {
        match self {
            Self::Group(group) | Self::Left(group) => Some(group),
            Self::Balanced => None,
        }
    }
}

/// The methods of a service, by their names.
#[derive(Debug)]
pub(in crate::service) struct Routes {
    balanced: HashMap<String, Arc<Method>>,
    exclusive: HashMap<String, Arc<Method>>,
    /// The group that calls of the Python SDK mean, which name none: of a service that has one alone.
    only_group: Option<GroupName>,
}

impl Routes {
    pub(in crate::service) fn new(
        methods: Vec<(MethodName, Served)>,
        groups: &[GroupName],
        connection: &Connection,
    ) -> Self {
        let (mut balanced, mut exclusive) = (HashMap::new(), HashMap::new());
        for (name, served) in methods {
            let meter = connection.telemetry().meters.of(Role::Serve, name.as_str());
            let kind = match served.kind {
                Kind::Balanced => &mut balanced,
                Kind::Exclusive => &mut exclusive,
            };
            kind.insert(name.to_string(), Arc::new(Method::new(name, served, meter)));
        }
        let only_group = match groups {
            [group] if !exclusive.is_empty() => Some(group.clone()),
            _ => None,
        };
        Self { balanced, exclusive, only_group }
    }

    /// The method that is served under this name.
    pub(super) fn find(&self, name: &str, way: &Way) -> Option<&Arc<Method>> {
        match way {
            Way::Balanced => self.balanced.get(name),
            Way::Group(_) | Way::Left(_) => self.exclusive.get(name),
        }
    }

    /// The exclusive method that is served under this name, and the group that it is meant for.
    pub(super) fn find_exclusive(&self, name: &str) -> Option<(&Arc<Method>, GroupName)> {
        Some((self.exclusive.get(name)?, self.only_group.clone()?))
    }

    /// Whether any call may come that names no group.
    pub(super) fn any_balanced(&self) -> bool {
        !self.balanced.is_empty() || self.only_group.is_some()
    }

    /// In order of their names.
    pub(super) fn methods(&self) -> impl Iterator<Item = &Method> {
        let mut methods: Vec<_> =
            self.balanced.values().chain(self.exclusive.values()).map(AsRef::as_ref).collect();
        methods.sort_by(|a: &&Method, b| a.name.cmp(&b.name));
        methods.into_iter()
    }
}
