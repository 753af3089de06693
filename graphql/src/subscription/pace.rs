//! When a follower of a list looks at it again.

use std::time::Duration;

use aegis_domain::Sequence;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::listing::DRIFT;

/// At most four messages a second go to one subscriber.
const BETWEEN: Duration = Duration::from_millis(250);
/// When something has changed that was not on the page, it is looked at again so much later.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Pace {
    sent: Instant,
    looked: Instant,
    /// When to look again, though nothing changes.
    again: Instant,
}

impl Pace {
    /// The first message is on its way.
    pub(super) fn begin(again: Option<Instant>) -> Self {
        let now = Instant::now();
        Self { sent: now, looked: now, again: again.unwrap_or(now + DRIFT) }
    }

    /// Waits until there may be something new; none when there never will be.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn wait(&mut self, position: &mut watch::Receiver<Sequence>) -> Option<()> {
        tokio::time::sleep_until((self.sent + BETWEEN).max(self.looked + LOOK)).await;
        tokio::select! {
            changed = position.changed() => changed.ok(),
            () = tokio::time::sleep_until(self.again) => Some(()),
        }
    }

    /// It was looked at.
    pub(super) fn looked(&mut self, again: Option<Instant>) {
        self.looked = Instant::now();
        self.again = again.unwrap_or(self.looked + DRIFT);
    }

    /// A message was sent.
    pub(super) fn sent(&mut self) {
        self.sent = self.looked;
    }
}
