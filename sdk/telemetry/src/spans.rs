//! The spans of this process, and whether they are recorded.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aegis_domain::wire::TraceParent;
use aegis_domain::{GroupName, MethodName, ServiceName};

use crate::trace;

/// Which side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It was made here.
    Client,
    /// It was handled here.
    Server,
}

/// A call's place in its trace.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What the next one is told.
    pub trace: TraceParent,
    /// Whether the step is recorded, under the id that `trace` has.
    pub recorded: bool,
    /// The id of the step that this one is within, if it is recorded.
    pub parent: Option<u64>,
}

/// A call that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// Which side of it this process was.
    pub side: Side,
    /// The service that was called.
    pub service: &'a ServiceName,
    /// Its method.
    pub method: &'a MethodName,
    /// The group whose owner was called.
    pub group: Option<&'a GroupName>,
    /// When it began.
    pub begun: Instant,
    /// How long it took.
    pub took: Duration,
    /// The code that it failed with.
    pub failed: Option<&'a str>,
}

/// Takes the calls that have ended, and never waits.
pub trait Recorder: std::fmt::Debug + Send + Sync {
    /// Whether calls of this trace are recorded.
    fn takes(&self, trace: &TraceParent) -> bool;

    /// The call of this step has ended.
    fn end(&self, step: &Step, call: Ended<'_>);
}

/// The recorder of the spans of a connection. Without one, no span is recorded.
#[derive(Debug, Default)]
pub struct Spans {
    recorder: OnceLock<Box<dyn Recorder>>,
}

impl Step {
    fn unrecorded(trace: TraceParent) -> Self {
        Self { trace, recorded: false, parent: None }
    }
}

impl Spans {
    /// Records all further spans with this recorder.
    pub fn record(&self, recorder: Box<dyn Recorder>) {
        // A connection has one service, which starts once.
        let _first = self.recorder.set(recorder);
    }

    /// The step of a call that is made, in this trace or in one of its own.
    pub fn make(&self, within: Option<&TraceParent>) -> Step {
        let step = Step::unrecorded(trace::next(within));
        if self.recorder.get().is_some_and(|recorder| recorder.takes(&step.trace)) {
            let parent = within.map(TraceParent::parent);
            return Step { trace: step.trace.sampled(), recorded: true, parent };
        }
        step
    }

    /// The step of a call that has come, with what its caller says of its trace.
    pub fn serve(&self, caller: Option<&TraceParent>) -> Step {
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
    pub fn end(&self, step: &Step, call: Ended<'_>) {
        if let Some(recorder) = self.recorder.get().filter(|_| step.recorded) {
            recorder.end(step, call);
        }
    }
}
