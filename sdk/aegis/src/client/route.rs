//! The subject of a call, computed once for each target and method.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use aegis_domain::wire::Namespace;
use aegis_domain::{InvalidName, MethodName};
use async_nats::Subject;

use super::Target;
use super::owner_watch::OwnerWatch;
use aegis_nats::denial;
use aegis_nats::number::Numbers;
use aegis_telemetry::metrics::{Meter, Meters, Role};

/// The most routes that are kept. A new one takes the place of any other, which is worked out again when it is needed.
const ROUTES_MAX: usize = 4_096;

/// Where a call goes.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) target: Target,
    pub(super) method: MethodName,
    pub(super) subject: Subject,
    /// Stands for the subject: see [`denial::tag`].
    pub(super) tag: u64,
    pub(super) meter: Arc<Meter>,
    /// Of a group's route: from the first call on that had to wait for a reply or an owner.
    pub(super) owner_watch: OnceLock<OwnerWatch>,
}

/// The routes of a client.
#[derive(Debug, Default)]
pub(super) struct Routes {
    known: RwLock<Numbers<Arc<Route>>>,
}

impl Routes {
    pub(super) fn find(
        &self,
        target: &Target,
        method: &str,
        (namespace, meters): (&Namespace, &Meters),
    ) -> Result<Arc<Route>, InvalidName> {
        let key = BuildHasherDefault::<DefaultHasher>::default().hash_one((target, method));
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = known.get(&key).filter(|route| route.leads_to(target, method)) {
            return Ok(Arc::clone(route));
        }
        drop(known);
        let method = MethodName::new(method)?;
        let meter = meters.of(Role::Call, &format!("{}.{method}", target.service()));
        let subject = Subject::from(target.subject(namespace, &method));
        let route = Arc::new(Route {
            target: target.clone(),
            method,
            tag: denial::tag(&subject),
            subject,
            meter,
            owner_watch: OnceLock::new(),
        });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // In the order of a hash, so as good as drawn.
        let other = known.keys().next().copied().filter(|_| known.len() >= ROUTES_MAX);
        let replaced = other.and_then(|other| known.remove(&other));
        known.insert(key, Arc::clone(&route));
        drop(known);
        // Its watch of an owner ends with it, when nothing is locked.
        drop(replaced);
        Ok(route)
    }
}

impl Route {
    /// How many changes of the group's owner were seen so far.
    pub(super) fn owner_changes(&self) -> u64 {
        self.owner_watch.get().map_or(0, OwnerWatch::seen)
    }

    fn leads_to(&self, target: &Target, method: &str) -> bool {
        self.method.as_str() == method && self.target == *target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_and_method_has_its_own_route_and_keeps_it() {
        let (routes, meters) = (Routes::default(), Meters::default());
        let find =
            |target: &Target, method| routes.find(target, method, (&Namespace::default(), &meters)).unwrap();
        let (any, owner) = (Target::any("desk").unwrap(), Target::owner("desk", "ACC-1").unwrap());
        let first = find(&any, "buy");
        assert!(Arc::ptr_eq(&first, &find(&any, "buy")));
        assert_eq!(first.subject.as_str(), "rpc.desk.buy");
        assert_eq!(find(&any, "sell").subject.as_str(), "rpc.desk.sell");
        assert_eq!(find(&owner, "buy").subject.as_str(), "rpc.desk.ACC-1.buy");
        assert!(
            Arc::ptr_eq(&first.meter, &find(&owner, "buy").meter),
            "one meter for all groups of a service"
        );
        assert!(routes.find(&any, "no method", (&Namespace::default(), &meters)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let (routes, meters) = (Routes::default(), Meters::default());
        for n in 0..ROUTES_MAX * 2 {
            let target = Target::owner("desk", format!("ACC-{n}")).unwrap();
            assert!(
                routes
                    .find(&target, "buy", (&Namespace::default(), &meters))
                    .unwrap()
                    .subject
                    .ends_with(&format!("ACC-{n}.buy"))
            );
        }
        assert_eq!(routes.known.read().unwrap().len(), ROUTES_MAX);
        let find = |group: &str| {
            let target = Target::owner("desk", group).unwrap();
            routes.find(&target, "buy", (&Namespace::default(), &meters)).unwrap()
        };
        assert!(Arc::ptr_eq(&find("late"), &find("late")), "who comes late has a route as well");
    }
}
