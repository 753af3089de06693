//! Callers: they call one group again and again, and write down what they see.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aegis_domain::ErrorCode;
use aegis_sdk::{CallError, CallOptions, Client, Connection, Target};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;

use crate::history::{Invocation, Method, Outcome};
use crate::member::{self, Answer, Ask, SERVICE};

/// What all callers of a run share.
#[derive(Clone)]
pub(crate) struct Callers {
    pub(crate) client: Client,
    pub(crate) owners: Owners,
    /// How long they wait for an outcome; each call draws one.
    pub(crate) patience: &'static [Duration],
    /// The most time between two calls.
    pub(crate) pause: Duration,
    epoch: Instant,
}

/// Who has answered last, by group.
#[derive(Debug, Clone)]
pub(crate) struct Owners(Arc<Mutex<Vec<Option<String>>>>);

impl Owners {
    fn new(groups: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![None; groups])))
    }

    pub(crate) fn of(&self, group: usize) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned().flatten()
    }

    fn answered(&self, group: usize, instance: &str) {
        if let Some(owner) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(group) {
            *owner = Some(instance.to_owned());
        }
    }
}

impl Callers {
    pub(crate) fn new(
        connection: &Connection,
        groups: usize,
        patience: &'static [Duration],
        pause: Duration,
    ) -> Self {
        let owners = Owners::new(groups);
        Self { client: Client::new(connection), owners, patience, pause, epoch: Instant::now() }
    }

    /// Calls until stopped, and finishes the last call. `seed` is different for each caller of a run.
    pub(crate) async fn run(
        self,
        group: usize,
        method: Method,
        seed: u64,
        stop: CancellationToken,
    ) -> Vec<Invocation> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut seen = Vec::new();
        while !stop.is_cancelled() {
            let request = format!("{}-{seed:x}-{}", member::group(group), seen.len());
            let patience = self.patience[rng.random_range(0..self.patience.len())];
            let options = CallOptions::within(patience);
            let options = if rng.random_bool(0.5) { options.idempotent() } else { options };
            seen.push(self.call(group, method, request, options).await);
            tokio::time::sleep(rng.random_range(Duration::ZERO..=self.pause)).await;
        }
        seen
    }

    /// One call.
    pub(crate) async fn call(
        &self,
        group: usize,
        method: Method,
        request: String,
        options: CallOptions,
    ) -> Invocation {
        let name = member::group(group);
        let ask = Ask { request: request.clone() };
        let begun = self.now();
        let outcome = match Target::owner(SERVICE, &name) {
            Ok(target) => self.client.call::<_, Answer>(&target, method.name(), &ask, options).await,
            Err(error) => Err(error.into()),
        };
        let ended = self.now();
        let outcome = match outcome {
            Ok(reply) => {
                self.owners.answered(group, &reply.body.instance);
                Outcome::Answered { term: reply.body.term, instance: reply.body.instance }
            }
            Err(error) => judge(&error),
        };
        let idempotent = options == options.idempotent();
        Invocation { request, group: name, method, idempotent, begun, ended, outcome }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Read => "read",
        }
    }
}

/// What the caller may conclude, by the catalogue of codes.
fn judge(error: &CallError) -> Outcome {
    let code = error.code().to_owned();
    match ErrorCode::parse(&code) {
        Some(ErrorCode::OutcomeUnknown) => Outcome::Unknown,
        Some(known) if known.is_retryable() => Outcome::NotDone { code },
        Some(_) | None => Outcome::Failed { code },
    }
}
