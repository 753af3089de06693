//! Requests of operators to services: to hand a group over, to drain. Each is recorded with its actor, and goes to
//! the instance itself: no control plane is needed for it.

mod plans;

use std::time::Duration;

use aegis_domain::aggregate::{Instance, Leadership, instance, leadership};
use aegis_domain::wire::control::{Control, Owner};
use aegis_domain::wire::header;
use aegis_domain::{
    Actor, AggregateId, Context, ErrorCode, GroupName, InstanceName, Sequence, ServiceName, Term,
};
use async_nats::RequestErrorKind;
use bytes::Bytes;
use chrono::Utc;

use crate::{Connection, Journal};
use aegis_journal::ExecuteError;
use aegis_leases::leadership::kv::KvLeaseStore;
use aegis_leases::leadership::overview::{Leaders, leaders};
use aegis_leases::leadership::store::{LeaseStore as _, StoreError};
use aegis_nats::backoff::backoff;

/// How long a hand-over may take: calls in flight end first.
const HAND_OVER: Duration = Duration::from_secs(30);
/// How long an instance may take to answer what it can do at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the log is asked for a term that it may not have yet.
const TRIES: usize = 6;

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OperatorError {
    /// Its stable code. Only after `OUTCOME_UNKNOWN` something may have been done.
    pub code: ErrorCode,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A group that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The new owner.
    pub instance: InstanceName,
    /// Its term.
    pub term: Term,
    /// The position of the request in the log.
    pub sequence: Sequence,
}

/// Asks on behalf of one person or program. Cheap to clone.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: aegis_sdk::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::Operator;
/// use aegis_sdk::domain::Actor;
///
/// let operator = Operator::new(&connection, Actor::user("alice"));
/// let (desk, account) = ("desk".parse()?, "ACC-1".parse()?);
/// let handed_over = operator.step_down(&desk, &account, None, "maintenance of the machine").await?;
/// println!("{} owns it in term {}", handed_over.instance, handed_over.term);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    connection: Connection,
    actor: Actor,
}

impl Operator {
    /// On this connection, in this name.
    #[must_use]
    pub fn new(connection: &Connection, actor: Actor) -> Self {
        crate::provision::made_by_us(connection);
        Self { connection: connection.clone(), actor }
    }

    /// Who owns which group of this service, or of all, as the lease store has it now.
    ///
    /// # Errors
    /// When the lease store does not answer.
    pub async fn leaders(&self, service: Option<&ServiceName>) -> Result<Leaders, OperatorError> {
        leaders(&self.connection, service).await.map_err(|error| unread(&error))
    }

    /// Asks the owner of a group to hand it over: to this member, or to whichever comes first. Answers the
    /// new owner.
    ///
    /// # Errors
    /// `INVALID_INPUT` when that member owns it already; `NOT_ACTIVE` when the group is vacant, or the owner
    /// changed meanwhile; `MEMBER_NOT_FOUND` when no other member can take it; `OUTCOME_UNKNOWN` when the owner did not answer; `UNAVAILABLE` when the
    /// request could not be recorded, or not be sent; `OUTCOME_UNKNOWN` also when no word came of whether it was recorded.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the group was handed over.
    pub async fn step_down(
        &self,
        service: &ServiceName,
        group: &GroupName,
        to: Option<&InstanceName>,
        reason: &str,
    ) -> Result<HandedOver, OperatorError> {
        let store = KvLeaseStore::new(&self.connection, service.clone());
        let found = store.owner(group).await.map_err(|error| unread(&error))?;
        let holder = found.record.and_then(|record| record.holder).ok_or_else(|| {
            OperatorError::new(ErrorCode::NotActive, format!("nobody owns {group} of {service}"))
        })?;
        if to == Some(&holder.instance) {
            let message = format!("{} owns {group} already: name another member", holder.instance);
            return Err(OperatorError::new(ErrorCode::InvalidInput, message));
        }
        if let Some(to) = to {
            let session = store.session(to).await.map_err(|error| unread(&error))?;
            if !session.record.is_some_and(|session| session.eligible) {
                let message = format!("{to} cannot take {group}: it does not run, or takes no groups now");
                return Err(OperatorError::new(ErrorCode::MemberNotFound, message));
            }
        }
        let sequence = self.record_step_down(service, group, to, reason).await?;
        let (group, to, reason) = (group.clone(), to.cloned(), reason.to_owned());
        let request = Control::StepDown { group, to, reason };
        let answer = self.ask(service, &holder.instance, &request, HAND_OVER).await?;
        let Owner { instance, term } = serde_json::from_slice(&answer).map_err(|e| {
            OperatorError::new(ErrorCode::Internal, format!("the answer cannot be read: {e}"))
        })?;
        Ok(HandedOver { instance, term, sequence })
    }

