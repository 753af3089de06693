//! Fences silent sessions.

use aegis_domain::InstanceName;

use super::effect::StoreCall;
use super::input::Reply;
use super::{Election, Op};
use crate::leadership::store::{SessionRecord, StoreError, Versioned};

/// A session looks silent: the watch may have stalled, so it is looked at directly, and fenced only if it really stands
/// at the revision that has been still for a whole lease.
#[derive(Debug)]
pub(super) struct Examination {
    instance: InstanceName,
    /// The revision that has been still; none once the session was fenced.
    still: Option<u64>,
}

impl Election {
    pub(super) fn examine_the_silent(&mut self) {
        for (instance, revision) in self.observer.silent(self.now.instant) {
            // Whatever is found: the next look at this very revision is a little later.
            self.observer.retry_session(&instance, self.now.instant);
            if self.examining.insert(instance.clone()) {
                let examination = Examination { instance: instance.clone(), still: Some(revision) };
                self.call(Op::Examination(examination), StoreCall::Session(instance));
            }
        }
    }

    pub(super) fn examination_replied(&mut self, examination: Examination, reply: Reply) {
        let Examination { instance, still } = examination;
        match (reply, still) {
            (Reply::Session(Ok(found)), Some(revision))
                if found.record.is_some() && found.revision == revision =>
            {
                let op = Op::Examination(Examination { instance: instance.clone(), still });
                self.call(op, StoreCall::EndSession(instance, revision));
            }
            (Reply::Session(found), _) => self.examined(&instance, found),
            (Reply::SessionEnded(ended), _) => {
                match ended {
                    Ok(()) => tracing::info!(%instance, "fenced a silent session"),
                    Err(error) => tracing::debug!(%instance, %error, "a silent session was not fenced"),
                }
                let op = Op::Examination(Examination { instance: instance.clone(), still: None });
                self.call(op, StoreCall::Session(instance));
            }
            // Nothing else is asked of the store.
            (Reply::Owner(_) | Reply::OwnerWritten(_), _) => drop(self.examining.remove(&instance)),
        }
    }

    fn examined(&mut self, instance: &InstanceName, found: Result<Versioned<SessionRecord>, StoreError>) {
        self.examining.remove(instance);
        self.observer.retry_session(instance, self.now.instant);
        match found {
            Ok(found) => self.observer.see_session(instance, &found, self.now.instant),
            Err(error) => tracing::warn!(%instance, %error, "a session cannot be looked at now"),
        }
    }
}
