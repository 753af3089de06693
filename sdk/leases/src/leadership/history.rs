//! The highest terms in the log: no term of it is ever given out again.

use std::collections::BTreeMap;

use aegis_domain::aggregate::Leadership;
use aegis_domain::aggregate::leadership::LeadershipEvent;
use aegis_domain::wire::{DecodeError, Namespace};
use aegis_domain::{Aggregate as _, AggregateId, Envelope, GroupName, Registry, ServiceName, Term};

use aegis_journal::Journal;
use aegis_journal::LoadError;
use aegis_nats::Connection;
use aegis_nats::last::each_last;

/// The highest term that the log has for each group of the service, also for those that no instance declares
/// any more. One pass, however many groups there are: the last event of each tells its term.
///
/// # Errors
/// See [`LoadError`].
pub async fn logged_terms(
    connection: &Connection,
    service: &ServiceName,
) -> Result<BTreeMap<GroupName, Term>, LoadError> {
    let namespace = connection.namespace();
    let stream = namespace.events_stream();
    let mut terms = BTreeMap::<GroupName, Term>::new();
    let mut unreadable = Vec::new();
    let filter = namespace.leadership_events(Some(service));
    let read = each_last(connection, &stream, filter, |sequence, message| match term(namespace, message) {
        Ok(Some((group, term))) => {
            let highest = terms.entry(group).or_insert(term);
            *highest = term.max(*highest);
        }
        Ok(None) => {}
        // What is no event says nothing of its group, so the events before it have to.
        Err(error) => {
            tracing::warn!(sequence, subject = %message.subject, %error, "the last message of a group cannot be read");
            unreadable.extend(namespace.parse_event_subject(&message.subject));
        }
    });
    read.await.map_err(LoadError::unavailable)?;
    let journal = Journal::new(connection);
    for id in unreadable {
        let term = journal.load::<Leadership>(&id).await?.state.term;
        if let AggregateId::Leadership(_, group) = id
            && term > Term::ZERO
        {
            terms.insert(group, term);
        }
    }
    Ok(terms)
}

/// The group and the term that a message of the log tells of.
pub fn term(
    namespace: &Namespace,
    message: &async_nats::Message,
) -> Result<Option<(GroupName, Term)>, DecodeError> {
    // Without the hash that `journal::decode` works out: nobody asks for it here.
    let header = |name: &str| Some(message.headers.as_ref()?.get(name)?.as_str());
    let envelope = Envelope::<Registry>::decode(namespace, &message.subject, header, &message.payload)?;
    let term = Leadership::event(&envelope.event).map(LeadershipEvent::term);
    if let Some(term) = term.filter(|term| !term.may_follow(Term::ZERO)) {
        return Err(DecodeError::Body { detail: format!("no election can have made term {term}") });
    }
    Ok(match envelope.aggregate {
        AggregateId::Leadership(_, group) => term.map(|term| (group, term)),
        AggregateId::Definition(_) | AggregateId::Instance(..) | AggregateId::Installation => None,
    })
}