    /// Asks an instance to stop cleanly. It hands its groups over, finishes its calls, and ends. Answers the position of the request
    /// in the log; none when it had been asked before.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND` when no such instance is registered; `NO_RESPONDERS` when it is, and does not
    /// run; `UNAVAILABLE` when the request could not be recorded, or not be sent; `OUTCOME_UNKNOWN` when no word came
    /// of that.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the instance was asked.
    pub async fn drain(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        reason: &str,
    ) -> Result<Option<Sequence>, OperatorError> {
        let command = instance::Command::RequestDrain { reason: reason.to_owned() };
        let recorded = self.record(service, instance, command).await?;
        let request = Control::Drain { reason: reason.to_owned() };
        self.ask(service, instance, &request, HAND_OVER).await?;
        Ok(recorded)
    }

    /// Takes an ended instance out of the registry before its time. Its history stays in the log. Answers the position of the
    /// record there.
    ///
    /// # Errors
    /// `INSTANCE_NOT_FOUND` when nothing is known of it; `ILLEGAL_TRANSITION` while it lives; `UNAVAILABLE` when it could
    /// not be recorded; `OUTCOME_UNKNOWN` when no word came of whether it was.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was recorded.
    pub async fn forget(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        reason: &str,
    ) -> Result<Option<Sequence>, OperatorError> {
        self.record(service, instance, instance::Command::Forget { reason: reason.to_owned() }).await
    }

    /// Asks an instance to log what passes this filter from now on: a level, or several with what they are for
    /// (`info,my_service=debug`). It reports its configuration anew, which is the record of it.
    ///
    /// # Errors
    /// `INVALID_INPUT` when the filter cannot be read, or the instance keeps a log of its own; `INSTANCE_NOT_FOUND` when it is
    /// not registered; `UNAVAILABLE` when the log cannot be read; `NO_RESPONDERS` when it does not run; `OUTCOME_UNKNOWN` when it did
    /// not answer.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether the log was changed.
    pub async fn set_log(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        filter: &str,
    ) -> Result<(), OperatorError> {
        let id = AggregateId::Instance(service.clone(), instance.clone());
        let loaded = Journal::new(&self.connection).load::<Instance>(&id).await;
        let loaded = loaded.map_err(|error| OperatorError::new(error.code(), error.to_string()))?;
        if !loaded.state.is_alive() {
            let rejection = instance::Rejection::NotRegistered;
            return Err(OperatorError::new(rejection.code(), rejection.to_string()));
        }
        let request = Control::SetLog { filter: filter.to_owned() };
        self.ask(service, instance, &request, PATIENCE).await.map(|_empty| ())
    }

    /// Records what is asked of an instance.
    async fn record(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        command: instance::Command,
    ) -> Result<Option<Sequence>, OperatorError> {
        let id = AggregateId::Instance(service.clone(), instance.clone());
        let executed =
            Journal::new(&self.connection).execute::<Instance>(&id, command, &self.context()).await;
        match executed.map_err(ExecuteError::rejection) {
            Ok(executed) => Ok(executed.recorded.last().map(|event| event.sequence)),
            Err(Ok(rejection)) => Err(OperatorError::new(rejection.code(), rejection.to_string())),
            Err(Err(error)) => Err(unrecorded(&error)),
        }
    }

