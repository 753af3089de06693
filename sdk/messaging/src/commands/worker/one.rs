//! Runs one command: decodes it, calls the handler, records the result, retries or publishes a dead letter.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use aegis_domain::wire::command::{self, Outcome};
use aegis_domain::wire::header;
use aegis_domain::{ErrorCode, GroupName};
use async_nats::jetstream;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Handler, Params, Shared};
use crate::codec::Codec;
use crate::commands::CommandContext;
use crate::commands::context::{Beats, TIMEOUT};
use crate::commands::register::{Entry, Tried, Verdict};
use crate::legacy::Envelope;
use aegis_domain::Failure;
use aegis_domain::failure::Next;

use crate::consume::{CRASHES, DeadLetter, cut, for_others, jittered};

/// How often a command is tried again that does not say it.
const RETRIES: u32 = 3;
/// How long a handler that is to stop has for it.
const GRACE: Duration = Duration::from_millis(200);
/// The first delay between two tries, and the longest.
const DELAY: Duration = Duration::from_millis(200);
const DELAY_MAX: Duration = Duration::from_secs(30);

/// The most bytes of what went wrong that are told.
const CODE_MAX: usize = 256;
const MESSAGE_MAX: usize = 16 * 1024;

/// A command as its lane has it.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) message: jetstream::Message,
    pub(super) id: String,
    pub(super) sequence: u64,
    /// How often it came to a worker. That says nothing of tries: it may have been given back untried each time.
    delivered: u32,
}

/// What the queue is told at the end.
pub(super) enum Settlement {
    /// The command has ended.
    Ack,
    /// It is to come again after this time.
    Retry(Duration),
}

impl Taken {
    pub(super) fn new(message: jetstream::Message) -> Option<Self> {
        let info = message.info().ok()?;
        let (sequence, delivered) = (info.stream_sequence, info.delivered);
        let published = info.published.unix_timestamp_nanos();
        let given = message.headers.as_ref().and_then(|headers| headers.get(header::REQUEST_ID));
        // One that others gave and that names no key and no subject could not be written anywhere.
        let given = given.filter(|id| command::is_id(id.as_str()));
        let id = given.map_or_else(|| format!("{sequence}-{published}"), |id| id.as_str().to_owned());
        let delivered = u32::try_from(delivered).unwrap_or(u32::MAX);
        Some(Self { id, sequence, delivered, message })
    }

    fn header(&self, name: &str) -> Option<&str> {
        Some(self.message.headers.as_ref()?.get(name)?.as_str())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.header(name)?.parse().ok()
    }

    /// When the time for all of its tries is over, if it is limited: from when the lane has had it.
    fn ends(&self) -> Option<(DateTime<Utc>, Duration)> {
        let total = Duration::from_millis(self.number(header::TOTAL_MS)?);
        let published = self.message.info().ok()?.published;
        let published = DateTime::from_timestamp(published.unix_timestamp(), published.nanosecond())?;
        Some((published.checked_add_signed(TimeDelta::from_std(total).ok()?)?, total))
    }

    /// How much is left of it.
    fn left(&self) -> Option<Duration> {
        self.ends().map(|(ends, _)| (ends - Utc::now()).to_std().unwrap_or_default())
    }

    /// The group that it names.
    fn group(&self) -> Result<Option<GroupName>, Failure> {
        let group = self.header(header::GROUP).map(GroupName::new).transpose();
        group.map_err(|error| Failure::of(ErrorCode::InvalidInput, error.to_string()).for_good())
    }

    /// The envelope of the Python SDK, if it came in one.
    fn envelope(&self) -> Option<Envelope> {
        self.header(header::LEGACY).and_then(Envelope::of_header)
    }
}

/// Handles it, and says what the queue is to be told. `stop` says that it was called off.
pub(super) async fn handle(shared: &Shared, taken: &Taken, stop: &CancellationToken) -> Settlement {
    // Given back while the register is away, it would only come again.
    let entry = shared.register.at_last(shared.of(taken), || shared.register.entry(shared.of(taken)));
    let entry = tokio::select! {
        entry = entry => entry,
        () = stop.cancelled() => return Settlement::Ack,
    };
    let failed = match entry {
        // Whoever ended it may have been cut off before it said so.
        Some(Entry::Ended(outcome @ (Outcome::Completed { .. } | Outcome::Cancelled { .. }))) => {
            announce(shared, taken, &outcome).await;
            return Settlement::Ack;
        }
        Some(Entry::Tried(Tried { message, failed })) if message == taken.sequence => failed,
        // One that failed before was sent back.
        Some(Entry::Tried(_) | Entry::Ended(Outcome::Failed { .. })) | None => 0,
    };
    let attempt = failed.saturating_add(1);
    let tried = try_once(shared, taken, attempt, stop).await;
    let outcome = match tried {
        Some(Ok(result)) => Outcome::Completed { result, attempts: attempt },
        Some(Err(failure)) => {
            let failure = for_others(failure, taken.message.subject.as_str(), &taken.id);
            shared.metrics.failed();
            if let Some(delay) = delay(taken, attempt, &failure) {
                tracing::debug!(id = taken.id, attempt, ?failure, "a command is tried again");
                shared.metrics.retried();
                let tried = Tried { message: taken.sequence, failed: attempt };
                let verdict = shared
                    .register
                    .at_last(shared.of(taken), || shared.register.failed(shared.of(taken), tried))
                    .await;
                let outcome = match verdict {
                    Verdict::Theirs(outcome) => outcome,
                    Verdict::Ours | Verdict::TooLarge => return Settlement::Retry(delay),
                };
                announce(shared, taken, &outcome).await;
                return Settlement::Ack;
            }
            // It may have been called off without this worker's having heard of it.
            if let Ok(Some(outcome @ Outcome::Cancelled { .. })) =
                shared.register.read(shared.of(taken)).await
            {
                announce(shared, taken, &outcome).await;
                return Settlement::Ack;
            }
            give_up(shared, taken, attempt, failure).await
        }
        // It was called off, and whoever did so has told everybody.
        None => return Settlement::Ack,
    };
    let outcome = settle(shared, taken, outcome).await;
    announce(shared, taken, &outcome).await;
    Settlement::Ack
}

