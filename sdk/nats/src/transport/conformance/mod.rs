//! What both adapters are held to, on real servers. Where they differ, the case says so by a [`Difference`], and holds each
//! to its own side.

mod cluster;
mod credentials;
mod limits;
mod messages;
mod permissions;
mod reconnect;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aegis_testkit::{NatsServer, wait_until};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::*;
use crate::auth::Authenticator;
use crate::security::{Credentials, Tls};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the client library does in another way than [`Link`].
#[derive(Debug, Clone, Copy)]
enum Difference {
    /// What it has not written yet when the connection is lost it writes to the next one, also with
    /// [`OnDisconnect::Discard`]: its queue cannot be emptied. `Link` drops it.
    KeepsWhatWaits,
    /// It forgets a subscription when the line that ends it is written, and drops what the server had sent by then. `Link`
    /// waits for the server's PONG.
    DropsWhatIsOnItsWayAtAClose,
    /// It leaves a server by closing the connection, so that what is on its way there is lost. `Link` has both connections
    /// for a while.
    DropsWhatIsOnItsWayAtAMove,
    /// It holds the certificate of a discovered server to the address that the cluster has told of. `Link` holds it to the
    /// name that is configured, as the client for Go does.
    VerifiesTheAddress,
    /// It reads on when a sink stands still, and drops what does not fit into the queue of the subscription. `Link` reads no
    /// more, so that the server ends the connection.
    DropsInsteadOfTheServer,
}

impl Difference {
    fn is_of(self, kind: TransportKind) -> bool {
        match self {
            Self::KeepsWhatWaits
            | Self::DropsWhatIsOnItsWayAtAClose
            | Self::DropsWhatIsOnItsWayAtAMove
            | Self::VerifiesTheAddress
            | Self::DropsInsteadOfTheServer => kind == TransportKind::AsyncNats,
        }
    }
}

macro_rules! suite {
    ($($module:ident: $($case:ident),+;)+) => {
        mod direct {
            use crate::transport::TransportKind;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$module::$case(TransportKind::Direct).await;
                }
            )+)+
        }

        mod async_nats {
            use crate::transport::TransportKind;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$module::$case(TransportKind::AsyncNats).await;
                }
            )+)+
        }
    };
}

suite! {
    messages:
        messages_arrive_whole_and_in_order_whoever_writes_them,
        one_member_of_a_queue_group_gets_each_message_and_nobody_is_told_of,
        a_request_is_answered_in_its_inbox,
        closing_hands_over_what_is_on_its_way_and_nothing_after,
        what_cannot_be_sent_is_refused_and_disturbs_nothing,
        a_panic_over_one_message_is_no_end_of_the_transport,
        the_last_clone_closes_it;
    reconnect:
        a_lost_connection_comes_back_with_its_subscriptions_and_what_waits,
        calls_are_not_kept_for_a_later_connection,
        a_server_that_takes_nothing_fills_a_bounded_queue;
    cluster:
        a_server_that_was_not_named_is_found_when_the_named_one_is_gone,
        a_server_that_announces_its_end_is_left_and_no_message_comes_twice,
        a_discovered_server_is_held_to_the_configured_name;
    permissions:
        what_may_not_be_published_or_heard_is_told_with_its_subject,
        a_subscription_that_is_permitted_again_is_heard_again;
    limits:
        a_sink_that_stands_still_holds_nobody_up_for_ever_and_no_more_than_a_bound,
        a_payload_that_the_server_takes_no_more_is_refused;
    credentials:
        credentials_are_read_anew_when_they_have_expired,
        credentials_that_cannot_be_read_are_those_read_before;
}

fn address(url: &str, credentials: Option<Credentials>, tls: Option<Tls>) -> Address {
    let servers = vec![url.parse().unwrap()];
    let auth = Authenticator::new(credentials).unwrap();
    let (denials, slow_consumers) = (Denials::default(), Arc::default());
    Address::new(servers, "conformance".to_owned(), auth, tls, denials, slow_consumers)
}

fn open(kind: TransportKind, address: Address, on_disconnect: OnDisconnect) -> AnyTransport {
    AnyTransport::open(kind, address, on_disconnect, &Handle::current())
}

async fn is_connected(transport: &AnyTransport) {
    tokio::time::timeout(PATIENCE, transport.connected()).await.expect("it connects");
}

async fn connected(kind: TransportKind, server: &NatsServer) -> AnyTransport {
    connected_that(kind, server, OnDisconnect::Buffer).await
}

async fn connected_that(
    kind: TransportKind,
    server: &NatsServer,
    on_disconnect: OnDisconnect,
) -> AnyTransport {
    let transport = open(kind, address(&server.url(), None, None), on_disconnect);
    is_connected(&transport).await;
    transport
}

async fn lost(transport: &AnyTransport) {
    let mut state = transport.state();
    let lost = state.wait_for(|state| *state == ConnectionState::Reconnecting);
    tokio::time::timeout(PATIENCE, lost).await.expect("the loss is noticed").unwrap();
}

/// What arrives, to be looked at.
fn heard(transport: &AnyTransport, subject: &str) -> (Subscription, mpsc::UnboundedReceiver<Message>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let open = transport.subscribe(subject, None, move |message| sender.send(message).unwrap_or_default());
    (open, receiver)
}

async fn next(messages: &mut mpsc::UnboundedReceiver<Message>) -> Message {
    tokio::time::timeout(PATIENCE, messages.recv()).await.expect("a message comes").unwrap()
}

fn say(transport: &AnyTransport, subject: &str, text: &str) -> Result<(), PublishError> {
    transport.publish(&Outgoing::plain(subject, text.as_bytes()), FlushMode::Batched)
}

/// Says it as soon as there is room for it.
async fn say_in_time(transport: &AnyTransport, subject: &str, text: &str) {
    wait_until("it is taken", PATIENCE, || async {
        say(transport, subject, text).map_err(|error| error.to_string())
    })
    .await;
}

/// Says it until it arrives: while a server ends a connection, what is said on it is lost.
async fn arrives(
    transport: &AnyTransport,
    subject: &str,
    text: &str,
    messages: &mut mpsc::UnboundedReceiver<Message>,
) {
    let said_until_it_arrives = async {
        loop {
            let _refused_for_now = say(transport, subject, text);
            let arrival = tokio::time::timeout(Duration::from_millis(200), messages.recv()).await;
            if arrival.is_ok_and(|message| message.unwrap().payload == text) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, said_until_it_arrives).await.expect("it arrives");
}

/// Says it until it is heard: servers tell each other of a subscription a moment later.
async fn hears(listener: &AnyTransport, speaker: &AnyTransport, subject: &str) {
    let count = Arc::new(AtomicU64::new(0));
    let _open = listener.subscribe(subject, None, counting(&count));
    wait_until("a message is heard", PATIENCE, || async {
        say(speaker, subject, "").map_err(|error| error.to_string())?;
        if count.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err("none yet".to_owned()) }
    })
    .await;
}

/// A sink that counts.
fn counting(count: &Arc<AtomicU64>) -> impl Fn(Message) + Send + Sync + 'static {
    let count = Arc::clone(count);
    move |_message| {
        count.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits until it has counted so many.
async fn counted(what: &str, count: &AtomicU64, wanted: u64) {
    wait_until(what, PATIENCE, || async {
        let now = count.load(Ordering::SeqCst);
        if now >= wanted { Ok(()) } else { Err(format!("{now} of {wanted}")) }
    })
    .await;
}
