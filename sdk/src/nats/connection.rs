//! One NATS connection that reconnects for ever.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use aegis_domain::wire::Namespace;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::{ConnectErrorKind, jetstream};
use chrono::Utc;
use futures_util::StreamExt as _;
use rand::Rng as _;
use tokio::sync::watch;

use super::denial::Denials;
use super::error::{ConnectError, OLDEST_SERVER};
use super::inbox::{self, Inbox};
use super::link::{Address, Link, WhenLost};
use super::login::Login;
use super::regain;
use super::restore::Tried;
use super::security::{self, Credentials, MASKED, Secret, Tls};
use crate::metrics::Meters;
use crate::otel::Spans;
use crate::supervise::supervised;

pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
/// How long a connection may take to hear itself.
const HEARD_BACK: Duration = Duration::from_secs(1);
/// An answer that was under way when the connection was lost comes so soon after its return, or never.
const LATE_ANSWERS: Duration = Duration::from_millis(50);
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// How to reach NATS.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// One URL, or several joined by commas. What it says of who connects is in no text of the SDK.
    pub url: String,
    /// The name that the server shows for the connection.
    pub name: String,
    /// The installation's namespace.
    pub namespace: Namespace,
    /// How long the first connection may take before it is given up. Later ones are never given up.
    pub patience: Duration,
    /// How long one request to JetStream or a KV bucket may take.
    pub request_timeout: Duration,
    /// How long a call may take whose caller gives no time of its own.
    pub call_timeout: Duration,
    /// How many sockets calls are spread over, at least 1.
    pub connections: usize,
    /// Who connects; without it, whom the URL names.
    pub credentials: Option<Credentials>,
    /// TLS, for more than what a `tls://` URL asks for.
    pub tls: Option<Tls>,
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("url", &without_secrets(&self.url))
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// URLs as they may be told: without user, password and token.
#[must_use]
pub fn without_secrets(urls: &str) -> String {
    let parts: Vec<_> = urls.split(',').collect();
    let told = parts.iter().enumerate().map(|(index, part)| {
        let (scheme, rest) = match part.split_once("://") {
            Some((scheme, rest)) => (format!("{scheme}://"), rest),
            None => (String::new(), *part),
        };
        // A password may have a comma in it: what comes before that comma is none of a host, either.
        let goes_on = parts.get(index + 1).is_some_and(|next| next.contains('@') && !next.contains("://"));
        match rest.rsplit_once('@') {
            Some((_secret, host)) => format!("{scheme}{MASKED}@{host}"),
            None if goes_on => format!("{scheme}{MASKED}"),
            None => (*part).to_owned(),
        }
    });
    told.collect::<Vec<_>>().join(",")
}

impl ConnectOptions {
    /// Options with the default namespace, a patience of 10 s, requests and calls of 5 s, on one socket.
    #[must_use]
    pub fn new(url: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: name.into(),
            namespace: Namespace::default(),
            patience: Duration::from_secs(10),
            request_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(5),
            connections: 1,
            credentials: None,
            tls: None,
        }
    }
}

/// Where the connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Connected.
    Connected,
    /// Lost, and being sought again.
    Reconnecting,
    /// Closed for good, by this side.
    Closed,
}

/// A connection. Cheap to clone; all clones share its sockets.
#[derive(Debug, Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: async_nats::Client,
    address: Address,
    lanes: Vec<OnceLock<Arc<Lane>>>,
    next: AtomicUsize,
    serving: OnceLock<Link>,
    /// Of the socket that a service is called on. Replies go where callers say: what is denied of them says nothing of
    /// this side's permissions.
    serving_denials: Denials,
    jetstream: jetstream::Context,
    options: ConnectOptions,
    state: watch::Receiver<ConnectionState>,
    slow_consumers: Arc<AtomicU64>,
    meters: Meters,
    spans: Spans,
    /// Where the connection was opened: what it does by itself it does there.
    runtime: tokio::runtime::Handle,
    tried: Tried,
}

/// A socket for calls, and the replies that come in on it: to what was sent on it, so that the server knows of the
/// inbox.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) link: Link,
    replies: inbox::Open,
}

impl Lane {
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        self.replies.inbox()
    }
}

/// What the events of a client tell.
#[derive(Debug, Clone)]
struct Observer {
    state: watch::Sender<ConnectionState>,
    slow_consumers: Arc<AtomicU64>,
    denials: Denials,
    /// How often a server has said that it is about to end.
    lame_duck: watch::Sender<u64>,
}

