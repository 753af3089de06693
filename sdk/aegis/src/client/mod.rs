//! The client: calls to services.

mod attempt;
mod bounded;
mod error;
mod owner_watch;
mod persist;
mod race;
mod route;
mod stream;
mod wait;

use std::sync::Arc;
use std::time::Instant;

use aegis_domain::wire::{TraceParent, header};
use aegis_domain::{ErrorCode, Term};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::target::{CallOptions, Target};
pub use error::CallError;
pub use stream::Replies;

use crate::otel::{Ended, Side, Spans, Step};
use crate::resilience::{Resilience, Shields};
use crate::{Codec, Connection};
use aegis_nats::transport::Message;
pub(crate) use attempt::in_time;
use attempt::{Request, has_code};
use route::{Route, Routes};

/// The most bytes of the id of a request.
const ID_MAX: usize = 256;

/// A reply, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T> {
    /// What the handler returned.
    pub body: T,
    /// For exclusive methods: the term of the owner that answered.
    pub term: Option<Term>,
}

/// A client. Cheap to clone.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{CallOptions, Client, ConnectOptions, Connection, Target};
/// use std::time::Duration;
///
/// let connection = Connection::open(ConnectOptions::new("nats://127.0.0.1:4222", "trader")).await?;
/// let client = Client::new(&connection);
/// let owner = Target::owner("desk", "ACC-1")?;
/// // While no reply comes, it is sent again under the same id.
/// let options = CallOptions::within(Duration::from_secs(2)).idempotent();
/// let placed: u64 = client.call(&owner, "place", &5_u64, options).await?.body;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// The trace that its calls belong to; each begins one of its own when absent.
    trace: Option<TraceParent>,
    /// What bounds its calls; nothing when absent.
    shields: Option<Arc<Shields>>,
}

#[derive(Debug)]
struct Shared {
    connection: Connection,
    routes: Routes,
}

