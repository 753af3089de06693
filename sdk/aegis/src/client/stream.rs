//! Streaming replies, on the side of the caller.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use aegis_domain::wire::flow::Flow;
use aegis_domain::wire::header;
use async_nats::Subject;
use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::route::Route;
use super::{CallError, CallOptions, Client, Running, Target, checked, codec_of};
use aegis_nats::transport::{AnyTransport, FlushMode, Message, Outgoing, Subscription, Transport as _};

/// How often the service is told that the caller is there.
const BEAT: Duration = Duration::from_secs(10);
/// Beats and ends are no part of the window.
const BESIDES: usize = 64;
/// A service that is not heard for so long is gone.
const SERVICE_IDLE: Duration = Duration::from_secs(30);

/// The messages of one call, in order. They stop after the first error. Dropping it ends the stream on the side of
/// the service, too.
///
/// # Examples
/// ```no_run
/// # async fn example(client: aegis_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use aegis_sdk::{Replies, Target};
/// use futures_util::StreamExt as _;
/// use std::time::Duration;
///
/// let prices = Target::any("prices")?;
/// let mut ticks: Replies<f64> = client.stream(&prices, "ticks", &"EURUSD", Duration::from_secs(2)).await?;
/// while let Some(tick) = ticks.next().await {
///     println!("{}", tick?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Replies<T> {
    transport: AnyTransport,
    route: Arc<Route>,
    messages: mpsc::Receiver<Message>,
    _subscription: Subscription,
    control: Subject,
    window: u64,
    received: u64,
    granted: Arc<AtomicU64>,
    heard: Instant,
    idle: Pin<Box<Sleep>>,
    ended: bool,
    /// Ends the beat.
    _beat: DropGuard,
    item: PhantomData<fn() -> T>,
}

impl Client {
    /// Calls a method that answers with a stream, and waits, as [`Client::call`] does, until the service has
    /// taken the call. The messages follow, no faster than they are taken: so many as
    /// [`CallOptions::window`] says are on their way at most. The time of `options` ends with the beginning of the
    /// stream; how long that lasts is up to both.
    ///
    /// # Errors
    /// See [`CallError`]. The stream itself yields the error that the handler has ended it with,
    /// [`CallError::Broken`] when a message is missing or the service falls silent.
    ///
    /// # Cancel safety
    /// Like [`Client::call`].
    pub async fn stream<Req, Res>(
        &self,
        target: &Target,
        method: &str,
        request: &Req,
        options: impl Into<CallOptions> + Send,
    ) -> Result<Replies<Res>, CallError>
    where
        Req: Serialize + Sync,
        Res: DeserializeOwned,
    {
        let options = options.into();
        let route = self.route(target, method)?;
        let running = self.begin(&route);
        let opened = self.open(&route, &running, request, options).await;
        running.end(opened.as_ref().err());
        opened
    }

    async fn open<Req: Serialize + Sync, Res>(
        &self,
        route: &Arc<Route>,
        running: &Running<'_>,
        request: &Req,
        options: CallOptions,
    ) -> Result<Replies<Res>, CallError> {
        let window = u64::from(options.window);
        // A second copy would be a second stream into the same inbox.
        let mut request =
            self.request(running, request, CallOptions { wire: None, idempotent: false, ..options })?;
        let transport = request.lane.transport.clone();
        let inbox = transport.new_inbox();
        // No more than the window comes, and what is not of it; whatever is more is missed.
        let (arrived, messages) = mpsc::channel(usize::try_from(options.window).unwrap_or(BESIDES) + BESIDES);
        let subscription = transport.subscribe(inbox.clone(), None, move |message| {
            let _unwanted = arrived.try_send(message);
        });
        request.stream = Some((inbox, window));
        let reply = self.exchange(route, &request, None, running.begun).await?;
        let reply = checked(route, running.begun, reply)?;
        let control = reply.headers.get(header::STREAM);
        let control = control.map(Subject::from).ok_or_else(|| CallError::Decode {
            detail: "the method does not answer with a stream: call it as one reply".to_owned(),
        })?;
        let gone = CancellationToken::new();
        let granted = Arc::new(AtomicU64::new(window));
        tokio::spawn(beat(transport.clone(), control.clone(), Arc::clone(&granted), gone.clone()));
        Ok(Replies {
            transport,
            route: Arc::clone(route),
            messages,
            _subscription: subscription,
            control,
            window,
            received: 0,
            granted,
            heard: Instant::now(),
            idle: Box::pin(tokio::time::sleep(SERVICE_IDLE)),
            ended: false,
            _beat: gone.drop_guard(),
            item: PhantomData,
        })
    }
}

