//! A subscription, whichever adapter it is of.

use std::time::Duration;

use super::{library, link};

/// Messages of one subject go to its sink as long as this lives.
#[derive(Debug)]
pub struct Subscription(Of);

#[derive(Debug)]
enum Of {
    Direct(link::Subscription),
    AsyncNats(library::Subscription),
}

impl Subscription {
    /// Ends it without losing what is on its way: that has been handed over when this returns, unless the connection
    /// is lost or `patience` ends. The client library drops what arrives after it has unsubscribed.
    pub async fn close(self, patience: Duration) -> bool {
        match self.0 {
            Of::Direct(subscription) => subscription.close(patience).await,
            Of::AsyncNats(subscription) => subscription.close(patience).await,
        }
    }
}

impl From<link::Subscription> for Subscription {
    fn from(subscription: link::Subscription) -> Self {
        Self(Of::Direct(subscription))
    }
}

impl From<library::Subscription> for Subscription {
    fn from(subscription: library::Subscription) -> Self {
        Self(Of::AsyncNats(subscription))
    }
}
