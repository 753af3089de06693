//! The subjects and keys that services and clients share: RPC, applications' events, leases.
//!
//! In the default namespace they have no prefix: other NATS clients and the Python SDK use them as they are. In any other
//! they begin with its name.

use crate::Namespace;
use crate::{GroupName, InstanceName, MethodName, ServiceName};

/// A balanced method: any instance of the queue group answers.
#[must_use]
pub fn rpc(namespace: &Namespace, service: &ServiceName, method: &MethodName) -> String {
    format!("{}rpc.{service}.{method}", namespace.prefix())
}

/// All balanced methods of a service.
#[must_use]
pub fn rpc_all(namespace: &Namespace, service: &ServiceName) -> String {
    format!("{}rpc.{service}.*", namespace.prefix())
}

/// The queue group of a service's balanced methods.
#[must_use]
pub fn rpc_queue(namespace: &Namespace, service: &ServiceName) -> String {
    format!("{}rpc.{service}", namespace.prefix())
}

/// An exclusive method: only the owner of the group subscribes.
#[must_use]
pub fn group_rpc(
    namespace: &Namespace,
    service: &ServiceName,
    group: &GroupName,
    method: &MethodName,
) -> String {
    format!("{}rpc.{service}.{group}.{method}", namespace.prefix())
}

/// All exclusive methods of a group.
#[must_use]
pub fn group_rpc_all(namespace: &Namespace, service: &ServiceName, group: &GroupName) -> String {
    format!("{}rpc.{service}.{group}.*", namespace.prefix())
}

/// An exclusive method, of whichever group.
#[must_use]
pub fn any_group_rpc(namespace: &Namespace, service: &ServiceName, method: &MethodName) -> String {
    format!("{}rpc.{service}.*.{method}", namespace.prefix())
}

/// A method of one instance.
#[must_use]
pub fn instance_rpc(
    namespace: &Namespace,
    service: &ServiceName,
    instance: &InstanceName,
    method: &MethodName,
) -> String {
    format!("{}service.{service}.{instance}.{method}", namespace.prefix())
}

/// All methods of one instance.
#[must_use]
pub fn instance_rpc_all(namespace: &Namespace, service: &ServiceName, instance: &InstanceName) -> String {
    format!("{}service.{service}.{instance}.*", namespace.prefix())
}

/// The method that an RPC subject of any of the three forms ends with.
#[must_use]
pub fn method_of(subject: &str) -> Option<MethodName> {
    MethodName::new(subject.rsplit('.').next()?).ok()
}

/// An application event, `events.<domain>.<type>`; both parts may hold several tokens.
#[must_use]
pub fn app_event(namespace: &Namespace, domain: &str, event_type: &str) -> String {
    format!("{}events.{domain}.{event_type}", namespace.prefix())
}

/// The subjects of the application events that match a pattern, which stands for what follows `events.`.
#[must_use]
pub fn app_events(namespace: &Namespace, pattern: &str) -> String {
    format!("{}events.{pattern}", namespace.prefix())
}

/// In the metadata of a stream that an exported log was imported into: the last sequence of that log. Messages up to
/// it were recorded when their `Aegis-Recorded-At` says.
pub const IMPORTED_THROUGH: &str = "aegis-imported-through";

/// Whether a text may stand in a subject as one of its parts. With `wild`, the wildcards of NATS may, too.
#[must_use]
pub fn is_token(token: &str, wild: bool) -> bool {
    let plain = || token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    !token.is_empty() && plain() || wild && matches!(token, "*" | ">")
}

/// Whether a text is made of parts joined by dots. With `wild`, the wildcards of NATS may be among them.
#[must_use]
pub fn is_subject(subject: &str, wild: bool) -> bool {
    let open_end = subject.split('.').position(|token| token == ">");
    let last = subject.split('.').count() - 1;
    subject.split('.').all(|token| is_token(token, wild)) && open_end.is_none_or(|at| at == last)
}

/// The API subject that pulls messages of a consumer.
#[must_use]
pub fn consumer_next(stream: &str, consumer: &str) -> String {
    format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}")
}

/// The subject of a key of a KV bucket.
#[must_use]
pub fn kv(bucket: &str, key: &str) -> String {
    format!("$KV.{bucket}.{key}")
}

/// The stream of a KV bucket.
#[must_use]
pub fn kv_stream(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The API subject that reads a stream directly (ADR-31).
#[must_use]
pub fn direct_get(stream: &str) -> String {
    format!("$JS.API.DIRECT.GET.{stream}")
}

/// The key of an instance's record in the instances bucket.
#[must_use]
pub fn instance_key(service: &ServiceName, instance: &InstanceName) -> String {
    format!("{service}.{instance}")
}

/// The instance that a key of the instances bucket names.
#[must_use]
pub fn parse_instance_key(key: &str) -> Option<(ServiceName, InstanceName)> {
    let (service, instance) = key.split_once('.')?;
    Some((ServiceName::new(service).ok()?, InstanceName::new(instance).ok()?))
}

/// A key of the leases bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LeaseKey {
    /// The session of an instance.
    Session(ServiceName, InstanceName),
    /// The owner of a group.
    Owner(ServiceName, GroupName),
    /// A pause of automatic failover: of one group, or of all groups of a service.
    Pause(ServiceName, Option<GroupName>),
}

/// In the place of a group: all groups of the service. It stands under a word of its own, since a group may have this name.
const ALL_GROUPS: &str = "all";

impl LeaseKey {
    /// The filters that match the sessions and owners of one service.
    #[must_use]
    pub fn filters(service: &ServiceName) -> [String; 2] {
        [format!("session.{service}.*"), format!("owner.{service}.*")]
    }

    /// The filters that match everything of one service, pauses too.
    #[must_use]
    pub fn member_filters(service: &ServiceName) -> [String; 4] {
        let [sessions, owners] = Self::filters(service);
        [sessions, owners, format!("pause.{service}.*"), format!("pauses.{service}.{ALL_GROUPS}")]
    }

    /// The filters that match the pauses of every service.
    #[must_use]
    pub fn pause_filters() -> [String; 2] {
        ["pause.>".to_owned(), "pauses.>".to_owned()]
    }

    /// The filter that matches the sessions and owners of every service.
    #[must_use]
    pub fn all_filters() -> [String; 2] {
        ["session.>".to_owned(), "owner.>".to_owned()]
    }

    /// Reads a key.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let mut tokens = key.split('.');
        let (kind, service, rest) = (tokens.next()?, ServiceName::new(tokens.next()?).ok()?, tokens.next()?);
        if tokens.next().is_some() {
            return None;
        }
        match kind {
            "session" => Some(Self::Session(service, InstanceName::new(rest).ok()?)),
            "owner" => Some(Self::Owner(service, GroupName::new(rest).ok()?)),
            "pause" => Some(Self::Pause(service, Some(GroupName::new(rest).ok()?))),
            "pauses" if rest == ALL_GROUPS => Some(Self::Pause(service, None)),
            _ => None,
        }
    }
}

impl std::fmt::Display for LeaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session(service, instance) => write!(f, "session.{service}.{instance}"),
            Self::Owner(service, group) => write!(f, "owner.{service}.{group}"),
            Self::Pause(service, Some(group)) => write!(f, "pause.{service}.{group}"),
            Self::Pause(service, None) => write!(f, "pauses.{service}.{ALL_GROUPS}"),
        }
    }
}
