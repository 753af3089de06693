//! The steps of traces that this process takes, and whether they are recorded.

use std::time::{Duration, Instant};

use aegis_domain::wire::TraceParent;
use aegis_domain::{GroupName, MethodName, ServiceName};

use crate::trace;

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// It was made here.
    Client,
    /// It was handled here.
    Server,
}

/// A call's place in its trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// What the next one is told.
    pub(crate) trace: TraceParent,
    /// Whether the step is recorded, under the id that `trace` has.
    #[cfg(feature = "otel")]
    pub(super) recorded: bool,
    /// The id of the step that this one is within.
    #[cfg(feature = "otel")]
    pub(super) parent: Option<u64>,
}

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "nothing records it"))]
pub(crate) struct Ended<'a> {
    pub(crate) side: Side,
    pub(crate) service: &'a ServiceName,
    pub(crate) method: &'a MethodName,
    pub(crate) group: Option<&'a GroupName>,
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    /// The code that it failed with.
    pub(crate) failed: Option<&'a str>,
}

/// Where the calls of a connection are recorded: nowhere, until a service says so.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    #[cfg(feature = "otel")]
    recorder: std::sync::OnceLock<super::traces::Recorder>,
}

impl Step {
    fn unrecorded(trace: TraceParent) -> Self {
        Self {
            trace,
            #[cfg(feature = "otel")]
            recorded: false,
            #[cfg(feature = "otel")]
            parent: None,
        }
    }

    /// Whether `trace` names this step, and not that of the caller.
    pub(crate) fn is_own(&self) -> bool {
        #[cfg(feature = "otel")]
        return self.recorded;
        #[cfg(not(feature = "otel"))]
        false
    }
}

impl Spans {
    /// From now on they are recorded here.
    #[cfg(feature = "otel")]
    pub(super) fn record(&self, recorder: super::traces::Recorder) {
        // A connection has one service, which starts once.
        let _first = self.recorder.set(recorder);
    }

    /// The step of a call that is made, in this trace or in one of its own.
    pub(crate) fn make(&self, within: Option<&TraceParent>) -> Step {
        let step = Step::unrecorded(trace::next(within));
        #[cfg(feature = "otel")]
        if self.recorder.get().is_some_and(|recorder| recorder.takes(&step.trace)) {
            let parent = within.map(TraceParent::parent);
            return Step { trace: step.trace.sampled(), recorded: true, parent };
        }
        step
    }

    /// The step of a call that has come, with what its caller says of its trace.
    pub(crate) fn serve(&self, caller: Option<&TraceParent>) -> Step {
        #[cfg(feature = "otel")]
        if let Some(recorder) = self.recorder.get() {
            let trace = trace::next(caller);
            if recorder.takes(&trace) {
                let parent = caller.map(TraceParent::parent);
                return Step { trace: trace.sampled(), recorded: true, parent };
            }
        }
        Step::unrecorded(caller.copied().unwrap_or_else(trace::begin))
    }

    /// The call of this step has ended. Never waits.
    #[cfg_attr(not(feature = "otel"), expect(clippy::unused_self, reason = "nothing records it"))]
    pub(crate) fn end(&self, step: &Step, call: Ended<'_>) {
        #[cfg(feature = "otel")]
        if let Some(recorder) = self.recorder.get().filter(|_| step.recorded) {
            recorder.end(step, call);
        }
        #[cfg(not(feature = "otel"))]
        let (_step, _call) = (step, call);
    }
}
