//! Writes the owner of a vacant group: this member itself when it claims the group, or another when the group is
//! activated.

use std::time::Duration;

use aegis_domain::{GroupName, InstanceName};

use super::effect::StoreCall;
use super::input::Reply;
use super::{Election, Op};
use crate::leadership::store::{Holder, OwnerRecord, SessionRecord, StoreError, Versioned};
use aegis_nats::bucket::CasError;

/// The holder becomes the owner of the group if the record before leaves it vacant: it has no holder, or one whose session
/// has ended, which was seen or is looked up.
#[derive(Debug)]
pub(super) struct Appointment {
    pub(super) group: GroupName,
    pub(super) holder: Holder,
    /// The owner key as it was read or seen: the write expects that revision.
    pub(super) before: Versioned<OwnerRecord>,
    pub(super) purpose: Purpose,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// This member claims a group that has had no owner for so long.
    Claim(Duration),
    /// Somebody asked for the group to be activated.
    Activation,
}

#[derive(Debug)]
enum Stage {
    /// The owner key is read.
    Before,
    /// The session of the last holder is read.
    LastHolder,
    /// This record is written.
    Writing(Box<OwnerRecord>),
    /// The write had no certain outcome, or another was first: the owner key is read again.
    After,
}

/// How an appointment ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The holder is the owner.
    Won(Versioned<OwnerRecord>),
    /// The owner key is not as it was thought to be; it may even say that the holder is the owner.
    Owned(Versioned<OwnerRecord>),
    /// The last holder is alive.
    Alive(InstanceName, Versioned<SessionRecord>),
    /// The store did not answer.
    Unclear,
}

impl Election {
    /// Begins to appoint the holder, over what was seen of the owner key. With `proven`, the last holder's session has
    /// ended for good.
    pub(super) fn appoint(
        &mut self,
        group: GroupName,
        holder: Holder,
        before: Versioned<OwnerRecord>,
        proven: bool,
        purpose: Purpose,
    ) {
        let appointment = Appointment { group, holder, before, purpose, stage: Stage::LastHolder };
        let last = appointment.before.record.as_ref().and_then(|record| record.holder.as_ref());
        match last.filter(|_| !proven).map(|last| last.instance.clone()) {
            Some(instance) => self.call(Op::Appointment(appointment), StoreCall::Session(instance)),
            None => self.write_appointment(appointment),
        }
    }

    /// Reads the owner key and then appoints the holder.
    pub(super) fn read_and_appoint(&mut self, group: GroupName, holder: Holder, purpose: Purpose) {
        let before = Versioned { revision: 0, record: None };
        let call = StoreCall::Owner(group.clone());
        self.call(
            Op::Appointment(Appointment { group, holder, before, purpose, stage: Stage::Before }),
            call,
        );
    }

    fn write_appointment(&mut self, mut appointment: Appointment) {
        let Appointment { group, holder, before, .. } = &appointment;
        let highest = self.highest(group);
        let record = OwnerRecord::claimed(before.record.as_ref(), highest, holder.clone(), self.now.wall);
        let call = StoreCall::PutOwner(group.clone(), Box::new(record.clone()), before.revision);
        appointment.stage = Stage::Writing(Box::new(record));
        self.call(Op::Appointment(appointment), call);
    }

    pub(super) fn appointment_replied(&mut self, mut appointment: Appointment, reply: Reply) {
        let group = appointment.group.clone();
        match (reply, appointment.stage) {
            (Reply::Owner(found), Stage::Before) => match self.read_owner(&group, found) {
                Ok(before) => {
                    let Appointment { holder, purpose, .. } = appointment;
                    self.appoint(group, holder, before, false, purpose);
                }
                Err(error) => {
                    tracing::warn!(%group, %error, "a group cannot be activated now");
                    appointment.stage = Stage::Before;
                    self.appointed(&appointment, None);
                }
            },
            (Reply::Session(found), Stage::LastHolder) => {
                appointment.stage = Stage::LastHolder;
                self.last_holder_found(appointment, found);
            }
            (Reply::OwnerWritten(Ok(revision)), Stage::Writing(record)) => {
                appointment.stage = Stage::After;
                let now = Versioned { revision, record: Some(*record) };
                self.appointed(&appointment, Some(Outcome::Won(now)));
            }
            (Reply::OwnerWritten(Err(error)), Stage::Writing(_)) => {
                if !matches!(error, CasError::Conflict) {
                    // If it was applied after all, whoever it names adopts it when it hears of it.
                    tracing::warn!(%group, %error, "a claim has no certain outcome; looking again");
                }
                appointment.stage = Stage::After;
                self.call(Op::Appointment(appointment), StoreCall::Owner(group));
            }
            (Reply::Owner(found), Stage::After) => {
                appointment.stage = Stage::After;
                let outcome = self.read_owner(&group, found).map(Outcome::Owned).unwrap_or_else(|error| {
                    tracing::warn!(%group, %error, "a group cannot be claimed now");
                    Outcome::Unclear
                });
                self.appointed(&appointment, Some(outcome));
            }
            // Nothing else is asked of the store.
            (_, stage) => {
                appointment.stage = stage;
                self.appointed(&appointment, Some(Outcome::Unclear));
            }
        }
    }

    fn last_holder_found(
        &mut self,
        appointment: Appointment,
        found: Result<Versioned<SessionRecord>, StoreError>,
    ) {
        let last = appointment.before.record.as_ref().and_then(|record| record.holder.clone());
        match (found, last) {
            (Ok(found), Some(last))
                if found.record.as_ref().is_some_and(|record| record.session == last.session) =>
            {
                self.appointed(&appointment, Some(Outcome::Alive(last.instance, found)));
            }
            (Ok(_), _) => self.write_appointment(appointment),
            (Err(error), _) => {
                tracing::warn!(group = %appointment.group, %error, "a group cannot be claimed now");
                self.appointed(&appointment, Some(Outcome::Unclear));
            }
        }
    }

    /// An appointment has ended; without an outcome not even the owner key was read.
    fn appointed(&mut self, appointment: &Appointment, outcome: Option<Outcome>) {
        match appointment.purpose {
            Purpose::Claim(vacancy) => {
                self.claimed(appointment, vacancy, outcome.unwrap_or(Outcome::Unclear));
            }
            Purpose::Activation => self.activated(appointment, outcome),
        }
    }
}