/// How it ends at last. A result that is too large to be told will be so on every try, which may not be undone: the
/// command has failed for good.
async fn settle(shared: &Shared, taken: &Taken, outcome: Outcome) -> Outcome {
    let verdict = shared.register.decide_at_last(shared.of(taken), &outcome).await;
    let (result, attempts) = match (verdict, outcome) {
        (Verdict::TooLarge, Outcome::Completed { result, attempts }) => (result, attempts),
        (verdict, outcome) => {
            if matches!(outcome, Outcome::Completed { .. }) {
                shared.metrics.consumed();
            }
            return match verdict {
                Verdict::Theirs(outcome) => outcome,
                Verdict::Ours | Verdict::TooLarge => outcome,
            };
        }
    };
    shared.metrics.failed();
    let size = serde_json::to_vec(&result).map_or(0, |body| body.len());
    let text = format!("it is done, and its result has {size} bytes, which is more than NATS takes");
    let outcome = give_up(shared, taken, attempts, Failure::of(ErrorCode::PayloadTooLarge, text)).await;
    match shared.register.decide_at_last(shared.of(taken), &outcome).await {
        Verdict::Theirs(outcome) => outcome,
        Verdict::Ours | Verdict::TooLarge => outcome,
    }
}

/// One try. None when it was called off.
async fn try_once(
    shared: &Shared,
    taken: &Taken,
    attempt: u32,
    stop: &CancellationToken,
) -> Option<Result<Value, Failure>> {
    let timeout = taken.number(header::TIMEOUT_MS).map_or(TIMEOUT, Duration::from_millis);
    if taken.delivered > retries(taken).saturating_mul(2).saturating_add(CRASHES) {
        let text =
            format!("it came {} times and never to an end: it may end whoever handles it", taken.delivered);
        return Some(Err(Failure::of(ErrorCode::HandlerFailed, text).for_good()));
    }
    if taken.header(header::LEGACY).is_some() && taken.envelope().is_none() {
        let text = "the command is in the envelope of the Python SDK, whose wire this build does not have";
        return Some(Err(Failure::of(ErrorCode::InvalidInput, text).for_good()));
    }
    let name = command::command_of(shared.connection.namespace(), &taken.message.subject).unwrap_or_default();
    let Some(handler) = shared.handlers.get(name) else {
        let failure = Failure::of(ErrorCode::MethodNotFound, format!("no command {name:?} is handled here"));
        return Some(Err(failure.for_good()));
    };
    let refuse = |text: String| Some(Err(Failure::of(ErrorCode::InvalidInput, text).for_good()));
    let group = match (taken.group(), handler.of_group) {
        (Ok(None), true) => {
            return refuse(format!("{name} is done by the owner of a group: send it with one"));
        }
        (Ok(Some(_)), false) => {
            return refuse(format!("{name} is done by any instance: send it without a group"));
        }
        (Ok(group), _) => group,
        (Err(failure), _) => return Some(Err(failure)),
    };
    if is_over(taken) {
        return Some(Err(out_of_time(taken)));
    }
    let left = taken.left().unwrap_or(timeout);
    let (begun, meter) = (Instant::now(), &handler.meter);
    meter.begin();
    let tried = run(shared, taken, (name, handler, group), (attempt, timeout.min(left)), stop).await;
    let tried = match tried {
        Some(Err(failure)) if failure.code == ErrorCode::CommandTimedOut.as_str() && is_over(taken) => {
            Some(Err(out_of_time(taken)))
        }
        tried => tried,
    };
    let failure = match &tried {
        Some(Ok(_result)) => None,
        Some(Err(failure)) => Some((failure.code.as_str(), failure.message.as_str())),
        None => Some((ErrorCode::Cancelled.as_str(), "it was called off")),
    };
    meter.end(begun.elapsed(), failure);
    tried
}

/// Whether the time for all of its tries is over.
fn is_over(taken: &Taken) -> bool {
    taken.left().is_some_and(|left| left.is_zero())
}

