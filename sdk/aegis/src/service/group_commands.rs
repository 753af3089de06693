//! Commands for the owner of a group: a worker of any instance takes one from the queue, and has the owner run it by a call of
//! an exclusive method that bears the command's name.
//!
//! # What holds
//!
//! - The handler runs under the rules of exclusive calls: on the owner alone, fenced by its term, in turn where that is said.
//! - A try that was cut off, with its worker or its owner, does not count, and is begun again. Copies of one try join it: they have one request id.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aegis_domain::failure::Next;
use aegis_domain::wire::command;
use aegis_domain::{ErrorCode, Failure, InvalidName, MethodName, ServiceName};
use aegis_nats::backoff::backoff;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::rpc::Call;
use crate::fault::failure;
use crate::{CallError, CallOptions, Client, CommandContext, Fault, IntoFault, Target};

/// How long a handler that is to stop has for it, as any handler of commands.
const GRACE: Duration = Duration::from_millis(200);

/// How often the owner looks whether a command that it runs was called off.
const LOOK: Duration = Duration::from_secs(5);

/// The exclusive method that the owner runs a command by.
pub(super) fn method(command: &str) -> String {
    format!("command_{command}")
}

/// A command on its way to the owner.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Carried {
    id: String,
    command: String,
    subject: String,
    sequence: u64,
    attempt: u32,
    actor: Option<String>,
    heartbeat_ms: Option<u64>,
    params: Value,
}

/// What came of a try, beside what may befall its call.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tried {
    Done(Value),
    Failed { code: String, message: String, details: Option<Value>, next: NextTry },
}

/// [`Next`] on the wire.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NextTry {
    Policy,
    AfterMs(u64),
    Never,
}

/// Has the owner run a command. Cheap to clone.
#[derive(Clone)]
pub(super) struct Courier {
    method: Result<MethodName, InvalidName>,
    /// On the service's connection.
    client: Arc<OnceLock<Client>>,
}

impl Courier {
    pub(super) fn new(command: &str) -> Self {
        Self { method: MethodName::new(method(command)), client: Arc::default() }
    }

    /// Until there is an answer of the owner, whoever that is meanwhile, or the time of the try is over.
    pub(super) async fn carry(
        &self,
        context: &aegis_messaging::CommandContext,
        params: Value,
    ) -> Result<Value, Failure> {
        let method =
            self.method.as_ref().map_err(|error| Failure::of(ErrorCode::Internal, error.to_string()))?;
        let Some(group) = context.group.clone() else {
            return Err(Failure::of(ErrorCode::InvalidInput, "the command names no group").for_good());
        };
        let target = Target::Owner(context.service().clone(), group);
        let client = self.client.get_or_init(|| Client::new(context.connection())).within(context.trace());
        let carried = Carried {
            id: context.id.clone(),
            command: context.command.clone(),
            subject: context.subject.clone(),
            sequence: context.sequence,
            attempt: context.attempt,
            actor: context.actor.clone(),
            heartbeat_ms: context.heartbeat.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX)),
            params,
        };
        let try_id: Arc<str> = format!("{}/{}", context.id, context.attempt).into();
        let mut calls = 1;
        loop {
            let left = context.deadline.saturating_duration_since(Instant::now());
            let (id, options) = (Some(Arc::clone(&try_id)), CallOptions::within(left));
            let called = client.call_under::<_, Tried>(id, &target, method.as_str(), &carried, options);
            let error = match called.await {
                Ok(reply) => return reply.body.into_result(),
                Err(error) => error,
            };
            if left.is_zero() {
                return Err(Failure::of(ErrorCode::CommandTimedOut, error.to_string()));
            }
            match Prospect::of(&error) {
                Prospect::Passing => {}
                Prospect::Unclear => return Err(Failure::new(error.code(), error.to_string())),
                Prospect::Lasting => return Err(Failure::new(error.code(), error.to_string()).for_good()),
            }
            tracing::debug!(id = context.id, %error, "a command is sent to the owner of its group again");
            calls += 1;
            tokio::time::sleep(backoff(calls)).await;
        }
    }
}

/// Whether another call may do better.
enum Prospect {
    /// In this try: nothing was done, or a later owner does it again, or one of this version.
    Passing,
    /// In another try, maybe.
    Unclear,
    /// Never.
    Lasting,
}

impl Prospect {
    fn of(error: &CallError) -> Self {
        match error {
            CallError::OutcomeUnknown { .. }
            | CallError::NoResponders { .. }
            | CallError::NotActive { .. }
            | CallError::Send { .. }
            | CallError::Shed { .. }
            | CallError::CircuitOpen { .. } => Self::Passing,
            CallError::Failed { code, .. } => match ErrorCode::parse(code) {
                Some(ErrorCode::MethodNotFound) => Self::Passing,
                Some(code) if code.is_retryable() => Self::Passing,
                Some(ErrorCode::PayloadTooLarge | ErrorCode::GroupNotServed | ErrorCode::InvalidInput) => {
                    Self::Lasting
                }
                Some(_) | None => Self::Unclear,
            },
            CallError::Broken { .. } | CallError::Decode { .. } => Self::Unclear,
            CallError::Method(_) | CallError::TooLarge { .. } | CallError::Encode { .. } => Self::Lasting,
        }
    }
}