impl<T: DeserializeOwned> Stream for Replies<T> {
    type Item = Result<T, CallError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.ended {
            match this.messages.poll_recv(cx) {
                Poll::Ready(Some(message)) => {
                    this.heard = Instant::now();
                    if let Some(item) = this.take(&message).transpose() {
                        if item.is_err() {
                            this.close();
                        }
                        return Poll::Ready(Some(item));
                    }
                }
                Poll::Ready(None) => return Poll::Ready(Some(Err(this.broken("the connection was closed")))),
                Poll::Pending => {
                    std::task::ready!(this.idle.as_mut().poll(cx));
                    let until = this.heard + SERVICE_IDLE;
                    if until <= Instant::now() {
                        return Poll::Ready(Some(Err(this.broken("the service is silent"))));
                    }
                    this.idle.as_mut().reset(until);
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<T: DeserializeOwned> Replies<T> {
    /// What the message brings, if anything.
    fn take(&mut self, message: &Message) -> Result<Option<T>, CallError> {
        let number = |name| message.headers.get(name)?.parse::<u64>().ok();
        if let Some(total) = number(header::STREAM_END) {
            if total != self.received {
                return Err(self.broken("messages are missing at its end"));
            }
            self.ended = true;
            return CallError::of(message).map_or(Ok(None), Err);
        }
        let Some(number) = number(header::STREAM_SEQUENCE) else { return Ok(None) };
        // While the transport moves to another server, some come twice.
        if number <= self.received {
            return Ok(None);
        }
        if number != self.received + 1 {
            return Err(self.broken("a message is missing"));
        }
        self.received = number;
        let granted = self.granted.load(Ordering::Relaxed);
        if granted.saturating_sub(number) <= self.window / 2 {
            self.granted.store(number + self.window, Ordering::Relaxed);
            tell(&self.transport, &self.control, Flow::Grant(number + self.window));
        }
        let item = codec_of(message).decode(&message.payload);
        item.map(Some).map_err(|e| CallError::Decode { detail: e.to_string() })
    }

    fn broken(&mut self, detail: &'static str) -> CallError {
        self.close();
        CallError::Broken { subject: self.route.subject.to_string(), received: self.received, detail }
    }
}

impl<T> Replies<T> {
    fn close(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            tell(&self.transport, &self.control, Flow::Cancel);
        }
    }
}

impl<T> Drop for Replies<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells the service what the caller wants, if there is room for it: the next message says it again, and of an
/// inbox that nobody listens to the server tells it.
fn tell(transport: &AnyTransport, control: &Subject, flow: Flow) {
    let body = serde_json::to_vec(&flow).unwrap_or_default();
    let _sent_or_not = transport.publish(&Outgoing::plain(control, &body), FlushMode::Batched);
}

/// Tells the service again and again that the caller is there, however slowly it takes the messages.
async fn beat(transport: AnyTransport, control: Subject, granted: Arc<AtomicU64>, gone: CancellationToken) {
    let again = async {
        loop {
            tokio::time::sleep(BEAT).await;
            tell(&transport, &control, Flow::Grant(granted.load(Ordering::Relaxed)));
        }
    };
    tokio::select! {
        () = gone.cancelled() => {}
        () = again => {}
    }
}
