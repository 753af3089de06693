//! All definitions, read from the log: works without a control plane.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Definition;
use aegis_domain::{AggregateId, AggregateKind, ServiceName};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::{Connection, Journal};
use aegis_journal::{LoadError, Loaded};
use aegis_nats::last::each_last;

/// How many are read at once.
const AT_ONCE: usize = 16;

/// Every definition that the log knows, retired ones too, as it stands.
///
/// # Errors
/// When the log does not answer, or holds a definition that cannot be read.
pub async fn definitions(
    connection: &Connection,
) -> Result<BTreeMap<ServiceName, Loaded<Definition>>, LoadError> {
    let namespace = connection.namespace();
    let filter = format!("{}.{}.*", namespace.events_prefix(), AggregateKind::Definition.as_str());
    let mut services = Vec::new();
    let stream = namespace.events_stream();
    let read = each_last(connection, &stream, filter, |_, message| {
        if let Some(AggregateId::Definition(service)) = namespace.parse_event_subject(&message.subject) {
            services.push(service);
        }
    });
    read.await.map_err(LoadError::unavailable)?;
    services.sort();
    services.dedup();
    let journal = Journal::new(connection);
    let load = |service: ServiceName| {
        let journal = journal.clone();
        async move {
            let loaded = journal.load::<Definition>(&AggregateId::Definition(service.clone())).await?;
            Ok((service, loaded))
        }
    };
    stream::iter(services).map(load).buffer_unordered(AT_ONCE).try_collect().await
}
