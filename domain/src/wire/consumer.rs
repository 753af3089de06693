//! The names of durable consumers, and whose they are.
//!
//! No two subscriptions have one name: a name that holds a `-` is joined to its service by `=`, which stands in no name.

use crate::{InstanceName, ServiceName};

/// Metadata of a consumer: whose it is.
pub const OWNER: &str = "aegis.owner";

/// The durable consumer of a service's subscription or lane; of one of its instances, where each has its own.
#[must_use]
pub fn durable(service: &ServiceName, name: &str, instance: Option<&InstanceName>) -> String {
    match instance {
        None if !name.contains('-') => format!("{service}-{name}"),
        None => format!("{service}={name}"),
        Some(instance) => format!("{service}={name}={instance}"),
    }
}

/// The name that it had before names were told apart.
#[must_use]
pub fn former_durable(service: &ServiceName, name: &str, instance: Option<&InstanceName>) -> Option<String> {
    let former = match instance {
        None => format!("{service}-{name}"),
        Some(instance) => format!("{service}-{name}-{instance}"),
    };
    (former != durable(service, name, instance)).then_some(former)
}

/// Whose it is, as [`OWNER`] says it.
#[must_use]
pub fn owner(service: &ServiceName, name: &str, instance: Option<&InstanceName>) -> String {
    match instance {
        None => format!("{service}/{name}"),
        Some(instance) => format!("{service}/{name}/{instance}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_subscriptions_have_one_name() {
        let names = ["orders", "orders-audit", "orders-audit-log", "audit", "audit-log", "log"];
        let mut seen = std::collections::BTreeMap::new();
        for service in names {
            for name in names {
                let owner_of = ServiceName::new(service).unwrap();
                let instances = names.map(|name| InstanceName::new(name).unwrap());
                for instance in instances.iter().map(Some).chain([None]) {
                    let owner = owner(&owner_of, name, instance);
                    let before = seen.insert(durable(&owner_of, name, instance), owner.clone());
                    assert_eq!(before, None, "{owner}");
                }
            }
        }
    }

    #[test]
    fn a_plain_name_keeps_the_consumer_that_it_had() {
        let service = ServiceName::new("orders-audit").unwrap();
        assert_eq!(durable(&service, "log", None), "orders-audit-log");
        assert_eq!(former_durable(&service, "log", None), None);
        assert_eq!(former_durable(&service, "a-b", None).as_deref(), Some("orders-audit-a-b"));
    }
}
