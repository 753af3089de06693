//! One NATS connection that reconnects for ever.

mod making;
mod regain;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aegis_domain::wire::Namespace;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::{ConnectErrorKind, jetstream};
use chrono::Utc;
use futures_util::StreamExt as _;
use tokio::sync::watch;

use crate::auth::Authenticator;
use crate::backoff::backoff;
use crate::denial::Denials;
use crate::error::{ConnectError, OLDEST_SERVER};
use crate::inbox::{self, Inbox};
use crate::observer::{Observer, leave_lame_ducks};
use crate::security::{self, Credentials, MASKED, Secret, Tls};
use crate::state::{ConnectionState, PING_EVERY};
use crate::supervise::supervised;
use crate::transport::{Address, AnyTransport, OnDisconnect, TransportKind};
use aegis_telemetry::Telemetry;
use aegis_telemetry::metrics::OwnMetrics;

pub use making::MakeStream;
pub(crate) use making::{Making, Tried};
/// How long a connection may take to hear itself.
const HEARD_BACK: Duration = Duration::from_secs(1);
/// An answer that was under way when the connection was lost comes so soon after its return, or never.
const LATE_ANSWERS: Duration = Duration::from_millis(50);

/// How to reach NATS.
///
/// # Examples
/// ```
/// use aegis_nats::ConnectOptions; // `aegis_sdk::ConnectOptions` for users of the SDK
/// use std::time::Duration;
///
/// let mut options = ConnectOptions::new("nats://nats-1:4222,nats://nats-2:4222", "trader");
/// options.call_timeout = Duration::from_secs(2);
/// ```
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
    /// Which client carries calls and their replies.
    pub transport: TransportKind,
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
            transport: TransportKind::default(),
        }
    }
}

/// A connection. Cheap to clone; all clones share its sockets.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_nats::{ConnectOptions, Connection}; // of `aegis_sdk` for users of the SDK
///
/// let connection = Connection::open(ConnectOptions::new("nats://127.0.0.1:4222", "trader")).await?;
/// // `Client::new(&connection)`, `Events::new(&connection)`, `Commands::new(&connection)` go over it.
/// // The client of NATS underneath, for subjects of your own.
/// connection.client().publish("plain.nats", "hello".into()).await?;
/// # Ok(())
/// # }
/// ```
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
    serving: OnceLock<AnyTransport>,
    /// Of the socket that a service is called on. Replies go where callers say: what is denied of them says nothing of
    /// this side's permissions.
    serving_denials: Denials,
    jetstream: jetstream::Context,
    options: ConnectOptions,
    state: watch::Receiver<ConnectionState>,
    slow_consumers: Arc<AtomicU64>,
    telemetry: Telemetry,
    /// Where the connection was opened: what it does by itself it does there.
    runtime: tokio::runtime::Handle,
    tried: Tried,
    /// How the installation's streams and buckets are made, once somebody has said so.
    installation: OnceLock<MakeStream>,
}

/// A socket for calls, and the replies that come in on it: to what was sent on it, so that the server knows of the
/// inbox.
#[derive(Debug)]
pub struct Lane {
    pub transport: AnyTransport,
    replies: inbox::Open,
}

