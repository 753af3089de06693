//! The routes, as `docs/openapi.json` lists them.

use hyper::Method;

use crate::query::encoded;

/// One method of one path.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With the names of its variables in braces.
    path: &'static str,
}

macro_rules! routes {
    ($($name:ident: $method:ident $path:literal,)*) => {
        $(pub(crate) const $name: Route = Route { method: Method::$method, path: $path };)*
        #[cfg(test)]
        pub(crate) const ALL: &[Route] = &[$($name),*];
    };
}

routes! {
    SERVICES: GET "/api/services",
    DEFINE: POST "/api/services",
    SERVICE: GET "/api/services/{service}",
    REPLACE: PUT "/api/services/{service}",
    RETIRE: DELETE "/api/services/{service}",
    HISTORY: GET "/api/services/{service}/history",
    SERVICE_INSTANCES: GET "/api/services/{service}/instances",
    REINSTATE: POST "/api/services/{service}/reinstate",
    INSTANCES: GET "/api/instances",
    INSTANCE: GET "/api/instances/{service}/{instance}",
    CONFIGURATION: GET "/api/instances/{service}/{instance}/configuration",
    INSTANCE_METRICS: GET "/api/instances/{service}/{instance}/metrics",
    DRAIN: POST "/api/instances/{service}/{instance}/drain",
    FORGET: POST "/api/instances/{service}/{instance}/forget",
    SET_LOG: POST "/api/instances/{service}/{instance}/log",
    METRICS: GET "/api/metrics",
    LIVE_METRICS: GET "/api/metrics/live",
    LEADERS: GET "/api/leaders",
    STEP_DOWN: POST "/api/leaders/{service}/{group}/step-down",
    SCHEDULE_SWITCHOVER: POST "/api/leaders/{service}/{group}/switchover",
    CANCEL_SWITCHOVER: POST "/api/leaders/{service}/{group}/switchover/cancel",
    BEGIN_MAINTENANCE: POST "/api/services/{service}/maintenance",
    END_MAINTENANCE: POST "/api/services/{service}/maintenance/end",
    PLANS: GET "/api/plans",
    EVENTS: GET "/api/events",
    REGISTRY: GET "/api/registry",
    DEAD_LETTERS: GET "/api/dead-letters",
    DEAD_LETTER: GET "/api/dead-letters/{sequence}",
    REDRIVE: POST "/api/dead-letters/{sequence}/redrive",
    DISCARD: POST "/api/dead-letters/{sequence}/discard",
    DELETE_CONSUMER: POST "/api/consumers/{stream}/{consumer}/delete",
    VIEWER: GET "/api/viewer",
    SYSTEM: GET "/api/system",
    REBUILD: POST "/api/system/rebuild",
    VERIFICATION: GET "/api/system/verification",
    VERIFY: POST "/api/system/verification",
    DOCUMENT: GET "/api/openapi.json",
}

impl Route {
    /// The path with these names in the place of its variables, in their order.
    pub(crate) fn with(&self, names: &[&str]) -> String {
        let mut names = names.iter();
        let parts = self.path.split('/').map(|part| match part.strip_prefix('{') {
            Some(_variable) => names.next().map(|name| encoded(name)).unwrap_or_default(),
            None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }

    #[cfg(test)]
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::types::tests::document;

    /// For people: a browser shows them.
    const PAGES: [&str; 2] = ["/api/docs", "/api/docs/errors"];

    #[test]
    fn every_route_of_the_document_is_one_of_the_client() {
        let document = document();
        let paths = document["paths"].as_object().unwrap().iter();
        let documented: BTreeSet<_> = paths
            .filter(|(path, _)| !PAGES.contains(&path.as_str()))
            .flat_map(|(path, item)| {
                item.as_object()
                    .unwrap()
                    .keys()
                    .map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let known: BTreeSet<_> =
            ALL.iter().map(|route| format!("{} {}", route.method, route.path())).collect();
        assert_eq!(known, documented);
    }

    #[test]
    fn a_name_is_one_part_of_the_path_whatever_it_holds() {
        assert_eq!(INSTANCE.with(&["desk", "a/../b"]), "/api/instances/desk/a%2F..%2Fb");
        assert_eq!(STEP_DOWN.with(&["desk", "ACC 1"]), "/api/leaders/desk/ACC%201/step-down");
    }
}
