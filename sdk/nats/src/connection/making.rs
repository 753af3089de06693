//! How what is missing on the server is made, and when that was last tried.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Connection;

/// How soon it is tried again to make the same thing.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) type Making =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// How a stream is made that is not one of the installation's own.
#[derive(Clone)]
pub struct MakeStream(Arc<dyn Fn(Connection) -> Making + Send + Sync>);

/// When it was last tried to make what.
#[derive(Debug, Default)]
pub(crate) struct Tried(Mutex<HashMap<String, Instant>>);

impl MakeStream {
    pub fn by(make: impl Fn(Connection) -> Making + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// Makes it now.
    pub fn make(&self, connection: &Connection) -> Making {
        (self.0)(connection.clone())
    }
}

impl fmt::Debug for MakeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeStream")
    }
}

impl Tried {
    /// Whether it is time to try it; then that is noted.
    pub(crate) fn is_due(&self, name: &str) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.get(name).is_some_and(|at| at.elapsed() < AGAIN) {
            return false;
        }
        tried.retain(|_, at| at.elapsed() < AGAIN);
        tried.insert(name.to_owned(), Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_tried_long_ago_is_forgotten() {
        let tried = Tried::default();
        let long_ago = Instant::now().checked_sub(AGAIN).unwrap();
        tried.0.lock().unwrap().extend((0..1_000).map(|n| (n.to_string(), long_ago)));
        assert!(tried.is_due("a") && !tried.is_due("a"));
        assert_eq!(tried.0.lock().unwrap().len(), 1);
    }
}