impl Connection {
    /// Connects, and checks that the server has what Aegis needs.
    ///
    /// # Errors
    /// See [`ConnectError`]: each says what to do. None of them is worth a quick retry.
    ///
    /// # Cancel safety
    /// Dropping the future closes the half-made connection.
    pub async fn open(options: ConnectOptions) -> Result<Self, ConnectError> {
        let url = without_secrets(&options.url);
        let slow_consumers = Arc::new(AtomicU64::new(0));
        let observer = Observer {
            state: watch::channel(ConnectionState::Reconnecting).0,
            slow_consumers: Arc::clone(&slow_consumers),
            denials: Denials::of(&options.namespace),
            lame_duck: watch::channel(0).0,
        };
        let lame_duck = observer.lame_duck.subscribe();
        let state = observer.state.subscribe();
        let (client, address) = connect(&options, observer).await?;
        let info = client.server_info();
        if !is_new_enough(&info.version) {
            return Err(ConnectError::ServerTooOld { url, found: info.version });
        }
        if !info.jetstream {
            return Err(ConnectError::JetStreamDisabled { url });
        }
        let jetstream = jetstream::ContextBuilder::new()
            .timeout(options.request_timeout)
            .ack_timeout(options.request_timeout)
            .build(client.clone());
        let shared = Shared {
            client,
            address,
            lanes: (0..options.connections.max(1)).map(|_| OnceLock::new()).collect(),
            next: AtomicUsize::new(0),
            serving: OnceLock::new(),
            serving_denials: Denials::default(),
            jetstream,
            options,
            state,
            slow_consumers,
            meters: Meters::default(),
            spans: Spans::default(),
            runtime: tokio::runtime::Handle::current(),
            tried: Tried::default(),
        };
        let shared = Arc::new(shared);
        shared.runtime.spawn(leave_lame_ducks(Arc::downgrade(&shared), lame_duck));
        // It must not hold what tells it: it ends with that.
        let standing = [shared.address.denials.standing(), shared.serving_denials.standing()];
        let weak = Arc::downgrade(&shared);
        let connection = move || Some(Self { shared: weak.upgrade()? });
        let trying = supervised("the permissions of a connection", async move || {
            regain::keep_trying(&connection, standing.clone()).await;
        });
        shared.runtime.spawn(trying);
        Ok(Self { shared })
    }

    /// The client underneath, which everything goes over but calls and their replies.
    #[must_use]
    pub fn client(&self) -> &async_nats::Client {
        &self.shared.client
    }

    /// One socket for calls after the other. Each is opened when its turn first comes.
    pub(crate) fn next_lane(&self) -> &Arc<Lane> {
        let Shared { client, address, lanes, next, runtime, .. } = &*self.shared;
        let turn = if lanes.len() == 1 { 0 } else { next.fetch_add(1, Ordering::Relaxed) % lanes.len() };
        lanes[turn].get_or_init(|| {
            let link = Link::open(address.clone(), WhenLost::Drop, runtime);
            let replies = Inbox::open(&link, &client.new_inbox(), runtime);
            Arc::new(Lane { link, replies })
        })
    }

    /// The socket that a service is called on, and replies on. Not one that it calls on: a handler that keeps its
    /// thread does not keep the replies to other calls from it.
    pub(crate) fn serving(&self) -> &Link {
        let Shared { address, serving, serving_denials, runtime, .. } = &*self.shared;
        let address = || Address { denials: serving_denials.clone(), ..address.clone() };
        serving.get_or_init(|| Link::open(address(), WhenLost::Keep, runtime))
    }

    /// The same, if it has been asked for already.
    pub(super) fn serving_if_open(&self) -> Option<&Link> {
        self.shared.serving.get()
    }

