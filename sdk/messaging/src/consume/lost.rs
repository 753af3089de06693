//! Messages that a stream has let go of, by its age or its size, before their reader had them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::metrics::MessageMetrics;

/// Positions that a stream has let go of before a durable subscription had come to them: it kept the messages for a shorter time than
/// the subscription was behind. What of them matched the subscription can no longer be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The stream.
    pub stream: String,
    /// The consumer of the subscription.
    pub consumer: String,
    /// The first position that it has not had.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

/// Who is told of what subscriptions have lost. It must return soon: their messages wait meanwhile.
#[derive(Clone, Default)]
pub struct OnLost(Option<Arc<dyn Fn(Lost) + Send + Sync>>);

/// What one subscription has lost: each position is told of once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses {
    told: Arc<AtomicU64>,
    tell: OnLost,
    metrics: Arc<MessageMetrics>,
}

impl OnLost {
    /// Has this function told of it.
    #[must_use]
    pub fn new(tell: impl Fn(Lost) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }
}

impl Losses {
    /// They are told to this function, and counted here.
    pub(crate) fn tell(tell: OnLost, metrics: &Arc<MessageMetrics>) -> Self {
        Self { told: Arc::default(), tell, metrics: Arc::clone(metrics) }
    }

    /// A consumer stands after this position, and its stream begins with that one.
    pub(crate) fn look(&self, (stream, consumer): (&str, &str), delivered: u64, begins: u64) {
        let last = begins.saturating_sub(1);
        let told = self.told.fetch_max(last, Ordering::AcqRel);
        let first = delivered.max(told).saturating_add(1);
        if first > last {
            return;
        }
        self.metrics.lose(last - first + 1);
        tracing::error!(
            stream,
            consumer,
            first,
            last,
            "the stream has let go of messages that the subscription has not had: it was behind for longer than they are kept"
        );
        if let Some(tell) = &self.tell.0 {
            tell(Lost { stream: stream.to_owned(), consumer: consumer.to_owned(), first, last });
        }
    }
}

impl fmt::Debug for OnLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnLost")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_position_is_told_of_once() {
        let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
        let telling = Arc::clone(&told);
        let tell = OnLost::new(move |lost| telling.lock().unwrap().push((lost.first, lost.last)));
        let metrics = Arc::default();
        let losses = Losses::tell(tell, &metrics);
        for (delivered, begins) in
            [(0, 0), (0, 1), (5, 6), (5, 9), (5, 9), (5, 12), (20, 21), (7, 12), (20, 31)]
        {
            losses.look(("EVENTS", "desk-orders"), delivered, begins);
        }
        assert_eq!(*told.lock().unwrap(), [(6, 8), (9, 11), (21, 30)]);
        assert_eq!(metrics.lost(), 16);
    }
}