impl Client {
    /// A client on this connection.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        crate::provision::made_by_us(connection);
        let shared = Shared { connection: connection.clone(), routes: Routes::default() };
        Self { shared: Arc::new(shared), trace: None, shields: None }
    }

    /// The same client, whose calls belong to this trace.
    #[must_use]
    pub fn within(&self, trace: TraceParent) -> Self {
        Self { trace: Some(trace), ..self.clone() }
    }

    /// The same client, whose calls are bounded for each target by itself. What it counts is its own and that of its
    /// clones: make one, and keep it.
    #[must_use]
    pub fn with_resilience(&self, resilience: Resilience) -> Self {
        Self { shields: Some(Arc::new(Shields::new(resilience))), ..self.clone() }
    }

    /// Options with the time that is configured for calls (`call_timeout_ms`).
    #[must_use]
    pub fn default_options(&self) -> CallOptions {
        CallOptions::within(self.shared.connection.options().call_timeout)
    }

    /// Calls a method and waits for its reply until the time of `options` has passed; a [`std::time::Duration`]
    /// will do for them.
    ///
    /// While no instance takes the call (no instance runs, or a group is between two owners) it is sent
    /// again, since then nothing has happened: as soon as the owner of the group changes, and after a
    /// short wait. A vacant group is activated, where the service takes groups on demand. Once
    /// somebody may have taken the call, it is repeated only if it is idempotent.
    ///
    /// # Errors
    /// See [`CallError`]; each says whether anything has happened.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it open whether the call happened; its handler is told that the caller has gone.
    pub async fn call<Req, Res>(
        &self,
        target: &Target,
        method: &str,
        request: &Req,
        options: impl Into<CallOptions> + Send,
    ) -> Result<Reply<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        self.call_under(None, target, method, request, options.into()).await
    }

    /// The same, under an id of your own: a call with this id that an owner has handled is answered with its first outcome, also when it is sent
    /// by another process. Handlers have it ([`Call::request_id`](crate::Call::request_id)), and what they record by
    /// [`Call::journal`](crate::Call::journal) under one id is recorded once.
    ///
    /// # Errors
    /// See [`CallError`]; [`CallError::Encode`] of an id that is no text of a header: 1 to 256 characters that can be seen.
    ///
    /// # Cancel safety
    /// As [`Client::call`].
    pub async fn call_with_id<Req, Res>(
        &self,
        id: &str,
        target: &Target,
        method: &str,
        request: &Req,
        options: impl Into<CallOptions> + Send,
    ) -> Result<Reply<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        if id.is_empty() || header::text(id, ID_MAX) != id {
            let detail =
                format!("{:?} is no id of a request: 1 to {ID_MAX} characters that can be seen", cut(id));
            return Err(CallError::Encode { detail });
        }
        self.call_under(Some(id.into()), target, method, request, options.into()).await
    }

    pub(crate) async fn call_under<Req, Res>(
        &self,
        id: Option<Arc<str>>,
        target: &Target,
        method: &str,
        request: &Req,
        options: CallOptions,
    ) -> Result<Reply<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        let route = self.route(target, method)?;
        let running = self.begin(&route);
        let outcome = async {
            let request = Request { id, ..self.request(&running, request, options)? };
            let reply = match &self.shields {
                None => {
                    let reply = self.exchange(&route, &request, None, running.begun).await?;
                    checked(&route, running.begun, reply)?
                }
                Some(shields) => Box::pin(self.bounded(shields, &route, &request, running.begun)).await?,
            };
            let body = match options.wire {
                Some(wire) => wire.result(&reply),
                None => codec_of(&reply).decode(&reply.payload),
            };
            let body = body.map_err(|e| CallError::Decode { detail: e.to_string() })?;
            Ok(Reply { body, term: term_of(&reply) })
        };
        let outcome = outcome.await;
        running.end(outcome.as_ref().err());
        outcome
    }

    fn route(&self, target: &Target, method: &str) -> Result<Arc<Route>, CallError> {
        let connection = &self.shared.connection;
        let names = (connection.namespace(), &connection.telemetry().meters);
        Ok(self.shared.routes.find(target, method, names)?)
    }

    fn request<Req: Serialize>(
        &self,
        running: &Running<'_>,
        request: &Req,
        options: CallOptions,
    ) -> Result<Request, CallError> {
        let Route { target, method, .. } = running.route;
        let body = match options.wire {
            Some(wire) => {
                wire.wrap((target.service(), method), request, (options.timeout, options.body_codec()))
            }
            None => options.body_codec().encode(request),
        };
        let body = body.map_err(|e| CallError::Encode { detail: e.to_string() })?;
        let lane = Arc::clone(self.shared.connection.next_lane());
        Ok(Request { body, trace: running.step.trace, options, id: None, lane, stream: None })
    }

    fn begin<'a>(&'a self, route: &'a Route) -> Running<'a> {
        route.meter.begin();
        let spans = &self.shared.connection.telemetry().spans;
        let step = spans.make(self.trace.as_ref());
        Running { route, spans, step, begun: Instant::now(), ended: false }
    }
}

/// A call that is counted as in flight until it ends, also by being dropped.
struct Running<'a> {
    route: &'a Route,
    spans: &'a Spans,
    step: Step,
    begun: Instant,
    ended: bool,
}

impl Running<'_> {
    fn end(mut self, error: Option<&CallError>) {
        self.ended = true;
        let text = error.map(ToString::to_string);
        self.count(error.map(CallError::code).zip(text.as_deref()));
    }

    fn count(&self, failure: Option<(&str, &str)>) {
        let (took, Route { target, method, meter, .. }) = (self.begun.elapsed(), self.route);
        meter.end(took, failure);
        let group = match target {
            Target::Owner(_, group) => Some(group),
            Target::Any(_) | Target::Instance(..) => None,
        };
        let (service, failed) = (target.service(), failure.map(|(code, _)| code));
        let call = Ended { side: Side::Client, service, method, group, begun: self.begun, took, failed };
        self.spans.end(&self.step, call);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.count(Some(("CANCELLED", "the caller gave the call up")));
        }
    }
}

/// The reply, unless it says that the call failed.
fn checked(route: &Route, begun: Instant, reply: Message) -> Result<Message, CallError> {
    if has_code(&reply, ErrorCode::OutcomeUnknown) {
        let subject = route.subject.to_string();
        return Err(CallError::OutcomeUnknown { subject, after: begun.elapsed() });
    }
    CallError::of(&reply).map_or(Ok(reply), Err)
}

/// As much of a text as an error tells.
fn cut(text: &str) -> String {
    header::text(text, 80)
}

fn codec_of(reply: &Message) -> Codec {
    reply.headers.get(header::CONTENT_TYPE).and_then(Codec::of_content_type).unwrap_or_default()
}

fn term_of(reply: &Message) -> Option<Term> {
    reply.headers.get(header::TERM)?.parse().ok().map(Term)
}
