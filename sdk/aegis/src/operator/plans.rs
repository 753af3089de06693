//! Plans of operators: maintenance, which stops automatic failover for a time, and switchovers at a time.

use aegis_domain::aggregate::Installation;
use aegis_domain::aggregate::installation::Command;
use aegis_domain::aggregate::plan::{Maintenance, PlanCommand, Plans, Scope, Switchover};
use aegis_domain::{AggregateId, ErrorCode, GroupName, Sequence, ServiceName};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Operator, OperatorError, unrecorded};
use crate::Journal;
use aegis_journal::ExecuteError;
use aegis_leases::leadership::pause::{PauseError, Pauses};

/// What an answer of JetStream begins with.
#[derive(Deserialize)]
struct Told {
    ts: DateTime<Utc>,
}

impl Operator {
    /// What is planned, as the log has it.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the log does not answer.
    pub async fn plans(&self) -> Result<Plans, OperatorError> {
        let loaded = Journal::new(&self.connection).load::<Installation>(&AggregateId::Installation).await;
        let unread = |error: &dyn std::error::Error| {
            OperatorError::new(ErrorCode::Unavailable, format!("the log cannot be read: {error}"))
        };
        loaded.map(|loaded| loaded.state.plans).map_err(|error| unread(&error))
    }

    /// The time now by the server's clock, which plans go by.
    ///
    /// # Errors
    /// `UNAVAILABLE` when JetStream does not answer.
    pub async fn server_time(&self) -> Result<DateTime<Utc>, OperatorError> {
        let subject = format!("STREAM.INFO.{}", self.connection.namespace().events_stream());
        let told = self.connection.jetstream().request::<_, _, Told>(subject, &()).await;
        told.map(|told| told.ts).map_err(|error| {
            OperatorError::new(ErrorCode::Unavailable, format!("the server does not tell its time: {error}"))
        })
    }

    /// Begins a maintenance, or gives the one of the same groups another end: from now on no other member takes over what an owner of these
    /// groups loses, but that owner itself. Handing over goes on. It ends by itself. Answers the position of the record in the
    /// log, once the members have been told.
    ///
    /// # Errors
    /// `INVALID_INPUT` when its end is not ahead, or more than seven days, or the reason is not fit for the record;
    /// `UNAVAILABLE` when it could not be recorded, or the members could not be told; `OUTCOME_UNKNOWN` when no word came of
    /// whether it was recorded. A control plane that runs tells the members of what is recorded.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was recorded.
    pub async fn begin_maintenance(&self, maintenance: Maintenance) -> Result<Sequence, OperatorError> {
        let now = self.server_time().await?;
        let command = PlanCommand::BeginMaintenance { maintenance: maintenance.clone(), now };
        let recorded = self.plan(command).await?;
        Pauses::new(&self.connection).begin(&maintenance, now).await.map_err(|error| untold(&error))?;
        Ok(recorded)
    }

    /// Ends a maintenance before its time. Answers the position of the record in the log, once the members have been told.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is none of exactly these groups; the others as of [`Operator::begin_maintenance`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was recorded.
    pub async fn end_maintenance(&self, scope: Scope, reason: &str) -> Result<Sequence, OperatorError> {
        let command = PlanCommand::EndMaintenance { scope: scope.clone(), reason: reason.to_owned() };
        let recorded = self.plan(command).await?;
        Pauses::new(&self.connection).end(&scope).await.map_err(|error| untold(&error))?;
        Ok(recorded)
    }

    /// Plans to have a group handed over at a time, in the place of what was planned for it before. A control plane that
    /// runs then does it. Answers the position of the record in the log.
    ///
    /// # Errors
    /// `INVALID_INPUT` when the time is not ahead, or more than thirty days, or the reason is not fit for the record;
    /// `UNAVAILABLE` when it could not be recorded; `OUTCOME_UNKNOWN` when no word came of whether it was.
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was recorded.
    pub async fn schedule_switchover(&self, switchover: Switchover) -> Result<Sequence, OperatorError> {
        let now = self.server_time().await?;
        self.plan(PlanCommand::ScheduleSwitchover { switchover, now }).await
    }

    /// Calls a planned switchover off. Answers the position of the record in the log.
    ///
    /// # Errors
    /// `NOT_FOUND` when none is planned for the group; the others as of [`Operator::schedule_switchover`].
    ///
    /// # Cancel safety
    /// Not cancel-safe: a dropped future leaves it open whether it was recorded.
    pub async fn cancel_switchover(
        &self,
        service: &ServiceName,
        group: &GroupName,
        reason: &str,
    ) -> Result<Sequence, OperatorError> {
        let (service, group, reason) = (service.clone(), group.clone(), reason.to_owned());
        self.plan(PlanCommand::CancelSwitchover { service, group, reason }).await
    }

    async fn plan(&self, command: PlanCommand) -> Result<Sequence, OperatorError> {
        let (id, command) = (AggregateId::Installation, Command::Plan(command));
        let executed =
            Journal::new(&self.connection).execute::<Installation>(&id, command, &self.context()).await;
        match executed.map_err(ExecuteError::rejection) {
            Ok(executed) => executed
                .recorded
                .last()
                .map(|event| event.sequence)
                .ok_or_else(|| OperatorError::new(ErrorCode::Internal, "nothing was recorded".to_owned())),
            Err(Ok(rejection)) => Err(OperatorError::new(rejection.code(), rejection.to_string())),
            Err(Err(error)) => Err(unrecorded(&error)),
        }
    }
}

fn untold(error: &PauseError) -> OperatorError {
    tracing::warn!(error = %error, "the members were not told of a maintenance");
    let message = format!(
        "it is recorded, and the members could not be told ({error}): a control plane that runs tells them; \
         do not rely on it before `aegis maintenance list` says that they know"
    );
    OperatorError::new(ErrorCode::Unavailable, message)
}
