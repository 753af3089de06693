//! Calls of a client with [`Resilience`]: a bulkhead bounds how many run at once, a budget how many are repeated, and
//! a breaker refuses calls to a target that mostly fails.

use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use futures_util::future::{Either, select};

use super::attempt::Request;
use super::route::Route;
use super::{CallError, Client, Target, checked};
use crate::resilience::{Pass, Shields, Stopped};
use aegis_nats::transport::{Message, Transport as _};

/// For so long a call waits for a lost connection before it is refused: most are back by then.
const RECONNECT: Duration = Duration::from_millis(500);

impl Client {
    /// Whether a call to this target would be sent: its breaker is closed, or lets one through to see.
    pub(crate) fn would_send(&self, target: &Target) -> bool {
        self.shields.as_ref().is_none_or(|shields| shields.would_admit(target))
    }

    pub(super) async fn bounded(
        &self,
        shields: &Shields,
        route: &Route,
        request: &Request,
        begun: Instant,
    ) -> Result<Message, CallError> {
        let pass = shields.admit(&route.target).map_err(|stopped| refused(route, stopped))?;
        let mut sent = 1;
        let outcome = loop {
            let outcome = self.try_once(shields, &pass, route, request, begun).await;
            let left = request.options.timeout.saturating_sub(begun.elapsed());
            let Err(error) = &outcome else { break outcome };
            if !is_busy(error) {
                break outcome;
            }
            match pass.again(sent) {
                Some(pause) if pause < left => tokio::time::sleep(pause).await,
                Some(_) | None => break outcome,
            }
            sent += 1;
        };
        match outcome.as_ref().map_or_else(is_trouble, |_reply| Some(false)) {
            Some(trouble) => pass.end(!trouble),
            None => drop(pass),
        }
        outcome
    }

    async fn try_once(
        &self,
        shields: &Shields,
        pass: &Pass,
        route: &Route,
        request: &Request,
        begun: Instant,
    ) -> Result<Message, CallError> {
        connected(request, request.options.timeout.saturating_sub(begun.elapsed())).await?;
        let now = Instant::now();
        let left = request.options.timeout.saturating_sub(now - begun);
        let mut request = request.clone();
        request.options.timeout = left;
        let reply = match shields.settings().hedge_after {
            Some(after) if request.options.idempotent && matches!(route.target, Target::Any(_)) => {
                self.hedged(after, pass, route, &request, now).await
            }
            Some(_) | None => self.exchange(route, &request, Some(pass), now).await,
        };
        checked(route, now, reply?)
    }

    /// The first answer of one call, or of two when the first takes long.
    async fn hedged(
        &self,
        after: Duration,
        pass: &Pass,
        route: &Route,
        request: &Request,
        now: Instant,
    ) -> Result<Message, CallError> {
        let mut first = std::pin::pin!(self.exchange(route, request, Some(pass), now));
        match tokio::time::timeout(after, &mut first).await {
            Ok(outcome) => return outcome,
            Err(_elapsed) if !pass.may_repeat() => return first.await,
            Err(_elapsed) => {}
        }
        let mut again = request.clone();
        again.options.timeout = request.options.timeout.saturating_sub(now.elapsed());
        let second = std::pin::pin!(self.exchange(route, &again, Some(pass), Instant::now()));
        match select(first, second).await {
            Either::Left((Ok(reply), _)) | Either::Right((Ok(reply), _)) => Ok(reply),
            // One that fails leaves the other a chance.
            Either::Left((Err(_), second)) => second.await,
            Either::Right((Err(_), first)) => first.await,
        }
    }
}

/// Waits a moment for a lost connection.
async fn connected(request: &Request, left: Duration) -> Result<(), CallError> {
    let back = request.lane.transport.connected();
    tokio::time::timeout(left.min(RECONNECT), back).await.map_err(|_elapsed| CallError::lost())
}

/// The target has refused the call without effect, because it or what it needs has too much to do.
fn is_busy(error: &CallError) -> bool {
    match error {
        CallError::Failed { code, .. } => {
            matches!(ErrorCode::parse(code), Some(ErrorCode::Overloaded | ErrorCode::Unavailable))
        }
        CallError::Method(_)
        | CallError::NoResponders { .. }
        | CallError::NotActive { .. }
        | CallError::OutcomeUnknown { .. }
        | CallError::TooLarge { .. }
        | CallError::Broken { .. }
        | CallError::Encode { .. }
        | CallError::Decode { .. }
        | CallError::Send { .. }
        | CallError::CircuitOpen { .. }
        | CallError::Shed { .. } => false,
    }
}

/// Whether the target did not do what it is there for, if the error says anything about it. An error that its handler
/// answers with is an answer.
fn is_trouble(error: &CallError) -> Option<bool> {
    match error {
        CallError::NoResponders { .. }
        | CallError::NotActive { .. }
        | CallError::OutcomeUnknown { .. }
        | CallError::Broken { .. } => Some(true),
        CallError::Failed { .. } => Some(is_busy(error)),
        CallError::Decode { .. } => Some(false),
        // Nothing was sent.
        CallError::Method(_)
        | CallError::TooLarge { .. }
        | CallError::Encode { .. }
        | CallError::Send { .. }
        | CallError::CircuitOpen { .. }
        | CallError::Shed { .. } => None,
    }
}

fn refused(route: &Route, stopped: Stopped) -> CallError {
    let subject = route.subject.to_string();
    match stopped {
        Stopped::Broken { retry_after } => CallError::CircuitOpen { subject, retry_after },
        Stopped::Full { limit } => CallError::Shed { subject, limit },
    }
}