    /// The sockets for calls that are open.
    pub(super) fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.shared.lanes.iter().filter_map(OnceLock::get)
    }

    /// JetStream on this connection.
    #[must_use]
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.shared.jetstream
    }

    /// The installation's namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.shared.options.namespace
    }

    /// How the connection was made; for a second one of the same kind.
    #[must_use]
    pub fn options(&self) -> &ConnectOptions {
        &self.shared.options
    }

    /// The state, and its changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.shared.state.clone()
    }

    /// The figures of what goes through this connection.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.shared.meters
    }

    /// The traces that calls on this connection belong to.
    pub(crate) fn spans(&self) -> &Spans {
        &self.shared.spans
    }

    pub(super) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.shared.runtime
    }

    /// What JetStream answers to a publish, or that it never will: because the subject may not be published to, or because
    /// the connection was lost, or moved, in between. Whether the message was stored is open then, as when it timed out.
    pub(crate) async fn acknowledged<T>(
        &self,
        subject: &str,
        sending: impl Future<Output = Result<T, PublishError>>,
    ) -> Result<T, PublishError> {
        let denied = self.denials().publish(|denied| denied == subject);
        tokio::select! {
            biased;
            answer = sending => answer,
            denied = denied => Err(PublishError::with_source(PublishErrorKind::Other, denied)),
            () = self.moved() => Err(PublishError::new(PublishErrorKind::TimedOut)),
        }
    }

    /// Waits until the server has dealt with all that was sent to it, as far as that can be seen: it answers one message
    /// after the other. Answers whether it has.
    pub(crate) async fn heard_back(&self) -> bool {
        let client = self.client();
        let inbox = client.new_inbox();
        let echo = async {
            let mut echo = client.subscribe(inbox.clone()).await.ok()?;
            client.publish(inbox, "".into()).await.ok()?;
            echo.next().await
        };
        let has_heard = matches!(tokio::time::timeout(HEARD_BACK, echo).await, Ok(Some(_)));
        if !has_heard {
            tracing::debug!("the connection does not hear itself");
        }
        has_heard
    }

    /// Waits until the connection is another one than now, and late answers have had their time.
    pub(crate) async fn moved(&self) {
        let mut state = self.state();
        state.mark_unchanged();
        // The client has the other end, and is held here.
        while state.changed().await.is_ok() {
            if *state.borrow_and_update() == ConnectionState::Connected {
                return tokio::time::sleep(LATE_ANSWERS).await;
            }
        }
        std::future::pending().await
    }

    /// What the server does not permit.
    pub(crate) fn denials(&self) -> &Denials {
        &self.shared.address.denials
    }

    pub(super) fn tried(&self) -> &Tried {
        &self.shared.tried
    }

    /// How often the server's messages came faster than they were taken, so that some were dropped.
    #[must_use]
    pub fn slow_consumers(&self) -> u64 {
        self.shared.slow_consumers.load(Ordering::Relaxed)
    }
}

/// Full jitter over an exponential ceiling (M. Brooker, «Exponential Backoff And Jitter», 2015), with
/// the first try at once.
pub(crate) fn backoff(attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempt - 2).unwrap_or(u32::MAX).min(16);
    let ceiling = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    rand::rng().random_range(BACKOFF_FIRST / 2..=ceiling)
}

/// One socket, once it stands.
async fn connect(
    options: &ConnectOptions,
    observer: Observer,
) -> Result<(async_nats::Client, Address), ConnectError> {
    let (url, patience) = (&options.url, options.patience);
    let addresses = url
        .split(',')
        .map(|part| part.trim().parse::<async_nats::ServerAddr>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| ConnectError::BadUrl { url: without_secrets(url), source })?;
    let (mut state, denials) = (observer.state.subscribe(), observer.denials.clone());
    let settings = async_nats::ConnectOptions::new()
        .name(&options.name)
        .ping_interval(PING_EVERY)
        .request_timeout(Some(options.request_timeout))
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(backoff)
        .event_callback(move |event| {
            observer.note(&event);
            std::future::ready(())
        });
    let credentials = options.credentials.clone().or_else(|| addresses.iter().find_map(of_url));
    let settings = security::apply(settings, credentials.as_ref(), options.tls.as_ref())?;
    let address = Address {
        servers: addresses.clone(),
        name: options.name.clone(),
        login: Login::read(credentials.as_ref())?,
        tls: options.tls.clone(),
        denials,
    };
    let client =
        settings.connect(addresses.clone()).await.map_err(|source| ConnectError::Client { source })?;
    let connected = state.wait_for(|state| *state == ConnectionState::Connected);
    if matches!(tokio::time::timeout(patience, connected).await, Ok(Ok(_))) {
        return Ok((client, address));
    }
    // Those tries do not say why they failed; one without a second does.
    let once = async_nats::ConnectOptions::new();
    let once = security::apply(once, credentials.as_ref(), options.tls.as_ref())?;
    let refused = match tokio::time::timeout(patience, once.connect(addresses)).await {
        Ok(Err(error)) => match error.kind() {
            ConnectErrorKind::AuthorizationViolation
            | ConnectErrorKind::Authentication
            | ConnectErrorKind::Tls => Some(error),
            ConnectErrorKind::Io if is_invalid(&error) => Some(error),
            ConnectErrorKind::ServerParse
            | ConnectErrorKind::Dns
            | ConnectErrorKind::TimedOut
            | ConnectErrorKind::Io
            | ConnectErrorKind::MaxReconnects => None,
        },
        Ok(Ok(_)) | Err(_) => None,
    };
    let url = without_secrets(url);
    let expired = credentials.as_ref().and_then(security::expiry).filter(|at| *at <= Utc::now());
    Err(match refused {
        Some(_) if let Some(at) = expired => ConnectError::Expired { url, at },
        Some(source) => ConnectError::Refused { url, source },
        None => ConnectError::Unreachable { url, patience },
    })
}

