//! The whole lease bucket, read once or kept up to date by a watch: for operators, and for the completion of the history.
//! No election decides by it; code that acts on it reads the keys first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, ServiceName, SessionId};
use futures_util::{Stream, StreamExt as _};

use super::kv::{unavailable, versioned, versioned_owner};
use super::store::{OwnerRecord, SessionRecord, StoreError};
use aegis_nats::Connection;
use aegis_nats::bucket::{Bucket, Slot, entries};

/// Who owns a group, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The service.
    pub service: ServiceName,
    /// The group.
    pub group: GroupName,
    /// Its record.
    pub record: OwnerRecord,
    /// Whether its owner has a session.
    pub lives: bool,
}

/// Who owns which group, and what could not be read of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaders {
    /// In order of service and group.
    pub leaders: Vec<Leader>,
    /// The keys whose records this program cannot read.
    pub unreadable: Vec<String>,
}

/// The content of the bucket, key by key.
#[derive(Debug, Default)]
pub struct Overview {
    owners: BTreeMap<(ServiceName, GroupName), Stored<OwnerRecord>>,
    sessions: HashMap<String, Stored<SessionId>>,
    unreadable: BTreeSet<String>,
}

#[derive(Debug)]
struct Stored<T> {
    revision: u64,
    /// None when the key has ended; that is remembered until everything is read again, so that an older value which
    /// comes late does not bring it back.
    record: Option<T>,
}

impl Overview {
    /// The whole content, of one service or of all.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read(connection: &Connection, service: Option<&ServiceName>) -> Result<Self, StoreError> {
        let bucket = connection.namespace().leases_bucket();
        let filters = service.map_or_else(LeaseKey::all_filters, LeaseKey::filters);
        let mut overview = Self::default();
        for (key, slot) in entries(connection, bucket, &filters).await.map_err(unavailable)? {
            overview.apply(&key, &slot);
        }
        Ok(overview)
    }

    /// The whole content, then each change. A watch may fall silent: read all again now and then.
    ///
    /// # Errors
    /// When the watch cannot be set up.
    pub async fn watch(
        connection: &Connection,
    ) -> Result<impl Stream<Item = Result<(String, Slot), StoreError>> + Send + use<>, StoreError> {
        let bucket = Bucket::new(connection, connection.namespace().leases_bucket());
        let changes = bucket.watch(&LeaseKey::all_filters()).await.map_err(unavailable)?;
        Ok(changes.map(|change| change.map_err(unavailable)))
    }

    /// Takes in what stands under a key; an older revision than is known changes nothing.
    pub fn apply(&mut self, key: &str, slot: &Slot) {
        let newer = |known: Option<u64>| known.is_none_or(|known| known <= slot.revision);
        let readable = match LeaseKey::parse(key) {
            Some(LeaseKey::Session(..)) if newer(self.sessions.get(key).map(|it| it.revision)) => {
                let found = versioned::<SessionRecord>(key, slot);
                let readable = found.is_ok();
                let record = found.ok().and_then(|found| found.record).map(|record| record.session);
                self.sessions.insert(key.to_owned(), Stored { revision: slot.revision, record });
                readable
            }
            Some(LeaseKey::Owner(service, group)) => {
                let place = (service, group);
                if !newer(self.owners.get(&place).map(|it| it.revision)) {
                    return;
                }
                let found = versioned_owner(key, slot);
                let readable = found.is_ok();
                let record = found.ok().and_then(|found| found.record);
                self.owners.insert(place, Stored { revision: slot.revision, record });
                readable
            }
            Some(LeaseKey::Session(..) | LeaseKey::Pause(..)) | None => return,
        };
        if readable {
            self.unreadable.remove(key);
        } else {
            self.unreadable.insert(key.to_owned());
        }
    }

    /// Who owns which group.
    #[must_use]
    pub fn leaders(&self) -> Leaders {
        let sessions: BTreeSet<_> = self.sessions.values().filter_map(|it| it.record).collect();
        let owners = self.owners.iter().filter_map(|(place, stored)| Some((place, stored.record.as_ref()?)));
        let leaders = owners.map(|((service, group), record)| Leader {
            service: service.clone(),
            group: group.clone(),
            record: record.clone(),
            lives: record.holder.as_ref().is_some_and(|holder| sessions.contains(&holder.session)),
        });
        Leaders { leaders: leaders.collect(), unreadable: self.unreadable.iter().cloned().collect() }
    }
}

/// Who owns which group of this service, or of all: for people, not for decisions.
///
/// # Errors
/// When the store does not answer.
pub async fn leaders(connection: &Connection, service: Option<&ServiceName>) -> Result<Leaders, StoreError> {
    Ok(Overview::read(connection, service).await?.leaders())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(revision: u64, text: Option<&str>) -> Slot {
        Slot { revision, value: text.map(|text| text.to_owned().into()) }
    }

    #[test]
    fn an_unreadable_record_is_named_until_it_can_be_read_and_hides_no_other() {
        let session = "00000000-0000-0000-0000-000000000001";
        let owner = |term: u64| {
            format!(
                r#"{{"term":{term},"holder":{{"instance":"d-1","session":"{session}"}},"since":"2026-01-01T00:00:00Z","reason":"first"}}"#
            )
        };
        let mut overview = Overview::default();
        overview.apply("owner.desk.A", &slot(3, Some(&owner(3))));
        overview.apply("owner.desk.B", &slot(4, Some("junk")));
        overview.apply("owner.desk.C", &slot(5, Some(&owner(6))));
        overview.apply(
            "session.desk.d-1",
            &slot(6, Some(&format!(r#"{{"session":"{session}","lease_ms":1000}}"#))),
        );
        let leaders = overview.leaders();
        assert_eq!(
            leaders.unreadable,
            ["owner.desk.B", "owner.desk.C"],
            "one is junk, one beyond its bucket"
        );
        assert_eq!(leaders.leaders.len(), 1);
        assert!(leaders.leaders[0].lives);
        overview.apply("owner.desk.B", &slot(7, Some(&owner(2))));
        overview.apply("owner.desk.C", &slot(8, None));
        overview.apply("owner.desk.C", &slot(5, Some(&owner(5))));
        overview.apply("session.desk.d-1", &slot(9, None));
        let leaders = overview.leaders();
        assert_eq!(
            (leaders.unreadable.len(), leaders.leaders.len()),
            (0, 2),
            "what comes late changes nothing"
        );
        assert!(leaders.leaders.iter().all(|leader| !leader.lives));
    }
}