    /// The log may be a moment behind the lease store.
    async fn record_step_down(
        &self,
        service: &ServiceName,
        group: &GroupName,
        to: Option<&InstanceName>,
        reason: &str,
    ) -> Result<Sequence, OperatorError> {
        let id = AggregateId::Leadership(service.clone(), group.clone());
        let journal = Journal::new(&self.connection);
        for attempt in 1..=TRIES {
            tokio::time::sleep(backoff(attempt)).await;
            let command = leadership::Command::RequestStepDown { to: to.cloned(), reason: reason.to_owned() };
            match journal.execute::<Leadership>(&id, command, &self.context()).await {
                Ok(executed) => {
                    let recorded = executed.recorded.last().map(|event| event.sequence);
                    return recorded.ok_or_else(|| {
                        OperatorError::new(ErrorCode::Internal, "the request was not recorded".to_owned())
                    });
                }
                Err(ExecuteError::Rejected { rejection: leadership::Rejection::Vacant, .. }) => {}
                Err(ExecuteError::Rejected { rejection, .. }) => {
                    return Err(OperatorError::new(rejection.code(), rejection.to_string()));
                }
                Err(error) => return Err(unrecorded(&error)),
            }
        }
        let message = format!("the log does not know who owns {group} of {service} yet: try again");
        Err(OperatorError::new(ErrorCode::Unavailable, message))
    }

    async fn ask(
        &self,
        service: &ServiceName,
        instance: &InstanceName,
        request: &Control,
        patience: Duration,
    ) -> Result<Bytes, OperatorError> {
        let subject = self.connection.namespace().control_subject(service, instance);
        let body = serde_json::to_vec(request).expect("a request is made of text");
        let message = async_nats::Request::new().payload(body.into()).timeout(Some(patience));
        let reply = self.connection.client().send_request(subject, message).await.map_err(|error| {
            let (code, what) = match error.kind() {
                RequestErrorKind::NoResponders => (ErrorCode::NoResponders, "does not run: nothing was done"),
                RequestErrorKind::TimedOut => {
                    (ErrorCode::OutcomeUnknown, "did not answer in time: look what it did")
                }
                RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded
                | RequestErrorKind::Other => (ErrorCode::Unavailable, "could not be asked: nothing was done"),
            };
            OperatorError::new(code, format!("{instance} of {service} {what}"))
        })?;
        let header = |name| Some(reply.headers.as_ref()?.get(name)?.as_str());
        match header(header::ERROR_CODE) {
            Some(code) => {
                let code = ErrorCode::parse(code).unwrap_or(ErrorCode::Internal);
                Err(OperatorError::new(code, header(header::ERROR).unwrap_or_default().to_owned()))
            }
            None => Ok(reply.payload),
        }
    }

    fn context(&self) -> Context {
        Context::new(self.actor.clone(), Utc::now())
    }
}

impl OperatorError {
    fn new(code: ErrorCode, message: String) -> Self {
        Self { code, message }
    }
}

fn unread(error: &StoreError) -> OperatorError {
    tracing::warn!(error = %error, "the lease store cannot be read");
    let code = match error {
        StoreError::Unavailable(_) => ErrorCode::Unavailable,
        StoreError::Corrupt { .. } => ErrorCode::Internal,
    };
    OperatorError::new(code, error.to_string())
}

fn unrecorded<R: std::error::Error>(error: &ExecuteError<R>) -> OperatorError {
    tracing::warn!(error = %error, "a request was not recorded, as far as is known");
    let code = error.code();
    let outcome = if code == ErrorCode::OutcomeUnknown {
        "whether the request was recorded is not known, and no instance was asked; look at the log before repeating it"
    } else {
        "the request was not recorded, so nothing was asked"
    };
    OperatorError::new(code, format!("{outcome}: {error}"))
}
