//! Export of spans: a bounded queue of ended calls, sent in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aegis_domain::wire::TraceParent;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::collector::{Collector, Failed};
use super::resource::{self, Sender, attribute};
use aegis_telemetry::spans::{self, Ended, Side, Step};

/// How many spans wait at most, some 300 bytes each; those that find no room are dropped, and counted.
const QUEUE: usize = 8_192;
/// How many go in one message.
const BATCH: usize = 512;
/// How long a message waits for more of them.
const LINGER: Duration = Duration::from_secs(1);
/// For so long the same message is tried again; then newer spans are worth more.
const RETRY_FOR: Duration = Duration::from_secs(60);
/// How often a loss is told in the log at most.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Takes the spans of calls that have ended.
#[derive(Debug)]
pub(super) struct Recorder {
    queue: mpsc::Sender<Record>,
    /// Of 2^56: the traces whose id ends on less than this.
    below: u64,
    lost: Arc<Lost>,
}

/// How many spans never came to the collector.
#[derive(Debug, Default)]
pub(super) struct Lost(AtomicU64);

/// A call that has ended, on its way.
#[derive(Debug)]
pub(super) struct Record {
    step: Step,
    side: Side,
    /// `<service>/<method>`.
    name: Box<str>,
    group: Option<Box<str>>,
    begun: Instant,
    took: Duration,
    failed: Option<Box<str>>,
}

/// The other end of the queue.
pub(super) struct Queue {
    records: mpsc::Receiver<Record>,
    lost: Arc<Lost>,
    told: (u64, Option<Instant>),
}

impl Lost {
    fn add(&self, spans: usize) {
        self.0.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A recorder of this share of all traces, and where what it takes comes out.
pub(super) fn queue(sample: f64, lost: &Arc<Lost>) -> (Recorder, Queue) {
    let (queue, records) = mpsc::channel(QUEUE);
    let recorder = Recorder { queue, below: threshold(sample), lost: Arc::clone(lost) };
    (recorder, Queue { records, lost: Arc::clone(lost), told: (0, None) })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share between 0 and 1 of 2^56"
)]
fn threshold(sample: f64) -> u64 {
    (sample.clamp(0.0, 1.0) * (1_u64 << 56) as f64) as u64
}

impl spans::Recorder for Recorder {
    /// Whether calls of this trace are recorded: those of a caller that records it, and a share of the others. The
    /// last 56 bits of a trace id are random (W3C trace context, level 2), so that all services draw alike.
    fn takes(&self, trace: &TraceParent) -> bool {
        trace.is_sampled() || trace.trace() & ((1 << 56) - 1) < u128::from(self.below)
    }

    fn end(&self, step: &Step, call: Ended<'_>) {
        let record = Record {
            step: *step,
            side: call.side,
            name: format!("{}/{}", call.service, call.method).into(),
            group: call.group.map(|group| group.as_str().into()),
            begun: call.begun,
            took: call.took,
            failed: call.failed.map(Into::into),
        };
        if self.queue.try_send(record).is_err() {
            self.lost.add(1);
        }
    }
}

impl Queue {
    /// Sends what comes, until it is to stop, and then what is still there.
    pub(super) async fn run(mut self, collector: &Collector, sender: &Sender, stop: &CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.tell_loss();
            let filled = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                filled = self.fill(&mut batch) => filled,
            };
            if !filled {
                return;
            }
            if !self.deliver(&batch, collector, sender, stop).await {
                break;
            }
            batch.clear();
        }
        // Each message once: whoever is to stop does not wait for a collector to come back.
        loop {
            self.records.close();
            let room = BATCH - batch.len().min(BATCH);
            if room > 0 {
                self.records.recv_many(&mut batch, room).await;
            }
            if batch.is_empty() {
                return;
            }
            let sent = collector.send("v1/traces", request(&batch, sender)).await;
            if let Err(failed) = sent {
                let left = batch.len() + self.records.len();
                self.lost.add(left);
                tracing::warn!(spans = left, %failed, "the last spans did not come to the collector");
                return;
            }
            batch.clear();
        }
    }

    /// Waits for a message's worth of spans, but not long once there is one. Nothing that it has taken is lost when it
    /// is dropped. False when there will be none.
    async fn fill(&mut self, batch: &mut Vec<Record>) -> bool {
        if self.records.recv_many(batch, BATCH).await == 0 {
            return false;
        }
        let until = tokio::time::Instant::now() + LINGER;
        while batch.len() < BATCH {
            let more = self.records.recv_many(batch, BATCH - batch.len());
            if !matches!(tokio::time::timeout_at(until, more).await, Ok(1..)) {
                break;
            }
        }
        true
    }

    /// Sends a message until the collector has it, or refuses it, or it takes too long. False when it is to stop
    /// before that.
    async fn deliver(
        &mut self,
        batch: &[Record],
        collector: &Collector,
        sender: &Sender,
        stop: &CancellationToken,
    ) -> bool {
        let message = request(batch, sender);
        let begun = Instant::now();
        let mut attempt = 1;
        loop {
            let sent = tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                sent = collector.send("v1/traces", message.clone()) => sent,
            };
            match sent {
                Ok(answer) => {
                    self.note_partial(&answer);
                    return true;
                }
                Err(Failed::Passing { after, .. }) if begun.elapsed() < RETRY_FOR => {
                    let pause = after.unwrap_or_default().max(Collector::pause(attempt));
                    self.tell_loss();
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return false,
                        () = tokio::time::sleep(pause.min(RETRY_FOR)) => attempt += 1,
                    }
                }
                Err(failed @ (Failed::Passing { .. } | Failed::Refused { .. })) => {
                    self.lost.add(batch.len());
                    tracing::warn!(spans = batch.len(), %failed, "spans were dropped");
                    return true;
                }
            }
        }
    }

    /// A collector may take a message and leave out some of it.
    fn note_partial(&self, answer: &[u8]) {
        let partial =
            ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
        let Some(partial) = partial.filter(|partial| partial.rejected_spans > 0) else { return };
        self.lost.add(usize::try_from(partial.rejected_spans).unwrap_or_default());
        let (spans, reason) = (partial.rejected_spans, partial.error_message);
        tracing::warn!(spans, reason, "the collector left spans out");
    }

    /// Says in the log that spans found no room.
    fn tell_loss(&mut self) {
        let lost = self.lost.count();
        let (told, when) = self.told;
        if lost > told && when.is_none_or(|when| when.elapsed() >= TELL_EVERY) {
            self.told = (lost, Some(Instant::now()));
            tracing::warn!(spans = lost - told, total = lost, "spans were dropped");
        }
    }
}

