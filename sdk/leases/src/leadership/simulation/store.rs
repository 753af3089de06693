//! The lease store of a schedule: what calls do to it, and what it tells watches.

use std::collections::BTreeMap;

use aegis_domain::wire::subject::LeaseKey;
use aegis_domain::{GroupName, InstanceName, ServiceName};
use aegis_nats::bucket::{CasError, Slot};
use bytes::Bytes;

use super::event::{Call, What};
use crate::leadership::election::{self, Reply, StoreCall};
use crate::leadership::kv::{json, read_change, versioned_owner, versioned_session};
use crate::leadership::memory::MemoryLeases;
use crate::leadership::session;
use crate::leadership::store::{Change, PauseRecord, StoreError};

pub(super) struct Store {
    service: ServiceName,
    leases: MemoryLeases,
    /// Every write in its order, as watches tell of them.
    written: Vec<(String, Change)>,
}

impl Store {
    pub(super) fn new(service: ServiceName) -> Self {
        Self { service, leases: MemoryLeases::default(), written: Vec::new() }
    }

    pub(super) fn pause_key(&self, group: Option<GroupName>) -> LeaseKey {
        LeaseKey::Pause(self.service.clone(), group)
    }

    /// What a call of this member comes to.
    pub(super) fn call(&mut self, member: &InstanceName, call: Call) -> What {
        match call {
            Call::Election(id, call) => What::Election(election::Input::Replied(id, self.reply(call))),
            Call::Session(op, call) => {
                let key = LeaseKey::Session(self.service.clone(), member.clone());
                let input = match call {
                    session::StoreCall::Read => {
                        let slot = self.leases.read(&key);
                        session::Input::Read(versioned_session(&key.to_string(), &slot))
                    }
                    session::StoreCall::Put(record, expected) => {
                        session::Input::Written(self.write(&key, Some(json(&record)), expected))
                    }
                    session::StoreCall::End(expected) => {
                        let _ended = self.write(&key, None, expected);
                        session::Input::Ended
                    }
                };
                What::Session { op, input }
            }
        }
    }

    fn reply(&mut self, call: StoreCall) -> Reply {
        let service = self.service.clone();
        match call {
            StoreCall::Session(instance) => {
                let key = LeaseKey::Session(service, instance);
                Reply::Session(versioned_session(&key.to_string(), &self.leases.read(&key)))
            }
            StoreCall::EndSession(instance, expected) => {
                let key = LeaseKey::Session(service, instance);
                Reply::SessionEnded(self.write(&key, None, expected).map(drop))
            }
            StoreCall::Owner(group) => {
                let key = LeaseKey::Owner(service, group);
                Reply::Owner(versioned_owner(&key.to_string(), &self.leases.read(&key)))
            }
            StoreCall::PutOwner(group, record, expected) => {
                let key = LeaseKey::Owner(service, group);
                Reply::OwnerWritten(self.write(&key, Some(json(&*record)), expected))
            }
        }
    }

    /// Writes whatever stands there.
    pub(super) fn overwrite(&mut self, key: &LeaseKey, record: Option<&PauseRecord>) {
        let before = self.leases.read(key).revision;
        self.write(key, record.map(json), before).unwrap();
    }

    fn write(&mut self, key: &LeaseKey, value: Option<Bytes>, expected: u64) -> Result<u64, CasError> {
        let revision = self.leases.write(key, value.clone(), expected)?;
        let key = key.to_string();
        let change = read_change((key.clone(), Slot { revision, value })).unwrap().expect("a key of leases");
        self.written.push((key, change));
        Ok(revision)
    }

    /// How many writes there were.
    pub(super) fn written(&self) -> usize {
        self.written.len()
    }

    /// The last change of each key.
    pub(super) fn stands(&self) -> Vec<Change> {
        let last: BTreeMap<_, _> = self.written.iter().map(|(key, change)| (key, change)).collect();
        last.into_values().cloned().collect()
    }

    /// The changes from this write on, up to that one.
    pub(super) fn changes(&self, from: usize, up_to: usize) -> impl Iterator<Item = Change> {
        let changes = self.written.get(from..up_to).unwrap_or_default();
        changes.iter().map(|(_, change)| change.clone())
    }
}

/// What a call comes to when no answer comes: it has timed out, for whoever waits less long than the store does itself.
pub(super) fn unanswered(call: &Call, has_timed_out: bool) -> What {
    let unavailable = || StoreError::Unavailable("nothing came".into());
    match call {
        Call::Election(id, call) => {
            let reply = match call {
                StoreCall::Session(_) => Reply::Session(Err(unavailable())),
                StoreCall::EndSession(..) => Reply::SessionEnded(Err(CasError::Ambiguous)),
                StoreCall::Owner(_) => Reply::Owner(Err(unavailable())),
                StoreCall::PutOwner(..) => Reply::OwnerWritten(Err(CasError::Ambiguous)),
            };
            What::Election(election::Input::Replied(*id, reply))
        }
        Call::Session(op, call) => {
            let input = match call {
                session::StoreCall::End(_) => session::Input::Ended,
                session::StoreCall::Read | session::StoreCall::Put(..) if has_timed_out => {
                    session::Input::TimedOut
                }
                session::StoreCall::Read => session::Input::Read(Err(unavailable())),
                session::StoreCall::Put(..) => session::Input::Written(Err(CasError::Ambiguous)),
            };
            What::Session { op: *op, input }
        }
    }
}