/// All of its tries together have taken too long.
fn out_of_time(taken: &Taken) -> Failure {
    let total = taken.ends().map(|(_, total)| total).unwrap_or_default();
    Failure::of(ErrorCode::CommandTimedOut, format!("its tries took longer than {total:?} together"))
        .for_good()
}

/// Runs the handler, which has so long for it.
async fn run(
    shared: &Shared,
    taken: &Taken,
    (name, handler, group): (&str, &Handler, Option<GroupName>),
    (attempt, timeout): (u32, Duration),
    stop: &CancellationToken,
) -> Option<Result<Value, Failure>> {
    let envelope = taken.envelope();
    let told = taken.header(header::CONTENT_TYPE).and_then(Codec::of_content_type);
    let codec = told.unwrap_or_else(|| Codec::of_first_byte(&taken.message.payload));
    let params = Params { body: taken.message.payload.clone(), codec, envelope };
    let ending = stop.child_token();
    let trace = aegis_telemetry::trace::of(taken.header(header::TRACEPARENT));
    let context = CommandContext {
        id: taken.id.clone(),
        command: name.to_owned(),
        service: shared.service.clone(),
        subject: taken.message.subject.as_str().to_owned(),
        sequence: taken.sequence,
        attempt,
        deadline: tokio::time::Instant::now() + timeout,
        heartbeat: taken.number(header::HEARTBEAT_MS).map(Duration::from_millis),
        actor: taken.header(header::ACTOR).map(str::to_owned),
        group,
        stop: ending.clone(),
        beats: Beats::default(),
        trace,
        connection: shared.connection.clone(),
        events: shared.events.within(trace),
        commands: shared.commands.within(trace),
        envelope,
    };
    let (deadline, watched) = (context.deadline, context.clone());
    let work = AssertUnwindSafe(async { (handler.handle)(context, params).await }).catch_unwind();
    let mut work = std::pin::pin!(work);
    let stopped = tokio::select! {
        // A handler may end because it was told to stop: what it says then counts no more.
        ended = &mut work => return (!stop.is_cancelled()).then(|| ended.unwrap_or_else(|_panic| {
            tracing::error!(id = taken.id, command = name, "a handler of commands panicked");
            Err(Failure::of(ErrorCode::HandlerFailed, "the handler panicked"))
        })),
        () = stop.cancelled() => None,
        () = tokio::time::sleep_until(deadline) => Some(format!("it took longer than {timeout:?}")),
        () = silent(handler, &watched) => {
            Some(format!("nothing was heard of it for {:?}", watched.heartbeat.unwrap_or_default()))
        }
    };
    // It may clean up; then it is dropped where it waits.
    ending.cancel();
    let cleaned = tokio::time::timeout(GRACE, &mut work).await;
    tracing::debug!(
        id = taken.id,
        command = name,
        by_itself = cleaned.is_ok(),
        "a handler of commands was stopped"
    );
    Some(Err(Failure::of(ErrorCode::CommandTimedOut, stopped?)))
}

/// Waits until the handler has been silent for too long. For that of a group, its owner does.
async fn silent(handler: &Handler, watched: &CommandContext) {
    match handler.of_group {
        true => std::future::pending().await,
        false => watched.silent().await,
    }
}

/// How long to wait for the next try; none when there is no other.
fn delay(taken: &Taken, attempt: u32, failure: &Failure) -> Option<Duration> {
    if attempt > retries(taken) {
        return None;
    }
    let doubled = DELAY.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)).min(DELAY_MAX);
    let delay = match failure.next {
        Next::Never => None,
        Next::After(delay) => Some(delay),
        Next::Policy => Some(jittered(doubled)),
    };
    // No try is waited for that would be begun too late.
    delay.filter(|delay| taken.left().is_none_or(|left| *delay < left))
}

fn retries(taken: &Taken) -> u32 {
    taken.number(header::MAX_RETRIES).unwrap_or(RETRIES)
}

/// The dead letter stands before anybody is told.
async fn give_up(shared: &Shared, taken: &Taken, attempts: u32, failure: Failure) -> Outcome {
    let code = cut(&failure.code, CODE_MAX).to_owned();
    let message = cut(&failure.message, MESSAGE_MAX).to_owned();
    let reason = format!("{code}: {message} ({attempts} tries)");
    if let Some(letter) = DeadLetter::new(&shared.connection, "command", &taken.message, &reason) {
        letter.publish(&shared.connection).await;
    }
    shared.metrics.dead_lettered();
    Outcome::Failed { code, message, details: failure.details().cloned(), attempts }
}

async fn announce(shared: &Shared, taken: &Taken, outcome: &Outcome) {
    shared.register.announce(shared.of(taken), outcome).await;
    let (Some(envelope), Outcome::Completed { result, .. }) = (taken.envelope(), outcome) else { return };
    let Ok(body) = envelope.completion(&taken.id, result) else { return };
    let subject = envelope.result_subject(&taken.id);
    if let Err(error) = shared.connection.client().publish(subject, body).await {
        tracing::debug!(id = taken.id, %error, "the end of a command was not told to the Python SDK");
    }
}