impl Lane {
    pub fn inbox(&self) -> &Arc<Inbox> {
        self.replies.inbox()
    }
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
        let observer = Observer::new(Denials::of(&options.namespace), Arc::clone(&slow_consumers));
        let (state, lame_duck) = (observer.state(), observer.lame_duck());
        let (client, address) = connect(&options, observer, Arc::clone(&slow_consumers)).await?;
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
            telemetry: Telemetry::default(),
            runtime: tokio::runtime::Handle::current(),
            tried: Tried::default(),
            installation: OnceLock::new(),
        };
        let shared = Arc::new(shared);
        let weak = Arc::downgrade(&shared);
        let client = move || Some(weak.upgrade()?.client.clone());
        shared.runtime.spawn(leave_lame_ducks(client, lame_duck));
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
    pub fn next_lane(&self) -> &Arc<Lane> {
        let Shared { address, lanes, next, options, runtime, .. } = &*self.shared;
        let turn = if lanes.len() == 1 { 0 } else { next.fetch_add(1, Ordering::Relaxed) % lanes.len() };
        lanes[turn].get_or_init(|| {
            let kind = options.transport;
            let transport = AnyTransport::open(kind, address.clone(), OnDisconnect::Discard, runtime);
            let replies = Inbox::open(&transport, runtime);
            Arc::new(Lane { transport, replies })
        })
    }

    /// The socket that a service is called on, and replies on. Not one that it calls on: a handler that keeps its
    /// thread does not keep the replies to other calls from it.
    pub fn serving(&self) -> &AnyTransport {
        let Shared { address, serving, serving_denials, options, runtime, .. } = &*self.shared;
        serving.get_or_init(|| {
            let address = address.clone().with_denials(serving_denials.clone());
            AnyTransport::open(options.transport, address, OnDisconnect::Buffer, runtime)
        })
    }

    /// The same, if it has been asked for already.
    pub(crate) fn serving_if_open(&self) -> Option<&AnyTransport> {
        self.shared.serving.get()
    }

    /// The sockets for calls that are open.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
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

    /// What its users measure and trace of that which goes through it.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.shared.telemetry
    }

    /// The metrics of the program's own: counters, gauges and histograms that its heartbeats, OpenTelemetry and Prometheus tell.
    #[must_use]
    pub fn metrics(&self) -> &OwnMetrics {
        &self.shared.telemetry.own
    }

    pub(crate) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.shared.runtime
    }

    /// What JetStream answers to a publish, or that it never will: because the subject may not be published to, or because
    /// the connection was lost, or moved, in between. Whether the message was stored is open then, as when it timed out.
    pub async fn acknowledged<T>(
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
    pub async fn heard_back(&self) -> bool {
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
    pub async fn moved(&self) {
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
    pub fn denials(&self) -> &Denials {
        &self.shared.address.denials
    }

    pub(crate) fn tried(&self) -> &Tried {
        &self.shared.tried
    }

    /// From now on the installation's streams and buckets, when one is missed, are made in this way. Said once; what is said
    /// later changes nothing.
    pub fn made_by(&self, make: MakeStream) {
        let _first = self.shared.installation.set(make);
    }

    pub(crate) fn installation(&self) -> Option<&MakeStream> {
        self.shared.installation.get()
    }

    /// How often the server's messages came faster than they were taken, so that some were dropped.
    #[must_use]
    pub fn slow_consumers(&self) -> u64 {
        self.shared.slow_consumers.load(Ordering::Relaxed)
    }
}

/// One socket, once it stands.
async fn connect(
    options: &ConnectOptions,
    observer: Observer,
    slow_consumers: Arc<AtomicU64>,
) -> Result<(async_nats::Client, Address), ConnectError> {
    let (url, patience) = (&options.url, options.patience);
    let addresses = url
        .split(',')
        .map(|part| part.trim().parse::<async_nats::ServerAddr>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| ConnectError::BadUrl { url: without_secrets(url), source })?;
    let (mut state, denials) = (observer.state(), observer.denials().clone());
    let credentials = options.credentials.clone().or_else(|| addresses.iter().find_map(of_url));
    let auth = Authenticator::new(credentials.clone())?;
    security::check_tls(options.tls.as_ref())?;
    let settings = security::apply_tls(auth.options(), options.tls.as_ref())
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
    let (name, tls) = (options.name.clone(), options.tls.clone());
    let address = Address::new(addresses.clone(), name, auth, tls, denials, slow_consumers);
    let client =
        settings.connect(addresses.clone()).await.map_err(|source| ConnectError::Client { source })?;
    let connected = state.wait_for(|state| *state == ConnectionState::Connected);
    if matches!(tokio::time::timeout(patience, connected).await, Ok(Ok(_))) {
        return Ok((client, address));
    }
    // Those tries do not say why they failed; one without a second does.
    let once = security::apply_tls(address.auth.options(), options.tls.as_ref());
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