/// The message that tells of these calls.
fn request(batch: &[Record], sender: &Sender) -> bytes::Bytes {
    let (now, clock) = (Instant::now(), SystemTime::now());
    let spans = batch.iter().map(|record| record.span(now, clock)).collect();
    let scope_spans = vec![ScopeSpans { scope: Some(resource::scope()), spans, schema_url: String::new() }];
    let resource = Some(sender.resource());
    let resource_spans = vec![ResourceSpans { resource, scope_spans, schema_url: String::new() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

impl Record {
    fn span(&self, now: Instant, clock: SystemTime) -> Span {
        let begun = clock.checked_sub(now.saturating_duration_since(self.begun)).unwrap_or(clock);
        let parent = self.step.parent.map(|parent| parent.to_be_bytes().to_vec());
        let mut attributes =
            vec![attribute("rpc.system.name", "aegis"), attribute("rpc.method", &*self.name)];
        attributes.extend(self.group.as_deref().map(|group| attribute("aegis.group", group)));
        attributes.extend(self.failed.as_deref().map(|code| attribute("error.type", code)));
        Span {
            trace_id: self.step.trace.trace().to_be_bytes().to_vec(),
            span_id: self.step.trace.parent().to_be_bytes().to_vec(),
            parent_span_id: parent.unwrap_or_default(),
            flags: 1,
            name: self.name.to_string(),
            kind: match self.side {
                Side::Client => SpanKind::Client,
                Side::Server => SpanKind::Server,
            }
            .into(),
            start_time_unix_nano: resource::nanos(begun),
            end_time_unix_nano: resource::nanos(begun + self.took),
            attributes,
            status: self
                .failed
                .as_deref()
                .map(|code| Status { code: StatusCode::Error.into(), message: code.to_owned() }),
            ..Span::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use aegis_telemetry::spans::Recorder as _;

    use super::*;

    #[test]
    fn the_share_is_drawn_from_the_id_and_a_caller_that_records_is_followed() {
        let recorder = |sample| queue(sample, &Arc::default()).0;
        let trace = |id| TraceParent::new(id, 7);
        let (none, half, all) = (recorder(0.0), recorder(0.5), recorder(1.0));
        let (low, high) = (trace(1 << 54), trace((1 << 56) - 1));
        assert!(!none.takes(&low) && none.takes(&low.sampled()));
        assert!(half.takes(&low) && !half.takes(&high) && half.takes(&high.sampled()));
        assert!(all.takes(&low) && all.takes(&high));
        assert!(
            !half.takes(&trace(u128::MAX)) && half.takes(&trace(u128::MAX << 56)),
            "only the last 56 bits"
        );
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let lost = Arc::default();
        let (recorder, queue) = queue(1.0, &lost);
        let step = Step { trace: TraceParent::new(1, 2), recorded: true, parent: None };
        let (service, method) = ("desk".parse().unwrap(), "buy".parse().unwrap());
        let call = Ended {
            side: Side::Client,
            service: &service,
            method: &method,
            group: None,
            begun: Instant::now(),
            took: Duration::ZERO,
            failed: None,
        };
        for _ in 0..QUEUE + 5 {
            recorder.end(&step, call);
        }
        assert_eq!((lost.count(), queue.records.len()), (5, QUEUE));
    }
}