impl Observer {
    fn note(&self, event: &async_nats::Event) {
        let next = match event {
            async_nats::Event::Connected => Some(ConnectionState::Connected),
            async_nats::Event::Disconnected => Some(ConnectionState::Reconnecting),
            async_nats::Event::Closed => Some(ConnectionState::Closed),
            async_nats::Event::SlowConsumer(_) => {
                self.slow_consumers.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("messages were dropped because they were not taken in time");
                None
            }
            async_nats::Event::ServerError(async_nats::ServerError::Other(text))
                if self.denials.hear(text) =>
            {
                None
            }
            async_nats::Event::ServerError(error) => {
                tracing::warn!(%error, "the nats server reported an error");
                None
            }
            async_nats::Event::ClientError(error) => {
                tracing::debug!(%error, "nats client error");
                None
            }
            async_nats::Event::LameDuckMode => {
                self.lame_duck.send_modify(|times| *times += 1);
                None
            }
            async_nats::Event::Draining => None,
        };
        if let Some(next) = next {
            if next == ConnectionState::Connected {
                self.denials.note_connection();
            }
            let before = self.state.send_replace(next);
            if before != next {
                tracing::info!(state = ?next, "nats connection");
            }
        }
    }
}

/// Moves the client to another server, as soon as its own says that it is about to end, if there is another.
async fn leave_lame_ducks(shared: Weak<Shared>, mut lame_duck: watch::Receiver<u64>) {
    while lame_duck.changed().await.is_ok() {
        let Some(shared) = shared.upgrade() else { return };
        let others = shared.client.server_pool().await.map_or(0, |pool| pool.len());
        if others < 2 {
            tracing::warn!("the nats server is about to end, and no other is known");
            continue;
        }
        tracing::info!("the nats server is about to end: moving to another");
        if let Err(error) = shared.client.force_reconnect().await {
            tracing::debug!(%error, "the client has ended");
        }
    }
}

/// A user and a password that stand in the URL, or a token that stands there alone.
fn of_url(address: &async_nats::ServerAddr) -> Option<Credentials> {
    let (user, password) = (address.username()?.to_owned(), address.password());
    Some(match password {
        Some(password) => Credentials::UserPassword { user, password: Secret::new(password) },
        None => Credentials::Token(Secret::new(user)),
    })
}

/// The TLS library tells of a certificate that it does not trust as of data that makes no sense.
fn is_invalid(error: &async_nats::ConnectError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| source.kind() == std::io::ErrorKind::InvalidData)
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST_SERVER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_what_it_says_of_who_connects() {
        for (url, told) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://u:secret@a:1, tls://token@b:2,c:3", "nats://********@a:1, tls://********@b:2,c:3"),
            ("u:p@ss@host", "********@host"),
            ("nats://u:sec,ret@a:1", "nats://********,********@a:1"),
            ("nats://u:secret@a:99999", "nats://********@a:99999"),
            ("a:1,b:2", "a:1,b:2"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
        let options = ConnectOptions::new("nats://u:secret@a:1", "test");
        assert!(!format!("{options:?}").contains("secret"));
    }

    #[test]
    fn the_backoff_starts_at_once_grows_and_is_bounded() {
        assert_eq!(backoff(1), Duration::ZERO);
        for attempt in 2..200 {
            let delay = backoff(attempt);
            assert!(delay >= BACKOFF_FIRST / 2 && delay <= BACKOFF_MAX, "{attempt}: {delay:?}");
        }
    }

    #[test]
    fn servers_before_2_12_are_too_old() {
        for (version, enough) in [
            ("2.12.0", true),
            ("2.15.1", true),
            ("3.0.0", true),
            ("2.12.0-RC.1", true),
            ("2.11.9", false),
            ("1.99.0", false),
            ("", false),
            ("junk", false),
        ] {
            assert_eq!(is_new_enough(version), enough, "{version}");
        }
    }
}
