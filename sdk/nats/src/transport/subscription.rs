//! A subscription, whichever adapter it is of.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

/// Messages of one subject go to its sink as long as this lives.
#[derive(Debug)]
pub struct Subscription(Box<dyn Close>);

/// What an adapter keeps of a subscription. Dropping it ends that at once.
pub(super) trait Close: fmt::Debug + Send + Sync {
    /// Ends it without losing what is on its way, as far as the adapter can.
    fn close(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool>;
}

impl Subscription {
    pub(super) fn new(kept: impl Close + 'static) -> Self {
        Self(Box::new(kept))
    }

    /// Ends it without losing what is on its way: that has been handed over when this returns, unless the connection
    /// is lost or `patience` ends. The client library drops what arrives after it has unsubscribed.
    pub async fn close(self, patience: Duration) -> bool {
        self.0.close(patience).await
    }
}