/// Runs a command on the owner of its group.
pub(super) async fn run<T, R, E, F, Fut>(
    (service, name): (&ServiceName, &str),
    call: Call,
    carried: Carried,
    handle: &F,
) -> Result<Tried, Fault>
where
    T: DeserializeOwned,
    R: Serialize,
    E: IntoFault,
    F: Fn(CommandContext, T) -> Fut,
    Fut: Future<Output = Result<R, E>>,
{
    call.exclusive()?;
    // Whoever may call the service may send anything.
    if carried.command != name || !command::is_id(&carried.id) {
        return Err(Fault::of(
            ErrorCode::InvalidInput,
            "this is called by workers, for commands of the queue",
        ));
    }
    let params = match serde_json::from_value(carried.params.clone()) {
        Ok(params) => params,
        Err(error) => {
            let text = format!("the parameters do not fit: {error}");
            return Ok(Failure::of(ErrorCode::InvalidInput, text).for_good().into());
        }
    };
    let stop = CancellationToken::new();
    let inner = context(service, &call, &carried, stop.clone());
    let context = CommandContext::of(inner.clone(), service).of_group(call.tenancy.clone());
    let work = AssertUnwindSafe(async { handle(context, params).await.map_err(failure) }).catch_unwind();
    let mut work = std::pin::pin!(work);
    let why = tokio::select! {
        ended = &mut work => return Ok(tried(&carried, ended)),
        () = call.cancelled() => None,
        () = called_off(&call, service, &carried.id) => None,
        () = inner.silent() => {
            let silence = inner.heartbeat.unwrap_or_default();
            Some(Failure::of(ErrorCode::CommandTimedOut, format!("nothing was heard of it for {silence:?}")))
        }
    };
    stop.cancel();
    let by_itself = tokio::time::timeout(GRACE, &mut work).await.is_ok();
    tracing::debug!(id = carried.id, by_itself, "a handler of commands was stopped");
    // Nobody waits for it any more. A worker that takes the command over begins the try anew.
    why.map(Tried::from).ok_or_else(|| Fault::of(ErrorCode::OutcomeUnknown, "the try was cut off"))
}

/// Waits until the command is called off. The worker that heard of that need not be the one whose call this is.
async fn called_off(call: &Call, service: &ServiceName, id: &str) {
    let commands = call.commands();
    loop {
        tokio::time::sleep(LOOK).await;
        if commands.is_called_off(service, id).await {
            return;
        }
    }
}

fn context(
    service: &ServiceName,
    call: &Call,
    carried: &Carried,
    stop: CancellationToken,
) -> aegis_messaging::CommandContext {
    let both = (&call.events(), &call.commands());
    let context =
        aegis_messaging::CommandContext::detached(service.clone(), &carried.command, &carried.id, both);
    let mut context = context.within(call.trace(), stop);
    context.subject.clone_from(&carried.subject);
    (context.sequence, context.attempt) = (carried.sequence, carried.attempt);
    context.deadline = call.deadline.map_or(context.deadline, Instant::from_std);
    context.heartbeat = carried.heartbeat_ms.map(Duration::from_millis);
    context.actor.clone_from(&carried.actor);
    context.group = call.tenancy.as_ref().map(|(group, _)| group.clone());
    context
}

fn tried<R: Serialize>(carried: &Carried, ended: Result<Result<R, Failure>, impl Sized>) -> Tried {
    let failure = match ended {
        Ok(Ok(result)) => match serde_json::to_value(&result) {
            Ok(result) => return Tried::Done(result),
            Err(error) => {
                Failure::of(ErrorCode::Internal, format!("the result cannot be encoded: {error}")).for_good()
            }
        },
        Ok(Err(failure)) => failure,
        Err(_panic) => {
            tracing::error!(id = carried.id, command = carried.command, "a handler of commands panicked");
            Failure::of(ErrorCode::HandlerFailed, "the handler panicked")
        }
    };
    let (failure, internal) = failure.for_others(&carried.id);
    if let Some(error) = internal {
        tracing::warn!(what = carried.subject, request_id = carried.id, %error, "a handler failed");
    }
    failure.into()
}

impl Tried {
    fn into_result(self) -> Result<Value, Failure> {
        let (failure, next) = match self {
            Self::Done(result) => return Ok(result),
            Self::Failed { code, message, details, next } => {
                (Failure::new(code, message).with_details(details), next)
            }
        };
        Err(match next {
            NextTry::Policy => failure,
            NextTry::AfterMs(delay) => failure.after(Duration::from_millis(delay)),
            NextTry::Never => failure.for_good(),
        })
    }
}

impl From<Failure> for Tried {
    fn from(failure: Failure) -> Self {
        let next = match failure.next {
            Next::Policy => NextTry::Policy,
            Next::After(delay) => NextTry::AfterMs(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            Next::Never => NextTry::Never,
        };
        let details = failure.details().cloned();
        Self::Failed { code: failure.code, message: failure.message, details, next }
    }
}
